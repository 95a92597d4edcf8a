"""The order of work, from patterns alone."""

from fourteen_pages import QUESTIONS, question

from websailor.trajectories.plan import Find, Label, Match, Measure, make_plan

BY_ID = {question.id: question for question in QUESTIONS}


def steps(identity: str) -> list[str]:
    return [describe(operation) for operation in make_plan(BY_ID[identity].pattern).operations]


def describe(operation) -> str:
    match operation:
        case Find(variable, atom, known, domain):
            way = "from label" if known is None else "forward" if operation.forward else "back"
            return f"find {variable} {way} {atom.relation if atom else domain and domain.value}"
        case Match(atom):
            return f"match {atom.relation} {atom.subject} {atom.object}"
        case Measure(atom, domains):
            return f"measure {atom.relation} {atom.subject} {[domain.value for domain in domains]}"
        case Label(domain):
            return f"label {domain.variable} {domain.value}"
    raise AssertionError(operation)


def test_a_chain_runs_from_the_named_anchor_to_the_focus_and_then_checks():
    assert steps("decade") == [
        "find c back founded_by",
        "find f back employed_by",
        "measure born f ['1950s']",
    ]


def test_what_a_page_states_is_read_before_searching_against_a_relation():
    assert steps("cycle") == [
        "find c back founded_by",
        "find s forward hq_in",
        "find f back employed_by",
        "match born_in f s",
    ]


def test_a_second_anchor_is_a_check():
    assert steps("intersection") == ["find f back born_in", "match employed_by f a", "measure born f ['1940s']"]


def test_a_shared_year_is_read_where_it_is_known_and_compared_where_it_is_not():
    assert steps("same year") == ["measure born a []", "find f back employed_by", "measure born f []"]


def test_without_a_name_the_narrowest_label_comes_first():
    assert steps("no anchor") == [
        "find p from label born",
        "measure born p ['1955']",
        "find f forward employed_by",
        "measure founded f ['1940s']",
    ]


def test_the_shortcut_keeps_only_the_way_to_the_focus():
    pattern = BY_ID["cycle"].pattern
    assert [describe(step) for step in make_plan(pattern).shortcut(pattern.focus)] == [
        "find c back founded_by",
        "find f back employed_by",
    ]


def test_a_value_can_be_asked_for():
    pattern = BY_ID["year"].pattern
    assert [describe(step) for step in make_plan(pattern).shortcut("y")] == [
        "find c forward employed_by",
        "measure founded c []",
    ]


def test_every_atom_and_label_that_is_not_about_names_alone_is_used_once():
    asked = question(
        "all",
        "?",
        "x",
        "employed_by f c; studied_at f s; mentor f m; employed_by m c; born f y; founded c y",
        "s entity Orvan College; c kind company; y decade 1960s; m initial D",
    )
    plan = make_plan(asked.pattern)
    used = [getattr(operation, "atom", None) for operation in plan.operations]
    assert sorted(atom.relation for atom in used if atom is not None) == sorted(
        atom.relation for atom in asked.pattern.atoms
    )
    labels = [operation for operation in plan.operations if isinstance(operation, Label)]
    assert [label.domain.value for label in labels] == ["company", "D"]
