"""A hand-written web of fourteen pages and questions over it, with their patterns."""

from collections.abc import Mapping

from toy_questions import question as toy_question
from websailor.records import Atom, Domain, InfoboxField, Page, Pattern, Question, Value
from websailor.tools.config import ToolsConfig
from websailor.tools.memory import InMemoryWeb
from websailor.tools.simulated import web_toolbox

TEXTS: dict[str, tuple[str, dict[str, str], str]] = {
    "Melik Works": (
        "company",
        {"founded": "1961", "founded_by": "Velan Torid", "hq_in": "Kelu Baro"},
        "Melik Works is a company with its head office in Kelu Baro. It dates from 1961. It was set up by Velan Torid.",
    ),
    "Sorim Works": (
        "company",
        {"founded": "1948", "founded_by": "Dovi Marn", "hq_in": "Tesk Olin"},
        "Sorim Works is a company with its head office in Tesk Olin. It dates from 1948. It was founded by Dovi Marn.",
    ),
    "Velan Torid": (
        "person",
        {"born": "1931", "born_in": "Kelu Baro", "studied_at": "Orvan College"},
        "Velan Torid was born in 1931 in Kelu Baro. She studied at Orvan College.",
    ),
    "Dovi Marn": (
        "person",
        {"born": "1953", "born_in": "Tesk Olin", "studied_at": "Orvan College", "employed_by": "Melik Works"},
        "Dovi Marn was born in 1953 in Tesk Olin. He is a graduate of Orvan College. He works for Melik Works.",
    ),
    "Aren Solak": (
        "person",
        {"born": "1962", "born_in": "Kelu Baro", "studied_at": "Orvan College", "employed_by": "Melik Works"},
        "Aren Solak was born in 1962 in Kelu Baro. She studied at Orvan College. She is employed by Melik Works.",
    ),
    "Baro Kesh": (
        "person",
        {"born": "1944", "born_in": "Tesk Olin", "employed_by": "Melik Works"},
        "Baro Kesh was born in 1944 in Tesk Olin. He is employed by Melik Works.",
    ),
    "Ilva Ruun": (
        "person",
        {"born": "1955", "born_in": "Kelu Baro", "studied_at": "Orvan College", "employed_by": "Sorim Works"},
        "Ilva Ruun was born in 1955 in Kelu Baro. She studied at Orvan College. She works for Sorim Works.",
    ),
    "Tormen Vash": (
        "person",
        {"born": "1953", "born_in": "Kelu Baro", "employed_by": "Sorim Works", "mentor": "Dovi Marn"},
        "Tormen Vash was born in 1953 in Kelu Baro. He works for Sorim Works. He was taught by Dovi Marn.",
    ),
    "Kelu Baro": (
        "settlement",
        {"founded": "1907", "part_of": "Nerim Sal"},
        "Kelu Baro is a settlement in Nerim Sal. It was founded in 1907.",
    ),
    "Tesk Olin": (
        "settlement",
        {"founded": "1911", "part_of": "Nerim Sal"},
        "Tesk Olin is a settlement in Nerim Sal. It was founded in 1911.",
    ),
    "Nerim Sal": ("region", {"capital": "Kelu Baro"}, "Nerim Sal is a region with Kelu Baro as its capital."),
    "Orvan College": (
        "school",
        {"founded": "1920", "located_in": "Kelu Baro"},
        "Orvan College is a school in Kelu Baro. It was founded in 1920.",
    ),
    "Under Rain": (
        "work",
        {"published": "1981", "author": "Aren Solak"},
        "Under Rain is a written work by Aren Solak. It came out in 1981.",
    ),
    "Last Door": (
        "work",
        {"published": "1990", "author": "Aren Solak"},
        "Last Door is a written work by Aren Solak. It was published in 1990.",
    ),
}


def page(index: int, title: str, kind: str, infobox: Mapping[str, str], text: str) -> Page:
    fields = tuple(
        InfoboxField(key=key, values=(Value(type="date" if value.isdigit() else "entity", text=value),))
        for key, value in infobox.items()
    )
    url = f"https://wiki.example/{title.replace(' ', '_')}"
    return Page(id=index, title=title, url=url, text=text, infobox_type=kind, infobox=fields)


