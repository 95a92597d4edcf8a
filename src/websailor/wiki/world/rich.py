"""The rich profile: twelve types and fifty-three relations, for real models.

Communities are countries; a share of the relations leads abroad. Years agree with each other: nobody works before
growing up or after death, a work is older than what retells it, leaders follow one another without overlap.
"""

import numpy as np
from numpy.typing import NDArray

from websailor.wiki.world.builder import Builder, Guard, Ints

SHARES: dict[str, float] = {
    "country": 0.0,
    "region": 0.02,
    "settlement": 0.12,
    "company": 0.08,
    "school": 0.04,
    "club": 0.04,
    "person": 0.40,
    "work": 0.18,
    "event": 0.05,
    "award": 0.015,
    "site": 0.045,
    "field": 0.01,
}
"""Share of each type; every community has at least one of each, so 0 means exactly one."""
TYPE_WORDS: dict[str, tuple[str, ...]] = {
    "company": ("Works", "Press", "Lines", "Bank"),
    "school": ("College", "Academy", "Institute"),
    "club": ("Club", "Society", "Circle"),
    "event": ("Festival", "Cup", "Congress"),
    "award": ("Prize", "Medal"),
    "site": ("Bridge", "Tower", "Hall"),
    "field": ("Theory", "Studies"),
}
TEXTS: tuple[str, ...] = (
    "",
    "novel",
    "play",
    "poem",
    "travel book",
    "memoir",
    "textbook",
    "story for children",
    "collection of essays",
    "history",
    "satire",
    "biography",
    "cookbook",
)
FIRST_BIRTH, LAST_BIRTH, LAST_YEAR = 1840, 1975, 1999


def relate(world: Builder) -> None:
    """Add all relations of the profile to a builder that holds its entities."""
    _places(world)
    _people(world)
    _organisations(world)
    _works(world)
    _events_and_sites(world)
    _tenures(world)


def _places(world: Builder) -> None:
    settlements, regions, countries = (world.of_kind(kind) for kind in ("settlement", "region", "country"))
    world.add("part_of", regions, world.popular(regions, "country", leak=0))
    world.add("located_in", settlements, world.balanced(settlements, "region", 1, 30))
    world.add("capital", regions, world.path(regions, ["~located_in"]))
    world.add("capital", countries, world.path(countries, ["~part_of", "~located_in"]))
    for kind, members in (("region", world.several("region", 1, 3)), ("country", world.several("country", 1, 3))):
        neighbours = world.popular(members, kind, leak=None if kind == "region" else 1.0)
        _both_ways(world, "borders", members, np.where(neighbours == members, -1, neighbours))
    twins = world.several("settlement", 0.4, 2)
    _both_ways(world, "twinned_with", twins, world.choose(twins, "settlement", [["located_in", "~located_in"]]))
    world.set_amounts("population", settlements, 300, 900_000)
    world.set_amounts("population", countries, 900_000, 60_000_000)
    world.set_amounts("area", world.of_kind("settlement", 0.6), 2, 400)
    world.set_amounts("area", regions, 5_000, 40_000)
    world.set_amounts("area", countries, 41_000, 900_000)
    for kind, relation in (("company", "hq_in"), ("school", "campus_in"), ("club", "based_in"), ("site", "site_in")):
        members = world.of_kind(kind)
        world.add(relation, members, world.choose(members, "settlement"))


def _both_ways(world: Builder, relation: str, subjects: Ints, objects: Ints) -> None:
    keep = objects >= 0
    world.add(relation, subjects[keep], objects[keep])
    world.add(relation, objects[keep], subjects[keep])


