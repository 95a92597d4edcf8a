"""What both languages share: which words a variable needs, and how a clause finds its phrase.

Enters: a plan and its pattern. Leaves: `Speaker`, the base of `English` and `Chinese`.
"""

import random
import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import ClassVar

from websailor.questions.corpus import Corpus
from websailor.questions.proof.labels import number_bounds
from websailor.questions.structure import domain_of
from websailor.questions.words.amounts import Amounts
from websailor.questions.words.plan import (
    Clause,
    End,
    Mention,
    NoWording,
    Possession,
    Thing,
    clauses,
    kind_of,
    other_variables,
    things,
    told_variables,
)
from websailor.questions.words.sayings import Frames, Sayings
from websailor.records import Atom, Domain, Pattern
from websailor.wiki.relations import Kind, Language

_NO_PERSON = frozenset({"influence", "影响来源"})
"""What a relation's object is called that "that ..." does not bring to mind."""


class Speaker(ABC):
    """Says one pattern in one language. All choices come from `rng`."""

    language: ClassVar[Language]
    amounts: ClassVar[Amounts]
    frames: ClassVar[Frames]

    def __init__(
        self,
        corpus: Corpus,
        pattern: Pattern,
        root: Thing,
        definite: Collection[str],
        rng: random.Random,
        careful: bool = True,
    ) -> None:
        self.corpus = corpus
        self.pattern = pattern
        self.root = root
        self.definite = definite
        """Variables whose description fits one thing alone."""
        self.rng = rng
        self.careful = careful
        """False where any wording will do, quaint ones too: in short plain questions about a world without
        a past, for a small model."""
        self.others = other_variables(pattern, root)
        self.sayings = Sayings(corpus, pattern, self.language, self.amounts, self.frames, self.entity, careful)
        self.slots: dict[str, str] | None = None
        """Names, values and mentions -> the slots that stand for them, where what is said is to have slots."""
        self._told_of: set[tuple[str, str, bool]] = set()
        """What was told in sentences so far: of which thing, by which relation, in which direction."""

    @abstractmethod
    def brief(self) -> str:
        """The question in one sentence."""

    @abstractmethod
    def full(self) -> str:
        """The question as a paragraph."""

    @abstractmethod
    def statement(self) -> str:
        """What is told of the focus, as a statement: the text of a clue."""

    @abstractmethod
    def alone(self, clause: Clause) -> str:
        """One clause of the focus as a sentence."""

    @abstractmethod
    def rank_alone(self) -> str:
        """The focus' place among all that the clauses fit, as a sentence."""

    @abstractmethod
    def around(self, sentences: str) -> str:
        """A question whose clauses are told in sentences: an opening before them, the question after them."""

    @abstractmethod
    def none_sentences(self) -> list[str]:
        """What may follow a question that may have no answer."""

    def none_allowed(self) -> str:
        """One of `none_sentences`."""
        return self.rng.choice(self.none_sentences())

    @abstractmethod
    def value(self, domain: Domain, unit: str | None) -> str:
        """A literal or the label that stands for it."""

    @abstractmethod
    def described(self, thing: Thing) -> str:
        """A thing by its type and what is told of it."""

    @abstractmethod
    def again(self, variable: str) -> str:
        """A thing that was told of before, where a cycle closes: "the same company"."""

    @abstractmethod
    def that(self, variable: str, role: str | None) -> str:
        """A thing that was told of before, in a comparison: "that company", or "that employer" by its role."""

    @abstractmethod
    def possession(self, end: Possession) -> str:
        """What is told of by its owner alone: "its founder", "a work that they wrote"."""

    def named(self, name: str, kind_name: str) -> str:
        """A real name, of something of the given type, as it stands in a sentence."""
        del kind_name
        return name

    @abstractmethod
    def fictional(self, title: str, kind_name: str) -> str:
        """A title of the generated world as it stands in a sentence: what tells it from others is put in words."""

    def pins_down(self, clause: Clause) -> bool:
        """True where a clause alone says which thing is meant: "where X was born", "where the same school stands"."""
        if not isinstance(clause.said, Atom) or clause.end is None or self.is_literal(clause.end.variable):
            return False
        known = isinstance(clause.end, Mention) or self.is_named(clause.end.variable)
        turned = replace(clause, forward=not clause.forward)
        return (known or clause.end.variable in self.definite) and self.sayings.is_only(turned)

    def kind(self, variable: str) -> Kind:
        name = kind_of(self.pattern, variable)
        found = self.corpus.lexicon.kind(name)
        if found is None:
            raise NoWording(f"no word for the type {name}")
        return found

    def other_end(self, clause: Clause) -> str:
        """The noun phrase of a clause's other end."""
        end = clause.end
        assert end is not None
        if isinstance(end, Possession):
            return self.slot(self.possession(end))
        if isinstance(end, Mention) and not isinstance(clause.said, Atom):
            return self.slot(self.reference(end.variable))
        return self.mention(end)

    def slot(self, text: str) -> str:
        """The text, or the slot that stands for it: [A]."""
        if self.slots is None:
            return text
        return self.slots.setdefault(text, f"[{chr(ord('A') + len(self.slots))}]")

    def reference(self, variable: str) -> str:
        """ "that company", where it was the only one, or by the role in which it was introduced: "that employer"."""
        if sum(self.type_of(thing.variable) == self.type_of(variable) for thing in things(self.root)) == 1:
            return self.that(variable, None)
        role = self.role(variable)
        if role is None:
            raise NoWording(f"no short way to speak of {variable} again")
        return self.that(variable, role)

    def role(self, variable: str) -> str | None:
        """What a thing is called by the relation over which it was reached: "author", where nothing else is one."""
        atoms = [clause for clause in clauses(self.root) if isinstance(clause.said, Atom)]
        roles = [self.sayings.role(clause) for clause in atoms]
        found = zip(roles, atoms, strict=True)
        role = next((role for role, clause in found if self._has_role(clause) and _leads_to(clause, variable)), None)
        return None if role in _NO_PERSON or roles.count(role) > 1 else role

    def _has_role(self, clause: Clause) -> bool:
        assert isinstance(clause.said, Atom)
        return clause.forward or self.sayings.relation(clause.said).symmetric

    def _is_clear(self, variable: str) -> bool:
        """False where "the same person" could be a person whose name was told since."""
        seen = variable == self.root.variable
        for clause in clauses(self.root):
            end = clause.end
            if end is None or isinstance(end, Possession):
                continue
            if end.variable == variable:
                if isinstance(end, Mention):
                    return True
                seen = True
            elif seen and self.is_named(end.variable) and self.type_of(end.variable) == self.type_of(variable):
                return False
        return True

    def type_of(self, variable: str) -> str:
        """The type of what a variable stands for; of a literal, its value type."""
        if self.is_literal(variable):
            return self.pattern.value_types[variable]
        domain = domain_of(self.pattern, variable, "entity")
        return self.corpus.entity[domain.value].kind if domain is not None else kind_of(self.pattern, variable)

    def mention(self, end: End) -> str:
        """The noun phrase of any variable."""
        variable = end.variable
        if isinstance(end, Mention):
            if self.careful and not self._is_clear(variable):
                raise NoWording(f"between {variable} and its second mention something of its type is named")
            return self.slot(self.again(variable))
        if self.is_literal(variable):
            domain = domain_of(self.pattern, variable)
            assert domain is not None
            atom = next(atom for atom in self.pattern.atoms if atom.object == variable)
            return self.slot(self.value(domain, self.sayings.unit(atom)))
        if (anchor := domain_of(self.pattern, variable, "entity")) is not None:
            return self.entity(anchor.value)
        return self.described(end)

    def entity(self, name: str) -> str:
        """A named entity, by its id."""
        entity = self.corpus.entity[name]
        text = self.corpus.mention(entity)
        kind = entity.kind if entity.id in self.corpus.typed else ""
        if not self.corpus.lexicon.is_generated:
            return self.slot(self.named(text, kind))
        return self.slot(self.fictional(text, entity.kind) if self.careful else text)

    def rivals(self) -> list[str]:
        """Named anchors that the focus must not be, where nothing that is told of it implies that."""
        if self.root.variable not in self.others:
            return []
        pairs = [pair for pair in self.pattern.distinct if self.root.variable in pair]
        others = [one if other == self.root.variable else other for one, other in pairs]
        return [self.mention(Thing(name)) for name in others if self.is_named(name)]

    def named_later(self, variable: str) -> list[str]:
        """Names of what a thing must not be, where they are told after it, so that "another" would say too little."""
        order = told_variables(self.root)
        pairs = [pair for pair in self.pattern.distinct if variable in pair and set(pair) <= set(order)]
        rivals = [one if other == variable else other for one, other in pairs]
        if any(order.index(one) < order.index(variable) for one in rivals):
            return []
        return [self.mention(Thing(one)) for one in rivals if self.is_named(one)]

    def is_told_again(self, clauses: Sequence[Clause], number: int) -> bool:
        """True for a clause that tells of its thing what an earlier one told, of something else."""
        said = clauses[number].said
        if not isinstance(said, Atom):
            return False
        before = [one for one in clauses[:number] if isinstance(one.said, Atom) and one.said.relation == said.relation]
        return any(self._has_role(one) == self._has_role(clauses[number]) for one in before)

    def tells_again(self, near: str, clauses: Sequence[Clause]) -> bool:
        """Note that clauses were told of a thing; True where the same was told of it before, of something else."""
        keys = [(near, one.said.relation, self._has_role(one)) for one in clauses if isinstance(one.said, Atom)]
        before = any(key in self._told_of for key in keys)
        self._told_of.update(keys)
        return before

    def is_literal(self, variable: str) -> bool:
        return self.pattern.value_types.get(variable, "entity") != "entity"

    def is_named(self, variable: str) -> bool:
        return domain_of(self.pattern, variable, "entity") is not None

    def initial(self, variable: str) -> str | None:
        """The letter with which the name begins, where that is told."""
        domain = domain_of(self.pattern, variable, "initial")
        return domain.value if domain is not None else None

    def is_span(self, end: End) -> bool:
        """True for a date told as from one year to another."""
        return domain_of(self.pattern, end.variable, "half_century") is not None

    def is_long(self, end: End | None) -> bool:
        """True when the noun phrase carries clauses of its own."""
        return isinstance(end, Thing) and (bool(end.clauses) or self.initial(end.variable) is not None)


