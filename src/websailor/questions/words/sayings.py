"""The phrases of a clause, whatever it says: an atom, a derived relation, a negation, a count, a comparison.

Enters: a clause, the lexicon's wording, one language's `Amounts` and `Frames`. Leaves: `Phrases`: verb phrases with a
slot for the other end, where there is one. Both languages share all that is decided here: which way a comparison goes,
which amount is told, which relation a condition means.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from websailor.questions.corpus import Corpus
from websailor.questions.words.amounts import Amounts
from websailor.questions.words.plan import Clause, NoWording, kind_of, owner
from websailor.records import Atom, Compare, Count, Pattern, Phrase, Rank, SourceKind, Without
from websailor.wiki.relations import Language, Relation, Saying, Wording

PLAIN_YEARS = 2
"""An open comparison of dates by no more than that is told as before or after, without an amount."""
SLOT = "{o}"


class Frames(Protocol):
    """Sentences of one language that no relation owns."""

    def order(self, happened: str, event: str, clause: str, before: bool, amount: str) -> list[str]:
        """ "died before the founding of {o}" (an event) or "before {o} was founded" (a clause)."""
        ...

    def alike(self, shared: Sequence[str], only: bool) -> list[str]:
        """ "shares a birthplace and an employer with {o}"; `only`: nothing has two of them."""
        ...

    def sourced(self, phrase: str, kind: SourceKind, of_end: bool, noun: str) -> list[str]:
        """A phrase with the rule that only one kind of source counts, at its end first; `of_end`: on the page of the
        other end.
        """
        ...


@dataclass(frozen=True, slots=True)
class Phrases:
    """How a clause can be said."""

    verbs: list[str]
    """Verb phrases; `{o}` or `{s}` stands for the other end."""
    relatives: tuple[str, ...] = ()
    """Relative clauses that say the same, where the lexicon has them."""
    turned: tuple[str, ...] = ()
    """Of an atom: what is said before the other end, where the near one fills the slot: relative clauses on an object,
    verb phrases of a subject.
    """
    noun: str | None = None
    """What the relation's object is to its subject, where an atom says it."""


