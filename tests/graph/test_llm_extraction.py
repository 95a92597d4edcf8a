"""The language model as extractor: what stands, and what is refused."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from encyclopedia import Encyclopedia, entity, page
from pydantic import ValidationError

from websailor import graph
from websailor.errors import UserError
from websailor.files import read_jsonl
from websailor.graph.llm_extraction import Claims, LlmExtractor, passages, prompt
from websailor.models.scripted import ScriptedModel
from websailor.records import Fact, Page, Reject
from websailor.tools.memory import InMemoryWeb

ENTERED = "In 1953 she entered Melik Works, where Ben Mar led her work from 1953 to 1960."
TEXT = f"Ada Lin grew up in Torid. {ENTERED} It has 12 rooms."
ADA = page("Ada Lin", "person", text=TEXT, links=["Torid", "Melik Works", "Ben Mar"])
OTHERS = [page("Torid", "settlement"), page("Melik Works", "company"), page("Velan", "settlement")]
GREW_UP = {"subject": "Ada Lin", "relation": "born_in", "object": "Torid", "quote": "Ada Lin grew up in Torid."}


def claims(*said: dict[str, Any] | str, subject: Page = ADA, generated: bool = True, passage: int = 4000) -> Claims:
    """What the extractor makes of the replies, one a passage; a record stands for a reply that holds it alone."""
    replies = [reply if isinstance(reply, str) else json.dumps({"facts": [reply]}) for reply in said]
    model = ScriptedModel(replies)
    catalogue = Encyclopedia([subject, *OTHERS], generated=generated)
    with LlmExtractor(lambda: model, catalogue, 500, passage, len(replies)) as extractor:
        return extractor.claims(subject)


def test_a_claim_that_the_page_bears_out_stands() -> None:
    stated = claims(f"Here you are:\n```json\n{json.dumps({'facts': [GREW_UP]})}\n```")
    assert stated.refused == ()
    (one,) = stated.statements
    assert (one.subject, one.relation, one.object, one.quote) == (None, "born_in", "Torid", GREW_UP["quote"])


def test_tenures_and_pronouns() -> None:
    claim = {"subject": "Ada Lin", "relation": "employed_by", "object": "Melik Works", "quote": ENTERED, "start": 1953}
    (one,) = claims({**claim, "end": 1960}).statements
    assert (one.object, one.start, one.end) == ("Melik Works", 1953, 1960)
    assert claims({**claim, "start": 1951}).refused[0][0] == "tenure_not_in_quote"


def test_the_page_can_be_the_object_and_others_the_subject() -> None:
    claim = {"subject": "Ben Mar", "relation": "employed_by", "object": "Melik Works", "quote": ENTERED}
    assert claims(claim).statements[0].subject == "Ben Mar"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"quote": "Ada Lin was born in Torid."}, "quote_not_on_page"),
        ({"quote": "ada lin grew up in torid."}, "quote_not_on_page"),
        ({"relation": "invented"}, "unknown_relation"),
        ({"relation": "hq_in"}, "wrong_type"),
        ({"object": "Velan"}, "object_not_in_quote"),
        ({"object": "Tor"}, "object_not_in_quote"),
        ({"subject": "Velan"}, "subject_not_in_quote"),
        ({"quote": "It has 12 rooms.", "subject": "Ben Mar", "object": "12"}, "subject_not_in_quote"),
        ({"quote": ENTERED, "object": "work"}, "unknown_object"),
        ({"relation": "born", "quote": ENTERED, "object": "she"}, "no_date"),
        ({"quote": "  "}, "quote_not_on_page"),
    ],
)
def test_what_the_page_does_not_bear_out_is_refused(change: dict[str, str], reason: str) -> None:
    stated = claims({**GREW_UP, **change})
    assert stated.statements == ()
    assert [refused for refused, _ in stated.refused] == [reason]


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("", "no_json"),
        ("I see no facts.", "no_json"),
        ('{"facts": "none"}', "no_json"),
        ('{"facts": [{"subject": "Ada"', "no_json"),
        ('{"facts": [{"subject": "Ada Lin"}]}', "no_claim"),
        ('{"facts": [17]}', "no_claim"),
    ],
)
def test_replies_that_are_no_claims_are_refused(reply: str, reason: str) -> None:
    stated = claims(reply)
    assert stated.statements == ()
    assert [refused for refused, _ in stated.refused] == [reason]
    assert claims('{"facts": []}') == Claims((), ())


def test_literals_are_read_as_the_relation_wants_them() -> None:
    dated = {"subject": "Ada Lin", "relation": "born", "object": "1953", "quote": ENTERED}
    (one,) = claims(dated).statements
    assert (one.value_type, one.object) == ("date", "1953")
    rooms = page("Velan", "settlement", text="The area of Velan is 9,505 km2.")
    claim = {"subject": "Velan", "relation": "area", "object": "9,505 km2", "quote": "The area of Velan is 9,505 km2."}
    (one,) = claims(claim, subject=rooms).statements
    assert (one.object, one.unit) == ("9505", "km2")


def test_real_pages_get_infobox_keys() -> None:
    (one,) = claims({**GREW_UP, "relation": "birth_place"}, generated=False).statements
    assert one.relation == "birth_place"
    assert claims(GREW_UP, generated=False).refused[0][0] == "unknown_relation"


def test_the_prompt_shows_links_relations_and_the_passage() -> None:
    asked = prompt(ADA, 0, 26, is_generated=True)
    assert "Ada Lin grew up in [[Torid]]." in asked
    assert "Melik Works" not in asked
    assert '- born_in: SUBJECT (person) "was born in OBJECT", OBJECT (settlement)' in asked
    assert '{"facts": [{"subject"' in asked


def test_passages_cover_the_text() -> None:
    text = "\n\n".join(f"Paragraph {n}. " + "word " * n for n in range(40))
    spans = list(passages(text, 300))
    assert "".join(text[start:end] for start, end in spans) == text
    assert all(0 < end - start <= 300 for start, end in spans)
    assert list(passages("x" * 1000, 300))[-1] == (900, 1000)


@pytest.fixture
def pages() -> Iterator[list[Page]]:
    url = "https://en.wikipedia.org/wiki/"
    ada = ADA.model_copy(update={"infobox": page("x", y=entity("Melik Works")).infobox})
    yield [one.model_copy(update={"url": url + one.title.replace(" ", "_")}) for one in (ada, *OTHERS)]


@pytest.mark.parametrize("extractor", ["llm", "both"])
def test_the_stage_asks_the_model_and_counts_what_it_refuses(pages: list[Page], tmp_path: Path, extractor: str) -> None:
    config = graph.Config.model_validate({"seeds": ["Ada Lin"], "extractor": extractor, "returns": 0, "patience": 0})
    asked: list[ScriptedModel] = []
    real = {**GREW_UP, "relation": "birth_place"}
    replies = json.dumps({"facts": [real, {**real, "quote": "Nowhere."}]})

    def conversation() -> ScriptedModel:
        asked.append(ScriptedModel([replies]))
        return asked[-1]

    manifest = graph.run(config, {}, tmp_path, web=InMemoryWeb(pages), chat=conversation)
    facts = {(fact.subject, fact.relation, fact.object): fact for fact in read_jsonl(tmp_path / "facts.jsonl", Fact)}
    assert facts["Ada Lin", "birth_place", "Torid"].source.quote == GREW_UP["quote"]
    assert ("Ada Lin", "y", "Melik Works") in facts
    rejects = [one for one in read_jsonl(tmp_path / "rejects.jsonl", Reject) if one.reason == "quote_not_on_page"]
    assert len(rejects) == manifest.counts["reject_quote_not_on_page"] >= 1
    assert len(asked) == 1


def test_a_model_is_needed_and_only_where_it_is_asked(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="set model"):
        graph.run(graph.Config(extractor="llm"), {}, tmp_path, web=InMemoryWeb([ADA]))
    with pytest.raises(ValidationError, match="asks no model"):
        graph.Config(model="openai:m@http://localhost:1/v1")
