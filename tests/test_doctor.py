"""`doctor`: one line for everything, an exit code that tells, and never a secret."""

from pathlib import Path

import pytest

from models.endpoint_server import Answer, EndpointServer, fails, gives, hangs_up, http, sends
from websailor.cli import execute
from websailor.tools.gateway.opening import KINDS
from websailor.tools.providers.imitation import ServiceImitation

CANARY = "canary-5f3a-key"
VARIABLES = sorted({kind.variable for kind in KINDS.values() if kind.variable} | {"OPENAI_API_KEY", "MY_KEY"})


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in VARIABLES:
        monkeypatch.setenv(name, CANARY)
    monkeypatch.setenv("WEBSAILOR_CONTACT", CANARY)
    monkeypatch.delenv("WEBSAILOR_REDIS_URL", raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)


def doctor(
    capsys: pytest.CaptureFixture[str], *arguments: str, store: str = "web.sqlite"
) -> tuple[int, dict[str, str]]:
    """Exit code, and each line by what it is about: its mark and its words. No secret is in any of it."""
    code = execute(["doctor", "--gateway.store", store, *arguments])
    captured = capsys.readouterr()
    assert CANARY not in captured.out + captured.err
    found: dict[str, str] = {}
    for line in captured.out.splitlines():
        mark, _, rest = line.partition(" ")
        name, _, words = rest.strip().partition("  ")
        if mark in ("✓", "–", "✗"):
            found[name] = f"{mark} {words.strip()}"
    return code, found


def local(services: ServiceImitation, *, search: str, scholar: str = "crossref") -> list[str]:
    bases = services.bases()
    named = ["--gateway.search", search, "--gateway.visit", "jina", "--gateway.scholar", scholar]
    return named + [word for name in (search, "jina", scholar) for word in (f"--gateway.bases.{name}", bases[name])]


def test_offline_nothing_is_contacted(capsys: pytest.CaptureFixture[str]) -> None:
    with EndpointServer(gives({"data": [{"id": "m"}]})) as server, ServiceImitation() as services:
        model = f"openai:m@{server.url}#MY_KEY"
        code, found = doctor(capsys, "--offline", "--model", model, *local(services, search="serper"))
        assert (server.asked, services.asked) == ([], [])
    assert code == 0
    assert found["m"] == f"✓ {server.url}, MY_KEY is set; not contacted"
    assert found["serper"] == "✓ SERPER_API_KEY is set; not contacted"
    assert found["checkpoint"].startswith("– none in runs/quickstart: websailor quickstart makes one")
    assert found["store of web results"].startswith("✓ web.sqlite: will be made")
    assert not Path("web.sqlite").exists(), "looked at, not made"


