"""Infobox values are typed, named and kept together, by example."""

import pytest

from toy_wikitext import page_of, shown


@pytest.mark.parametrize(
    ("field", "key", "values"),
    [
        ("{{birth date and age|1947|4|1}}", "birth_date", ["D:1947-04-01"]),
        ("{{Birth date|df=yes|1879|3|14}}", "birth_date", ["D:1879-03-14"]),
        ("14 March 1879, [[Ulm]]", "born", ["D:1879-03-14", "E:Ulm"]),
        ("384 BC", "birth_date", ["D:-0384"]),
        ("c. 1340s", "birth_date", ["T:c. 1340s"]),
        ("April 19, 1775 – September 3, 1783", "date", ["D:1775-04-19", "D:1783-09-03"]),
        ("17 August 1945 ([[Secker and Warburg]], London)", "published", ["D:1945-08-17"]),
        ("1986", "turnedpro", ["D:1986"]),
        ("1953", "born", ["D:1953"]),
        ("1953", "population", ["N:1953"]),
        ("1953", "population_year", ["D:1953"]),
        ("1911–1961", "years_active", ["T:1911–1961"]),
        ("[[Ulm]], [[Kingdom of Württemberg]], [[German Empire]]", "birth_place",
         ["E:Ulm", "E:Kingdom of Württemberg", "E:German Empire"]),
        ("[[Saint Petersburg|St. Petersburg]], Russia", "birth_place", ["E:Saint Petersburg", "T:Russia"]),
        ("{{nowrap|[[Princeton, New Jersey]], U.S.}}", "death_place", ["E:Princeton, New Jersey", "T:U.S."]),
        ("{{Plainlist|\n* [[A]] (1902–1909)\n* [[B]] (Ph.D., 1905)<ref>x</ref>\n}}", "workplaces", ["E:A", "E:B"]),
        ("{{plainlist}}\n* [[A]]\n* [[B]]\n{{endplainlist}}", "workplaces", ["E:A", "E:B"]),
        ("{{ubl|[[A]]|B|{{flag|France}}}}", "members", ["E:A", "T:B", "E:France"]),
        ("{{hlist |[[Arabic]]<ref name=x/> |[[Berber languages|Berber]]}}", "languages", ["E:Arabic",
         "E:Berber languages"]),
        ("[[A]]<br />[[B]]<br>C", "parents", ["E:A", "E:B", "T:C"]),
        ("[[A]], [[B]] and [[C]]", "children", ["E:A", "E:B", "E:C"]),
        ("{{marriage|[[Mary Todd Lincoln|Mary Todd]]|1842|1865|reason=his death}}", "spouse", ["E:Mary Todd Lincoln"]),
        ("{{marriage|Frank O'Connor|1929|1979|end=w.}}", "spouse", ["T:Frank O'Connor"]),
        ("[[Mileva Marić]]&nbsp;(1903–1919)<br />{{nowrap|[[Elsa Löwenthal]]&nbsp;(1919–1936)}}", "spouse",
         ["E:Mileva Marić", "E:Elsa Löwenthal"]),
        ("A (today: [[B]]), C", "residence", ["T:A (today: B), C"]),
        ("40,400,000<ref name=\"ONS\">{{cite web|title=x}}</ref>", "population", ["N:4.04e+07"]),
        ("2381741", "area_km2", ["N:2.38174e+06 km2"]),
        ("15.9", "population_density_km2", ["N:15.9 /km2"]),
        ("{{convert|100756|lb|kg}}", "launch_mass", ["N:100756 lb"]),
        ("100 minutes", "runtime", ["N:100 minutes"]),
        ("$599.83 billion <ref>IMF</ref>", "gdp", ["N:5.9983e+11 $"]),
        ("[[United States dollar|US$]] 31,152,975", "prize_money", ["N:3.1153e+07 US$"]),
        ("112 (paperback)", "pages", ["N:112"]),
        ("44,579,000 square kilometres", "area", ["N:4.4579e+07 km2"]),
        ("No. '''1''' (April 10, 1995)", "ranking", ["N:1"]),
        ("12,000 French", "strength", ["T:12,000 French"]),
        ("870–274", "record", ["T:870–274"]),
        ("http://example.org", "links", []),
        ("<!-- nothing -->", "director", []),
        ("x.jpg", "image", []),
        ("''[[The Fountainhead]]''<br /> ''[[Atlas Shrugged]]''", "notableworks", ["E:The Fountainhead",
         "E:Atlas Shrugged"]),
    ],
)  # fmt: skip
def test_infobox_values(field: str, key: str, values: list[str]) -> None:
    assert shown(field, key) == values


def test_a_name_that_the_page_links_elsewhere_is_an_entity() -> None:
    assert shown("Ventura Pons", "producer", "Directed by [[Ventura Pons]].") == ["E:Ventura Pons"]
    assert shown("Paris, France", "death_place", "He died in [[Paris]].") == ["E:Paris", "T:France"]
    assert shown("Ada", "producer", "[[Ada (city)|Ada]] and [[Ada (name)|Ada]].") == ["T:Ada"]
    assert shown("Here", "producer", "[[Here]].") == ["T:Here"]


def test_fields_stand_under_the_label_that_the_box_shows() -> None:
    box = (
        "{{Infobox country|capital=[[Algiers]]|largest_city=capital|leader_title1=[[President of Algeria|President]]"
        "|leader_name1=[[Abdelaziz Bouteflika]]|established_event1=Recognised|established_date1=5 July 1962"
        "|established_event2=[[Aragon]]|established_date2=1278}}"
    )
    page = page_of(box)
    assert page.infobox_type == "country"
    assert {field.key: field.values[0].text for field in page.infobox} == {
        "capital": "Algiers",
        "largest_city": "Algiers",
        "president": "Abdelaziz Bouteflika",
        "recognised": "5 July 1962",
        "established_event2": "Aragon",
        "established_date2": "1278",
    }


def test_boxes_inside_boxes() -> None:
    page = page_of("{{Infobox a|x=[[X]]|module={{Infobox b|y=[[Y]]}}}}text{{Infobox c|z=1}}")
    assert (page.infobox_type, [field.key for field in page.infobox]) == ("a", ["x", "y"])