def _leads_to(clause: Clause, variable: str) -> bool:
    return isinstance(clause.end, Thing) and clause.end.variable == variable


def looks_back(clause: Clause) -> bool:
    """True for what can only be told after the rest: it speaks of "that company"."""
    return isinstance(clause.end, Mention) and not isinstance(clause.end, Possession)


def amount(text: str) -> str:
    """A number with thousands separated: 45321 -> 45,321."""
    value = float(text)
    return f"{value:,.0f}" if value == round(value) else f"{value:,}"


def amounts(domain: Domain) -> tuple[str, str]:
    """Both ends of a range."""
    low, high = number_bounds(domain.value)
    return amount(str(low)), amount(str(high))


def follow_each_other(domain: Domain) -> bool:
    """True for a range of two whole numbers."""
    low, high = number_bounds(domain.value)
    return float(low).is_integer() and high - low == 1


def converted(domain: Domain) -> tuple[str, str, str]:
    """Both ends of a range in another unit, and the unit: `40..50 sq mi`."""
    bounds, _, unit = domain.value.partition(" ")
    low, high = number_bounds(bounds)
    return amount(str(low)), amount(str(high)), unit


_SLOT = re.compile(r"\{[so]\}")


def parted(title: str) -> tuple[str, str | None]:
    """ "Velan (company)" -> ("Velan", "company"): a name, and what tells it from others."""
    name, bracket, remark = title.removesuffix(")").partition(" (")
    return (name, remark) if bracket and title.endswith(")") else (title, None)


def filled(phrase: str, text: str) -> str:
    """A phrase with its slot filled."""
    return _SLOT.sub(lambda _: text, phrase)


def ends_with_slot(phrase: str) -> bool:
    """True when what fills the slot comes last, so that a long noun phrase does not tear the sentence apart."""
    return phrase.endswith(("{s}", "{o}"))