def _people(world: Builder) -> None:
    people = world.of_kind("person")
    world.set_years("born", people, FIRST_BIRTH, LAST_BIRTH)
    born = world.literals["born"]
    world.set_years("died", people, born[people] + 45, born[people] + 92)
    died = world.literals["died"]
    died[died > LAST_YEAR] = 0
    living = people[died[people] == 0]
    dead = people[died[people] > 0]

    alike = world.couples(people, born[people], world.config.near_misses)
    schools = world.several("school", 1, 3)
    world.add("teaches_field", schools, world.choose(schools, "field"))
    world.set_years("founded", world.of_kind("school"), 1830, 1950)
    founded = world.literals["founded"]

    def open_to(subjects: Ints, objects: Ints) -> NDArray[np.bool_]:
        return founded[objects] <= born[subjects] + 18

    students = world.of_kind("person", 0.8)
    _add_alike(world, "studied_at", students, world.choose(students, "school", guard=open_to), alike)
    pupils, schools = world.pairs["studied_at"]
    world.filter("studied_at", open_to(pupils, schools))
    born_in = world.choose(people, "settlement", [["studied_at", "campus_in"]])
    _add_alike(world, "born_in", people, born_in, alike)
    experts = world.of_kind("person", 0.5)
    _add_alike(world, "field", experts, world.choose(experts, "field", [["studied_at", "teaches_field"]]), alike)

    staff = world.of_kind("person", 0.7)
    world.add(
        "employed_by",
        staff,
        world.choose(staff, "company", [["born_in", "~hq_in"], ["studied_at", "campus_in", "~hq_in"]]),
    )
    world.add("lives_in", living, world.choose(living, "settlement", [["employed_by", "hq_in"], ["born_in"]]))
    world.add("died_in", dead, world.choose(dead, "settlement", [["employed_by", "hq_in"], ["born_in"]]))
    members = world.of_kind("person", 0.5)
    world.add(
        "member_of", members, world.choose(members, "club", [["lives_in", "~based_in"], ["born_in", "~based_in"]])
    )
    left, right = world.couples(people, born[people], 0.5)
    _both_ways(world, "spouse", left, right)

    def older(subjects: Ints, objects: Ints) -> NDArray[np.bool_]:
        gap = born[subjects] - born[objects]
        return (gap >= 10) & (gap <= 60)

    def parental(subjects: Ints, objects: Ints) -> NDArray[np.bool_]:
        gap = born[subjects] - born[objects]
        return (gap >= 19) & (gap <= 42)

    pupils = world.of_kind("person", 0.4)
    world.add(
        "mentor", pupils, world.choose(pupils, "person", [["studied_at", "~studied_at"], ["field", "~field"]], older)
    )
    children = world.of_kind("person", 0.3)
    parents = world.choose(children, "person", [["born_in", "~born_in"]], parental)
    world.add("parent", children, parents)
    other = np.where(parents >= 0, world.one["spouse"][parents], -1)
    fits = (other >= 0) & (other != children) & parental(children, np.maximum(other, 0))
    world.add("parent", children[fits], other[fits])
    heirs = world.several("person", 0.25, 3)
    world.add("influenced_by", heirs, world.choose(heirs, "person", [["mentor", "mentor"], ["field", "~field"]], older))


def _add_alike(world: Builder, relation: str, subjects: Ints, objects: Ints, alike: tuple[Ints, Ints]) -> None:
    """Add facts, but the right one of each alike pair shares the left one's object: a near-miss."""
    column = np.full(world.size, -1)
    column[subjects] = objects
    column[alike[1]] = column[alike[0]]
    members = np.flatnonzero(column >= 0)
    world.add(relation, members, column[members])


def _organisations(world: Builder) -> None:
    born, died = world.literals["born"], world.literals["died"]
    schools = world.of_kind("school", 0.7)
    world.add("founded_by", schools, world.choose(schools, "person", [["campus_in", "~born_in"]], _founding_age(world)))
    for kind, home in {"company": "hq_in", "club": "based_in"}.items():
        members = world.of_kind(kind)
        founded = world.of_kind(kind, 0.75)
        world.add("founded_by", founded, world.choose(founded, "person", [[home, "~born_in"], [home, "~lives_in"]]))
        founder = world.one["founded_by"][members]
        low = np.where(founder >= 0, born[founder] + 20, FIRST_BIRTH)
        high = np.where(founder >= 0, np.minimum(born[founder] + 45, LAST_YEAR), 1960)
        world.set_years("founded", members, low, high)
    subsidiaries = world.of_kind("company", 0.25)
    world.add("subsidiary_of", subsidiaries, world.choose(subsidiaries, "company", [["hq_in", "~hq_in"]], _earlier))
    for kind in ("company", "club"):
        led = world.several(kind, 0.6, 3)
        world.add(
            "led_by", led, world.choose(led, "person", [["~employed_by"] if kind == "company" else ["~member_of"]])
        )
    awards = world.of_kind("award")
    world.add("awarded_by", awards, world.choose(awards, "club"))
    sponsor = world.one["awarded_by"][awards]
    oldest = np.where(sponsor >= 0, world.literals["founded"][sponsor], 1900)
    world.set_years("founded", awards, np.maximum(oldest, 1900), 1960)
    patrons = [["awarded_by", "founded_by"]]
    world.add("named_after", awards, world.choose(awards, "person", patrons, _renowned_founder(world)))
    honoured = world.several("person", 0.15, 2)
    world.add("received", honoured, world.choose(honoured, "award", [["member_of", "~awarded_by"]]))
    people, prizes = world.pairs["received"]
    world.filter("received", (died[people] == 0) | (died[people] > world.literals["founded"][prizes]))


