"use strict";
(() => {
  const root = document.documentElement;
  document.getElementById("theme").addEventListener("click", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });

  const links = new Map([...document.querySelectorAll(".top nav a")].map((link) => [link.hash.slice(1), link]));
  const watch = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting) for (const [id, link] of links) link.classList.toggle("here", id === entry.target.id);
  }, { rootMargin: "-30% 0px -65% 0px" });
  for (const id of links.keys()) { const section = document.getElementById(id); if (section) watch.observe(section); }

  const graph = document.querySelector(".graph");
  if (graph) {
    const nodes = JSON.parse(document.getElementById("nodes").textContent);
    const circles = [...graph.querySelectorAll(".node")];
    const names = [...graph.querySelectorAll(".node-name")];
    const edges = [...graph.querySelectorAll(".edge")];
    const reading = document.getElementById("reading");
    const hint = reading.innerHTML;
    let pinned = -1, current = -1;
    const element = (tag, text) => { const made = document.createElement(tag); made.textContent = text; return made; };
    const mark = (chosen) => {
      graph.classList.toggle("reading-on", chosen.size > 0);
      circles.forEach((circle, n) => circle.classList.toggle("on", chosen.has(n)));
      names.forEach((name, n) => name.classList.toggle("on", chosen.has(n)));
    };
    const show = (n) => {
      current = n;
      circles.forEach((circle, at) => circle.classList.toggle("at", at === n));
      if (n < 0) { mark(new Set()); edges.forEach((edge) => edge.classList.remove("on")); reading.innerHTML = hint; return; }
      const node = nodes[n];
      mark(new Set([n, ...node.near]));
      edges.forEach((edge) => edge.classList.toggle("on", +edge.dataset.a === n || +edge.dataset.b === n));
      const list = document.createElement("ul");
      for (const [relation, other, outward] of node.facts) {
        const item = document.createElement("li");
        item.append(element("span", outward ? relation + " →" : "← " + relation), element("b", other));
        list.append(item);
      }
      reading.replaceChildren(element("h3", node.name), element("p", node.kind), list);
      reading.children[1].className = "soft";
    };
    circles.forEach((circle, n) => {
      circle.addEventListener("pointerenter", () => show(n));
      circle.addEventListener("click", () => { pinned = pinned === n ? -1 : n; show(n); });
    });
    graph.addEventListener("pointerleave", () => show(pinned));
    graph.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (event.key === "Escape") { pinned = -1; show(-1); return; }
      if (!step) return;
      event.preventDefault();
      pinned = (Math.max(current, 0) + step + nodes.length) % nodes.length;
      show(pinned);
    });
    for (const button of document.querySelectorAll(".legend button")) button.addEventListener("click", () => {
      const on = button.getAttribute("aria-pressed") !== "true";
      document.querySelectorAll(".legend button").forEach((other) => other.setAttribute("aria-pressed", String(other === button && on)));
      show(-1);
      if (on) mark(new Set(circles.flatMap((circle, n) => circle.dataset.kind === button.dataset.kind ? [n] : [])));
    });
  }

  for (const chart of document.querySelectorAll(".chart")) {
    const series = JSON.parse(chart.dataset.series), frame = JSON.parse(chart.dataset.frame);
    const [left, top, right, bottom] = frame.box, [low, high] = frame.x;
    const cursor = document.createElementNS("http://www.w3.org/2000/svg", "line");
    cursor.setAttribute("class", "cursor"); cursor.setAttribute("y1", top); cursor.setAttribute("y2", bottom); cursor.style.display = "none";
    chart.append(cursor);
    const note = document.createElement("div");
    note.className = "chart-note"; note.hidden = true; chart.parentElement.append(note);
    const label = (value) => frame.percent ? (100 * value).toFixed(1) + " %" : Number(value.toPrecision(4)).toString();
    chart.addEventListener("pointermove", (event) => {
      const box = chart.getBoundingClientRect();
      const at = low + ((event.clientX - box.left) / box.width * 440 - left) / (right - left) * (high - low);
      const nearest = (points) => points.reduce((best, point) => Math.abs(point[0] - at) < Math.abs(best[0] - at) ? point : best);
      const found = series.filter((line) => line.points.length).map((line) => [line.name, nearest(line.points)]);
      if (!found.length) return;
      const x = left + (found[0][1][0] - low) / (high - low) * (right - left);
      cursor.setAttribute("x1", x); cursor.setAttribute("x2", x); cursor.style.display = "";
      note.replaceChildren(...["step " + Number(found[0][1][0].toPrecision(6)), ...found.map(([name, point]) => name + " " + label(point[1]))]
        .map((text) => { const row = document.createElement("div"); row.textContent = text; return row; }));
      note.hidden = false;
    });
    chart.addEventListener("pointerleave", () => { cursor.style.display = "none"; note.hidden = true; });
  }
})();