class Sayings:
    """The phrases of one pattern in one language."""

    def __init__(
        self,
        corpus: Corpus,
        pattern: Pattern,
        language: Language,
        amounts: Amounts,
        frames: Frames,
        named: Callable[[str], str],
        careful: bool = True,
    ) -> None:
        self.corpus = corpus
        self.pattern = pattern
        self.language: Language = language
        self.amounts = amounts
        self.frames = frames
        self.named = named
        """How an entity (its id) is named."""
        self.careful = careful
        """True where quaint phrases give way to plain ones."""

    def of(self, clause: Clause) -> Phrases:
        """The phrases of a clause. Raises `NoWording` where there are none."""
        said = clause.said
        if isinstance(said, Atom):
            return self._atom(said, clause.forward)
        if isinstance(said, Phrase):
            return self._alike(said) if said.operator == "U13" else self._derived(said, clause.forward)
        if isinstance(said, Compare):
            return Phrases(self._compare(said, clause))
        return Phrases(self._without(said) if isinstance(said, Without) else self._count(said))

    def role(self, clause: Clause) -> str | None:
        """What the object of an atom's relation is called, as a thing: "seat" for the town of a head office."""
        if not isinstance(clause.said, Atom):
            return None
        words = self._words(self.relation(clause.said))
        return words.shared[0] if words.shared and self.language == "en" else words.noun

    def is_only(self, clause: Clause) -> bool:
        """True where a thing has one such end at most: one founder, one birthplace."""
        assert isinstance(clause.said, Atom)
        relation = self.relation(clause.said)
        ended = clause.said.relation in self.corpus.ended
        return not ended and (relation.functional if clause.forward else relation.inverse_functional)

    def direction(self, clause: Clause) -> str | None:
        """Which way a comparison of two things goes, seen from the one it is told of: `earlier`, `later`, `less`,
        `more`; None for all else.
        """
        said = clause.said
        if not isinstance(said, Compare) or clause.end is None or said.measure == "ratio":
            return None
        less, *_ = _direction(*_seen_from(said, clause.forward))
        if self.pattern.value_types[said.left] == "date":
            return "earlier" if less else "later"
        return "less" if less else "more"

    def rank(self, rank: Rank) -> list[str]:
        """ "was the second to be born"."""
        kind = kind_of(self.pattern, self.pattern.focus)
        chosen = self._all("most" if rank.largest else "least", rank.relation, kind)
        slots = self.amounts.ordinals(rank.place)
        return [phrase.format(**slots) for phrase in chosen]

    # ------------------------------------------------------------ relations

    def relation(self, atom: Atom) -> Relation:
        """How an atom's relation is worded; without its fact (a question without an answer) by the types alone."""
        fact = self.corpus.fact.get(atom.fact)
        found = (
            self.corpus.lexicon.wording(atom.relation, self._kind(atom.subject))
            if fact is None
            else self.corpus.relation(fact)
        )
        if found is None:
            raise NoWording(f"no words for the relation {atom.relation}")
        return found

    def unit(self, atom: Atom) -> str | None:
        """The unit of an atom's number."""
        fact = self.corpus.fact.get(atom.fact)
        return self.relation(atom).unit if fact is None else fact.unit

    def _kind(self, variable: str) -> str:
        known = kind_of(self.pattern, variable)
        named = next((d.value for d in self.pattern.domains if (d.variable, d.lattice) == (variable, "entity")), None)
        return self.corpus.entity[named].kind if named in self.corpus.entity and known == "thing" else known

    def _words(self, relation: Relation) -> Wording:
        return relation.chinese if self.language == "zh" else relation

    def _some(self, relation: Relation, saying: Saying) -> tuple[str, ...]:
        found = getattr(self._words(relation), saying)
        if not found:
            raise NoWording(f"{relation.name} has no phrase for {saying}")
        return found

    def _all(self, saying: Saying, name: str, kind: str) -> tuple[str, ...]:
        relation = self.corpus.lexicon.wording(name, kind)
        if relation is None:
            raise NoWording(f"no words for the relation {name}")
        return self._some(relation, saying)

    def _atom(self, atom: Atom, forward: bool) -> Phrases:
        relation = self.relation(atom)
        words = self._words(relation)
        verbs, relatives = words.clue if forward else words.inverse, words.relative
        if self.careful:
            verbs = (words.told if forward else words.told_inverse) or verbs
            relatives = words.told_relative or relatives
        if atom.at is not None:
            time = self.amounts.time(atom.at)
            verbs = tuple(one.replace("{t}", time) for one in self._some(relation, "at" if forward else "at_inverse"))
            relatives = ()
        elif words.ever and atom.relation in self.corpus.ended:
            verbs, relatives = words.ever if forward else words.ever_inverse, ()
        if atom.stated_in is not None:
            kind = self.corpus.lexicon.kind(self._kind(atom.subject))
            if kind is None:
                raise NoWording(f"no word for the owner of the article that states {atom.relation}")
            noun = kind.chinese if self.language == "zh" else self.corpus.lexicon.noun(kind.name) or kind.name
            told = [self.frames.sourced(one, atom.stated_in, not forward, noun) for one in verbs]
            verbs = tuple(phrase for phrases in told for phrase in phrases)
            relatives = tuple(self.frames.sourced(one, atom.stated_in, not forward, noun)[0] for one in relatives)
        turned = (words.told_relative if self.careful else ()) or words.relative
        return Phrases(list(verbs), () if forward else relatives, turned if forward else words.clue, words.noun)

    def _derived(self, phrase: Phrase, forward: bool) -> Phrases:
        lexicon = self.corpus.lexicon
        rule = (lexicon.overlaps if phrase.operator == "U9" else lexicon.rules).get(phrase.name)
        if rule is None:
            raise NoWording(f"no rule {phrase.name}")
        words = rule.chinese if self.language == "zh" else rule
        return Phrases(list(words.clue if forward else words.inverse), () if forward else words.relative)

    def _alike(self, phrase: Phrase) -> Phrases:
        shared: list[str] = []
        whole: tuple[str, ...] = ()
        only = True
        for number in phrase.atoms[::2]:
            atom = self.pattern.atoms[number]
            inverse = atom.object in (phrase.left, phrase.right)
            relation = self.relation(atom)
            only = only and (relation.inverse_functional if inverse else relation.functional)
            name = self._some(relation, "shared_inverse" if inverse else "shared")[0]
            if name not in shared:
                shared.append(name)
            words = self._words(relation)
            whole = words.alike_inverse if inverse else words.alike
        return Phrases(list(whole) if whole and len(shared) == 1 else self.frames.alike(shared, only))

    # ------------------------------------------------------------ conditions

    def _without(self, condition: Without) -> list[str]:
        kind = kind_of(self.pattern, condition.variable)
        if condition.object is None:
            return list(self._all("none" if condition.forward else "none_inverse", condition.relation, kind))
        name = self.named(condition.object)
        saying: Saying = "denied" if condition.forward else "denied_inverse"
        return [one.format(o=name, s=name) for one in self._all(saying, condition.relation, kind)]

    def _count(self, condition: Count) -> list[str]:
        kind = kind_of(self.pattern, condition.variable)
        saying: Saying = "how_many" if condition.forward else "how_many_inverse"
        if condition.number == 0:
            raise NoWording("a count of none is a negation")
        return [
            agreeing(one, condition.number).replace("{n}", self.amounts.exactly(condition.number))
            for one in self._all(saying, condition.relation, kind)
        ]

    def _compare(self, condition: Compare, clause: Clause) -> list[str]:
        (_, left), (_, right) = owner(self.pattern, condition.left), owner(self.pattern, condition.right)
        one, other = self.relation(left), self.relation(right)
        near, far = (one, other) if clause.forward else (other, one)
        low, high = _seen_from(condition, clause.forward)
        if condition.measure == "ratio":
            if one.name != other.name:
                raise NoWording(f"{one.name} and {other.name} have no ratio")
            return self._filled(self._some(near, "times"), **self.amounts.ratio(low, high))
        is_date = self.pattern.value_types[condition.left] == "date"
        if clause.end is None:
            return self._span(one, other, condition)
        less, low, high = _direction(low, high)
        is_open = low is None or high is None
        plain = is_open and max(low or 0, high or 0) <= (PLAIN_YEARS if is_date else 1)
        unit = self.amounts.unit("years" if is_date else self.unit(left) or "")
        amount = "" if plain else self.amounts.span(low, high, unit)
        if one.name == other.name:
            if plain:
                return list(self._some(near, "less" if less else "more"))
            return self._filled(self._some(near, "less_by" if less else "more_by"), n=amount)
        if not is_date:
            raise NoWording(f"{one.name} and {other.name} are not compared")
        return [
            phrase
            for happened in self._some(near, "happened")
            for event in self._some(far, "event")
            for other_happened in self._some(far, "happened")
            for phrase in self.frames.order(
                happened, event.replace("{s}", SLOT), f"{SLOT} {other_happened}", less, amount
            )
        ]

    def _span(self, one: Relation, other: Relation, condition: Compare) -> list[str]:
        span = self.corpus.lexicon.span(one, other)
        if span is None:
            raise NoWording(f"no words for the years between {one.name} and {other.name}")
        low, high = _seen_from(condition, span.later == one.name)
        if (low if low is not None else high or 0) < 0:
            raise NoWording(f"{span.later} does not come before {span.earlier}")
        words = span.chinese if self.language == "zh" else span
        return self._filled(words.clue, n=self.amounts.span(low, high, ""))

    @staticmethod
    def _filled(phrases: Sequence[str], **slots: str) -> list[str]:
        return [phrase.format(o=SLOT, s="{s}", **slots) for phrase in phrases]


def agreeing(phrase: str, number: int) -> str:
    """A phrase whose `{one|many}` agrees with a number."""
    before, brace, rest = phrase.partition("{")
    if not brace:
        return phrase
    inside, _, after = rest.partition("}")
    if "|" in inside:
        one, many = inside.split("|")
        inside = one if number == 1 else many
    else:
        inside = f"{{{inside}}}"
    return before + inside + agreeing(after, number)


def _seen_from(condition: Compare, forward: bool) -> tuple[float | None, float | None]:
    """Bounds of left against right, or of right against left."""
    low, high = condition.low, condition.high
    if forward:
        return low, high
    if condition.measure == "ratio":
        return (None if high is None else 1 / high), (None if low is None else 1 / low)
    return (None if high is None else -high), (None if low is None else -low)


def _direction(low: float | None, high: float | None) -> tuple[bool, float | None, float | None]:
    """(less or earlier, least amount, most) of a difference. Raises `NoWording` where it may go either way."""
    if high is not None and high <= 0:
        return True, -high, None if low is None else -low
    if low is not None and low >= 0:
        return False, low, high
    raise NoWording(f"a difference between {low} and {high} is neither less nor more")
