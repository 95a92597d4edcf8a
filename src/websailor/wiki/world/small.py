"""The small profile: seven types, sixteen relations, closed communities; for an agent that learns to read in minutes.

Inverse relations have several candidates (a company employs three to six people, an author wrote one to four works), so
a clue that is only a decade or a type has to choose among them. Years agree: founders are adults, mentors are older.
"""

import numpy as np
from numpy.typing import NDArray

from websailor.wiki.world.builder import Builder, Ints

SHARES: dict[str, float] = {
    "region": 0.02,
    "settlement": 0.10,
    "company": 0.10,
    "school": 0.08,
    "club": 0.06,
    "person": 0.40,
    "work": 0.24,
}
TYPE_WORDS: dict[str, tuple[str, ...]] = {"company": ("Works",), "school": ("College",), "club": ("Club",)}
FIRST_YEAR, LAST_BIRTH, LAST_YEAR = 1900, 1969, 1999


def relate(world: Builder) -> None:
    """Add all relations of the profile to a builder that holds its entities."""
    people = world.of_kind("person")
    settlements = world.of_kind("settlement")
    companies, schools, clubs, works = (world.of_kind(kind) for kind in ("company", "school", "club", "work"))
    world.set_years("born", people, FIRST_YEAR, LAST_BIRTH)
    born = world.literals["born"]

    world.add("part_of", settlements, world.balanced(settlements, "region", 1, 10))
    regions = world.of_kind("region")
    world.add("capital", regions, world.path(regions, ["~part_of"]))
    for relation, members in (("hq_in", companies), ("located_in", schools), ("located_in", clubs)):
        world.add(relation, members, world.balanced(members, "settlement", 1, 2))

    students = world.of_kind("person", 0.95)
    world.add("studied_at", students, world.balanced(students, "school", 3, 6))
    employees = world.of_kind("person", 0.9)
    world.add("employed_by", employees, world.balanced(employees, "company", 3, 6))
    world.add("born_in", people, world.choose(people, "settlement", [["studied_at", "located_in"]]))
    home = world.choose(people, "settlement", [["employed_by", "hq_in"]])
    left, right = world.couples(people, born[people], 0.6)
    world.add("spouse", np.concatenate([left, right]), np.concatenate([right, left]))
    together = world.random.random(len(left)) < world.config.closing
    home_N = np.full(world.size, -1)
    home_N[people] = home
    home_N[right[together]] = home_N[left[together]]
    world.add("lives_in", people, home_N[people])

    members = world.of_kind("person", 0.75)
    world.add("member_of", members, world.choose(members, "club", [["lives_in", "~located_in"]]))

    def older(subjects: Ints, objects: Ints) -> NDArray[np.bool_]:
        return born[objects] <= born[subjects] - 8

    pupils = world.of_kind("person", 0.75)
    shared = [["studied_at", "~studied_at"], ["employed_by", "~employed_by"]]
    world.add("mentor", pupils, world.choose(pupils, "person", shared, older))

    world.add(
        "founded_by", companies, world.choose(companies, "person", [["hq_in", "~lives_in"], ["hq_in", "~born_in"]])
    )
    world.add(
        "founded_by", clubs, world.choose(clubs, "person", [["located_in", "~lives_in"], ["located_in", "~born_in"]])
    )
    world.add("author", works, world.balanced(works, "person", 1, 4, pool=0.3))

    for members in (companies, clubs):
        founder = world.one["founded_by"][members]
        adult = np.where(founder >= 0, born[founder] + 20, FIRST_YEAR)
        world.set_years("founded", members, adult, np.minimum(adult + 40, LAST_YEAR))
    first_student = np.full(world.size, LAST_BIRTH)
    np.minimum.at(first_student, world.pairs["studied_at"][1], born[world.pairs["studied_at"][0]])
    world.set_years("founded", schools, FIRST_YEAR, first_student[schools] + 17)
    writer = world.one["author"][works]
    adult = np.where(writer >= 0, born[writer] + 20, FIRST_YEAR)
    world.set_years("published", works, adult, np.minimum(adult + 45, LAST_YEAR))