def _founding_age(world: Builder) -> Guard:
    """The person was of an age to found it when it was founded."""
    born, founded = world.literals["born"], world.literals["founded"]

    def fits(subjects: Ints, objects: Ints) -> NDArray[np.bool_]:
        age = founded[subjects] - born[objects]
        return (age >= 20) & (age <= 45)

    return fits


def _renowned_founder(world: Builder) -> Guard:
    """The person was grown up when the award was founded."""
    born, founded = world.literals["born"], world.literals["founded"]
    return lambda subjects, objects: born[objects] + 30 <= founded[subjects]


def _earlier(subjects: Ints, objects: Ints) -> NDArray[np.bool_]:
    """An order without cycles."""
    return objects < subjects


def _works(world: Builder) -> None:
    born = world.literals["born"]
    works = world.of_kind("work")
    alike = world.couples(works, np.zeros_like(works), world.config.near_misses)
    _add_alike(world, "author", works, world.choose(works, "person"), alike)
    writer = world.one["author"][works]
    adult = np.where(writer >= 0, born[writer] + 22, 1900)
    world.set_years("published", works, adult, np.minimum(adult + 22, LAST_YEAR))
    published = world.literals["published"]
    world.set_amounts("pages", works, 40, 1200)
    world.set_years("genre", works, 1, len(TEXTS) - 1)
    world.literals["genre"][alike[1]] = world.literals["genre"][alike[0]]

    def retold(subjects: Ints, objects: Ints) -> NDArray[np.bool_]:
        return published[objects] < published[subjects]

    def in_print(subjects: Ints, objects: Ints) -> NDArray[np.bool_]:
        return world.literals["founded"][objects] <= published[subjects]

    def grown_up(subjects: Ints, objects: Ints) -> NDArray[np.bool_]:
        return born[objects] + 18 <= published[subjects]

    some = world.of_kind("work", 0.8)
    world.add("publisher", some, world.choose(some, "company", [["author", "employed_by"]], in_print))
    some = world.of_kind("work", 0.5)
    scenes = world.choose(some, "settlement", [["author", "born_in"], ["author", "lives_in"]])
    _add_alike(world, "set_in", some, scenes, alike)
    some = world.of_kind("work", 0.2)
    world.add("based_on", some, world.choose(some, "work", [["author", "~author"], ["set_in", "~set_in"]], retold))
    some = world.of_kind("work", 0.3)
    world.add(
        "dedicated_to", some, world.choose(some, "person", [["author", "spouse"], ["author", "mentor"]], grown_up)
    )
    some = world.of_kind("work", 0.25)
    world.add("translated_by", some, world.choose(some, "person", [["author", "studied_at", "~studied_at"]], grown_up))


