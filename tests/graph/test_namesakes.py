"""Who in a list may be one under two spellings."""

import pytest

from websailor.graph.namesakes import namesake_facts
from websailor.records import Fact, Source


def nominated(film: str, person: str, page: str = "Award") -> Fact:
    source = Source(page=page, kind="table", quote=f"{film} | {person}")
    return Fact(id=f"{film} {person}", subject=film, relation="nominated_art_director", object=person, source=source)


@pytest.mark.parametrize(
    ("one", "other", "may_be"),
    [
        ("Dick Pefferle", "Richard A. Pefferle", True),
        ("Edwin B. Willis", "Edwin B. Wills", True),
        ("F. Keogh Gleason", "Keogh Gleason", True),
        ("John De Cuir", "John DeCuir", True),
        ("Ernst Fegté", "Ernst Fegte", True),
        ("John Hughes (art director)", "John Hughes", True),
        ("Paul Sylbert", "Richard Sylbert", False),
        ("George DeTitta Jr.", "George DeTitta Sr.", False),
        ("Ken Adam", "Ken Adams", True),
        ("Ken Ad", "Ken Ads", False),
        ("张三", "李四", False),
        ("Иван Петров", "Сергей Ильин", False),
        ("Иван Петров", "И. Петров", True),
    ],
)
def test_spellings(one: str, other: str, may_be: bool) -> None:
    found = {(fact.subject, fact.object) for fact in namesake_facts([nominated("A", one), nominated("B", other)])}
    assert found == ({("A", other), ("B", one)} if may_be else set())


def test_only_within_one_list() -> None:
    assert not list(namesake_facts([nominated("A", "Ted Mar"), nominated("B", "Edward Mar", page="Another")]))