def test_what_answers_and_what_does_not(capsys: pytest.CaptureFixture[str]) -> None:
    with ServiceImitation() as services:
        code, found = doctor(capsys, *local(services, search="searxng"))
        assert code == 0
        assert found["searxng"].startswith("✓ works without a key; answers with 3 results in")
        assert found["jina"].startswith("✓ JINA_API_KEY is set; reads pages in")
        code, found = doctor(capsys, *local(services, search="serper"))
    assert code == 1, "the key is not the service's"
    assert found["serper"].startswith("✗ SERPER_API_KEY is set; HTTP 401")
    assert found["endpoint"].startswith("– none named")


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (gives({"data": [{"id": "m"}, {"id": "n"}]}), 0, "✓ {url}, MY_KEY is set; has the model, answers in"),
        (
            gives({"data": [{"id": CANARY}, {"id": "n"}]}),
            1,
            "✗ {url}, MY_KEY is set; does not list this model; it lists [key], n",
        ),
        (gives({"object": "list"}), 0, "✓ {url}, MY_KEY is set; answers, but lists no models in"),
        (sends(http(200, b"<html>", "text/html")), 0, "✓ {url}, MY_KEY is set; answers, but lists no models in"),
        (fails(404), 0, "✓ {url}, MY_KEY is set; answers, but lists no models (HTTP 404): check that the URL"),
        (fails(401, CANARY), 1, "✗ {url}, MY_KEY is set; the key in MY_KEY is refused (HTTP 401)"),
        (fails(500, CANARY), 1, "✗ {url}, MY_KEY is set; does not list its models (HTTP 500)"),
        (
            sends(http(302, b"", headers=["location: /x"])),
            1,
            "✗ {url}, MY_KEY is set; does not list its models (HTTP 302)",
        ),
        (hangs_up, 1, "✗ {url}, MY_KEY is set; cannot be reached (RemoteProtocolError)"),
    ],
    ids=["has it", "has others", "lists nothing", "a page", "no list", "refused key", "broken", "redirects", "silent"],
)
def test_an_endpoint(answer: Answer, code: int, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with EndpointServer(answer) as server, ServiceImitation() as services:
        model = f"openai:m@{server.url}#MY_KEY"
        found_code, found = doctor(capsys, "--model", model, *local(services, search="searxng"))
    assert found["m"].startswith(words.format(url=server.url)), found["m"]
    assert found_code == code
    assert [asked.path for asked in server.asked] == ["/v1/models"]
    assert server.asked[0].headers["authorization"] == f"Bearer {CANARY}"


def test_an_endpoint_that_is_not_there_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with ServiceImitation() as services:
        code, found = doctor(capsys, "--model", "openai:m@http://127.0.0.1:9/v1", *local(services, search="searxng"))
    assert code == 1
    assert found["m"] == "✗ http://127.0.0.1:9/v1, no key; cannot be reached (ConnectError)"


def test_a_missing_key_and_one_that_no_header_can_hold(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MY_KEY")
    code, found = doctor(capsys, "--offline", "--model", "openai:m@http://127.0.0.1:9/v1#MY_KEY")
    assert (code, found["m"]) == (1, "✗ set MY_KEY in the environment to the key of http://127.0.0.1:9/v1")
    monkeypatch.setenv("BRAVE_API_KEY", f"{CANARY} and more")
    code, found = doctor(capsys, "--offline")
    assert code == 1
    assert found["brave"].startswith("✗ BRAVE_API_KEY holds a space or a character that no key has")


def test_limits_that_hosts_share(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBSAILOR_REDIS_URL", f"redis://:{CANARY}@127.0.0.1:9/0")
    with ServiceImitation() as services:
        code, found = doctor(capsys, *local(services, search="searxng"))
    assert code == 1
    assert found["WEBSAILOR_REDIS_URL"].startswith("✗ is set: limits are shared by hosts; ")


def test_a_store_that_cannot_be_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "text.sqlite").write_text("no database, only words")
    for store, words in (
        ("text.sqlite", "cannot be used as the store of web results (file is not a database)"),
        ("text.sqlite/web.sqlite", "text.sqlite is no directory"),
        (".", "is a directory"),
    ):
        code, found = doctor(capsys, "--offline", store=str(tmp_path / store))
        assert code == 1
        assert found["store of web results"].startswith("✗") and words in found["store of web results"]
    assert [path.name for path in tmp_path.iterdir()] == ["text.sqlite"], "looked at, not made"


def test_a_service_does_not_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with EndpointServer(gives({"data": [{"id": "x\x1b[2J:smile:"}]})) as server, ServiceImitation() as services:
        _, found = doctor(capsys, "--model", f"openai:m@{server.url}", *local(services, search="searxng"))
    assert found["m"].endswith("it lists x[2J:smile:")


@pytest.mark.parametrize(
    ("base", "words"),
    [
        (["--gateway.bases.wikipedia", "ftp://x"], "bases.wikipedia: not an address"),
        (["--gateway.bases.wikipedia", "http://127.0.0.1:99999"], "bases.wikipedia: not an address"),
        (["--gateway.bases.wiki", "http://127.0.0.1"], "wiki is no provider"),
        (["--gateway.per-second.wiki", "3"], "wiki is no provider"),
    ],
)
def test_a_wrong_address_is_one_line(base: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["doctor", "--offline", *base]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert words in line


def test_a_wrong_command_line_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["doctor", "--offline", "--gateway.search", "google"]) == 2
    assert "google is no provider of search" in capsys.readouterr().err
    assert execute(["doctor", "--offline", "--model", "m"]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "not an endpoint" in line