def _events_and_sites(world: Builder) -> None:
    born, died = world.literals["born"], world.literals["died"]
    events, sites = world.of_kind("event"), world.of_kind("site")
    world.set_years("held", events, 1900, LAST_YEAR)
    held = world.literals["held"]
    world.set_years("edition", events, 1, 40)

    def alive(subjects: Ints, objects: Ints) -> NDArray[np.bool_]:
        year = held[subjects]
        return (born[objects] + 16 <= year) & ((died[objects] == 0) | (died[objects] >= year))

    def existing(subjects: Ints, objects: Ints) -> NDArray[np.bool_]:
        return world.literals["founded"][objects] <= held[subjects]

    def out(subjects: Ints, objects: Ints) -> NDArray[np.bool_]:
        return world.literals["published"][objects] <= held[subjects]

    world.add("held_in", events, world.choose(events, "settlement"))
    world.add("organiser", events, world.choose(events, "club", [["held_in", "~based_in"]], existing))
    some = world.of_kind("event", 0.8)
    world.add("winner", some, world.choose(some, "person", [["organiser", "~member_of"]], alive))
    some = world.of_kind("event", 0.4)
    world.add("featured_work", some, world.choose(some, "work", [["held_in", "~set_in"], ["winner", "~author"]], out))
    some = world.of_kind("event", 0.6)
    world.add("sponsor", some, world.choose(some, "company", [["held_in", "~hq_in"]], existing))

    world.set_years("opened", sites, 1880, LAST_YEAR)
    opened = world.literals["opened"]

    def renowned(subjects: Ints, objects: Ints) -> NDArray[np.bool_]:
        return born[objects] + 40 <= opened[subjects]

    def professional(subjects: Ints, objects: Ints) -> NDArray[np.bool_]:
        year = opened[subjects]
        return (born[objects] + 22 <= year) & ((died[objects] == 0) | (died[objects] >= year - 5))

    some = world.of_kind("site", 0.8)
    world.add("designed_by", some, world.choose(some, "person", [["site_in", "~born_in"]], professional))
    some = world.of_kind("site", 0.4)
    fame = [["site_in", "~born_in"], ["designed_by", "mentor"]]
    world.add("named_after", some, world.choose(some, "person", fame, renowned))
    some = world.several("site", 0.6, 3)
    world.add("owned_by", some, world.choose(some, "company", [["site_in", "~hq_in"]]))
    world.set_amounts("length", world.of_kind("site", 0.6), 20, 3_000)
    world.set_amounts("capacity", world.of_kind("site", 0.5), 80, 60_000)


def _tenures(world: Builder) -> None:
    """First and last years of employment, membership, leadership and ownership; what the years rule out is left out."""
    born, died, founded, opened = (world.literals[name] for name in ("born", "died", "founded", "opened"))
    last = np.where(died > 0, died, LAST_YEAR + 1)
    for relation in ("employed_by", "member_of"):
        _terms(world, relation, last)

    groups, leaders = world.pairs["led_by"]
    order = np.lexsort((born[leaders], groups))
    earliest = np.maximum(born[leaders] + 30, founded[groups])
    _successions(world, "led_by", order, earliest, last[leaders], np.full(len(order), 2))

    sites, owners = world.pairs["owned_by"]
    order = np.lexsort((founded[owners], sites))
    earliest = np.maximum(opened[sites], founded[owners])
    _successions(
        world, "owned_by", order, earliest, np.full(len(order), LAST_YEAR + 1), world.random.integers(3, 30, len(order))
    )


def _terms(world: Builder, relation: str, last: Ints) -> None:
    """When people belonged to a company or club: from their youth on, for some years, many to this day."""
    born, died, founded = (world.literals[name] for name in ("born", "died", "founded"))
    people, groups = world.pairs[relation]
    start = np.maximum(born[people] + 20 + world.random.integers(0, 12, len(people)), founded[groups])
    keep = start < np.minimum(last[people], LAST_YEAR)
    world.filter(relation, keep)
    people, start = people[keep], start[keep]
    years = world.random.integers(2, 30, len(people))
    leaves = (died[people] > 0) | (world.random.random(len(people)) < 0.3) & (start + years <= LAST_YEAR)
    world.tenures[relation] = (start, np.where(leaves, np.minimum(start + years, last[people]), 0))


def _successions(world: Builder, relation: str, order: Ints, earliest: Ints, latest: Ints, gap: Ints) -> None:
    """One object after another for each subject, in `order`, each at least `gap` years after the one before.

    All arrays are aligned with the relation's pairs; `latest` is the last year in which an object is there at all.
    """
    subject, thing = (column[order] for column in world.pairs[relation])
    begin, latest, gap = earliest[order].copy(), latest[order], gap[order]
    rank = np.arange(len(order)) - np.searchsorted(subject, subject)
    for step in range(1, int(rank.max(initial=0)) + 1):
        later = np.flatnonzero(rank == step)
        begin[later] = np.maximum(begin[later], begin[later - 1] + gap[later])
    fits = begin + 1 < np.minimum(latest, LAST_YEAR)
    subject, thing, begin, latest = subject[fits], thing[fits], begin[fits], latest[fits]
    follows = np.append(subject[1:] == subject[:-1], False)
    until = np.where(follows, np.append(begin[1:], 0), LAST_YEAR + 1)
    until = np.minimum(until, latest)
    del world.pairs[relation]
    world.add(relation, subject, thing)
    back = np.lexsort((thing, subject))
    world.tenures[relation] = (begin[back], np.where(until > LAST_YEAR, 0, until)[back])
