"""U12, inference: what is told follows from stated facts, and no page states it.

Formal: an atom entailed by a rule, a typed chain of relations whose middle stays unsaid. Applies to a clue with a
`Phrase` of U12. Closed-world: all relations of the chain are complete, so that who else is in the derived relation is
known. To prove beyond uniqueness: it is derivable, nothing else is told of the middle, and no page on the way speaks of
both ends. Example: "Which person is a grandchild of Velan Torid?"
"""

import random
from collections.abc import Iterator

from websailor.questions.corpus import Corpus
from websailor.questions.operators.additions import with_domain, with_entity
from websailor.questions.operators.base import AnySubgraph, Case, Draft
from websailor.records import Domain, Fact, Pattern, Phrase
from websailor.wiki.derived import Rule


class Inference(AnySubgraph):
    """See the module."""

    code = "U12"
    closed_world = True

    def propose(self, draft: Draft, rng: random.Random) -> Iterator[Pattern]:
        choices = [
            (variable, rule, backwards)
            for variable in draft.described()
            for rule in usable_rules(draft.corpus)
            for backwards in (False, True)
            if rule.kinds[-1 if backwards else 0] == draft.kind(variable) and not (rule.symmetric and backwards)
        ]
        rng.shuffle(choices)
        for variable, rule, backwards in choices:
            met, facts = walk(draft, rng, draft.pattern.assignment[variable], rule, backwards)
            pages = [*met, *(fact.source.page for fact in facts)]
            if len(facts) < len(rule.path) or draft.together(pages, met[0], met[-1]):
                continue
            if (proposal := with_rule(draft, variable, rule, backwards, facts, self.code)) is not None:
                yield proposal

    def lacks(self, corpus: Corpus) -> str | None:
        return None if usable_rules(corpus) else "no rule rests on relations of which this corpus is complete"

    def applies(self, case: Case) -> bool:
        return phrase_of(case, self.code) is not None

    def holds(self, case: Case) -> bool:
        phrase = phrase_of(case, self.code)
        assert phrase is not None
        return keeps_silent(case.pattern, phrase)


def usable_rules(corpus: Corpus) -> list[Rule]:
    """The rules whose relations are all complete."""
    return [
        rule
        for _, rule in sorted(corpus.lexicon.rules.items())
        if corpus.complete.issuperset(step.removeprefix("~") for step in rule.path)
    ]


def phrase_of(case: Case, code: str) -> Phrase | None:
    """The phrase of an operator that a clue tells and that is its last word."""
    atoms = set(case.branch.atoms)
    if case.branch.conditions:
        return None
    return next((one for one in case.pattern.phrases if one.operator == code and atoms.issuperset(one.atoms)), None)


def keeps_silent(pattern: Pattern, phrase: Phrase) -> bool:
    """True when nothing but the phrase speaks of what lies between its ends."""
    within = {
        name
        for number in phrase.atoms
        for name in (pattern.atoms[number].subject, pattern.atoms[number].object)
        if name not in (phrase.left, phrase.right)
    }
    others = [atom for number, atom in enumerate(pattern.atoms) if number not in phrase.atoms]
    return (
        not any(domain.variable in within for domain in pattern.domains)
        and not any(name in within for atom in others for name in (atom.subject, atom.object))
        and not any(getattr(one, "variable", None) in within for one in pattern.conditions)
    )


def walk(draft: Draft, rng: random.Random, entity: str, rule: Rule, backwards: bool) -> tuple[list[str], list[Fact]]:
    """A random way along the rule from one end, through things that the question does not speak of: whom one meets, and
    the facts, fewer than steps where it ends early.
    """
    corpus, present = draft.corpus, set(draft.pattern.assignment.values())
    steps = list(zip(rule.path, rule.kinds[:-1], rule.kinds[1:], strict=True))
    if backwards:
        steps = [(_turned(step), right, left) for step, left, right in reversed(steps)]
    met, facts = [entity], list[Fact]()
    for step, _, kind in steps:
        forward = not step.startswith("~")
        found = [
            fact
            for fact in corpus.partners.get((met[-1], step.removeprefix("~"), forward), ())
            if (other := fact.object if forward else fact.subject) not in present
            and other not in met
            and corpus.entity[other].kind == kind
            and draft.usable(fact)
        ]
        if not found:
            break
        fact = rng.choice(found)
        facts.append(fact)
        met.append(fact.object if forward else fact.subject)
    return met, facts


def _turned(step: str) -> str:
    return step.removeprefix("~") if step.startswith("~") else f"~{step}"


def with_rule(draft: Draft, variable: str, rule: Rule, backwards: bool, facts: list[Fact], code: str) -> Pattern | None:
    """The pattern with the chain, its far end exact, and the phrase that says it."""
    pattern, corpus = draft.pattern, draft.corpus
    names, first = [variable], len(pattern.atoms)
    for number, fact in enumerate(facts, 1):
        pattern, new = with_entity(pattern, names[-1], fact, "y" if number == len(facts) else "z")
        names.append(new)
    end = corpus.entity[pattern.assignment[names[-1]]]
    if not corpus.nameable(end):
        return None
    pattern = with_domain(pattern, Domain(variable=names[-1], lattice="entity", value=end.id))
    atoms = tuple(range(first, len(pattern.atoms)))
    if backwards:
        names, atoms = names[::-1], atoms[::-1]
    phrase = Phrase(operator=code, name=rule.name, atoms=atoms, left=names[0], right=names[-1])
    pairs = tuple((names[one], names[other]) for one, other in rule.distinct)
    return pattern.model_copy(
        update={
            "phrases": (*pattern.phrases, phrase),
            "distinct": tuple(dict.fromkeys((*pattern.distinct, *pairs))),
        }
    )