PAGES = [page(index, title, *parts) for index, (title, parts) in enumerate(TEXTS.items())]
TITLE_TOOLS = ToolsConfig(top_k=5, address="title", visit_sentences=1, visit_fields=4)
URL_TOOLS = ToolsConfig(top_k=5, address="url")


def web_and_tools(config: ToolsConfig = TITLE_TOOLS):
    return web_toolbox(InMemoryWeb(PAGES), config)


def question(
    identity: str,
    prompt: str,
    answer: str,
    atoms: str,
    domains: str,
    split: str = "train",
    distinct: tuple[tuple[str, str], ...] = (),
    focus: str = "f",
) -> Question:
    """Atoms and domains in shorthand: `employed_by f c; founded_by c a`, `a entity Velan Torid; y decade 1950s`."""
    parsed = [
        Atom(relation=r, subject=s, object=o, fact="") for r, s, o in (part.split() for part in atoms.split("; "))
    ]
    labels = [
        Domain(variable=v, lattice=lattice, value=value)
        for v, lattice, value in (part.split(" ", 2) for part in domains.split("; ") if part)
    ]
    names = tuple(dict.fromkeys(name for atom in parsed for name in (atom.subject, atom.object)))
    types = {name: "date" for name in names if name.startswith("y")}
    pattern = {
        "focus": focus,
        "variables": names,
        "value_types": types,
        "atoms": tuple(parsed),
        "domains": tuple(labels),
        "distinct": distinct,
        "assignment": {focus: answer},
    }
    return toy_question(identity, prompt, answer, pattern=Pattern.model_validate(pattern), level=2, split=split)


QUESTIONS = [
    question(
        "decade",
        "Which person, born in the 1950s, works for the company that Velan Torid founded?",
        "Dovi Marn",
        "employed_by f c; founded_by c a; born f y",
        "a entity Velan Torid; y decade 1950s",
    ),
    question(
        "first",
        "Which person, born in the 1960s, works for the company that Velan Torid founded?",
        "Aren Solak",
        "employed_by f c; founded_by c a; born f y",
        "a entity Velan Torid; y decade 1960s",
    ),
    question(
        "one hop",
        "Which person was taught by Dovi Marn?",
        "Tormen Vash",
        "mentor f a",
        "a entity Dovi Marn",
    ),
    question(
        "forward",
        "In which settlement was the author of Under Rain born?",
        "Kelu Baro",
        "author a p; born_in p f",
        "a entity Under Rain",
    ),
    question(
        "intersection",
        "Which person from Tesk Olin who was born in the 1940s works for Melik Works?",
        "Baro Kesh",
        "born_in f b; employed_by f a; born f y",
        "a entity Melik Works; b entity Tesk Olin; y decade 1940s",
    ),
    question(
        "cycle",
        "Which employee of the company that Velan Torid founded was born where that company has its head office?",
        "Aren Solak",
        "employed_by f c; founded_by c a; hq_in c s; born_in f s",
        "a entity Velan Torid",
    ),
    question(
        "same year",
        "Which other person was born in the same year as Dovi Marn and works for Sorim Works?",
        "Tormen Vash",
        "born f y; born a y; employed_by f b",
        "a entity Dovi Marn; b entity Sorim Works",
        distinct=(("f", "a"),),
    ),
    question(
        "initial",
        "Which work whose name starts with L was written by Aren Solak?",
        "Last Door",
        "author f a",
        "a entity Aren Solak; f initial L",
    ),
    question(
        "no anchor",
        "Which company founded in the 1940s has an employee who was born in 1955?",
        "Sorim Works",
        "founded f y; employed_by p f; born p y2",
        "y decade 1940s; y2 year 1955",
    ),
    question(
        "year",
        "In which year was the company founded that employs Ilva Ruun?",
        "1948",
        "employed_by a c; founded c y",
        "a entity Ilva Ruun",
        focus="y",
    ),
]
