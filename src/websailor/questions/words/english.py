"""English: noun phrases, verb phrases, relative clauses.

Enters: the plan of a pattern. Leaves: phrases. A thing is "the company that Velan Torid founded" where only one fits
and "a company ..." otherwise; a thing mentioned again is "the same company"; one that must differ is "another person".
"""

import random
import re
from collections.abc import Collection
from dataclasses import dataclass

from websailor.questions.corpus import Corpus
from websailor.questions.lexicon import kind, wording
from websailor.questions.proof.labels import number_bounds
from websailor.questions.structure import domain_of
from websailor.questions.words.plan import Clause, Mention, NoWording, Thing, kind_of, other_variables
from websailor.records import Pattern
from websailor.wiki.relations import Wording

_PARTICIPLES = frozenset(
    ["written", "made", "held", "led", "set", "born", "run", "taught", "built", "known", "found", "fought", "won", "drawn", "sung", "bought", "sold", "given", "taken", "shown", "seen"]
)
_BEFORE_BETWEEN = re.compile(r"\b(?:in|on|from|since|of|at) (between )")
ORDINALS = ("th", "st", "nd", "rd")


def ordinal(number: int) -> str:
    """1 -> 1st."""
    suffix = "th" if 10 <= number % 100 <= 20 or number % 10 > 3 else ORDINALS[number % 10]
    return f"{number}{suffix}"


def with_article(noun: str) -> str:
    """a or an, by the first letter; a few words sound otherwise than they are spelt."""
    vowel = noun[:1].lower() in "aeiou" and not noun.lower().startswith(("uni", "eu", "one", "use"))
    return f"{'an' if vowel or noun.lower().startswith('hour') else 'a'} {noun}"


def amount(text: str) -> str:
    """A number with thousands separated: 45321 -> 45,321."""
    value = float(text)
    return f"{value:,.0f}" if value == round(value) else f"{value:,}"


def listed(phrases: list[str], word: str = "and") -> str:
    """a, b and c."""
    if len(phrases) < 2:
        return "".join(phrases)
    return f"{', '.join(phrases[:-1])} {word} {phrases[-1]}"


@dataclass
class English:
    """Says one pattern. All choices come from `rng`."""

    corpus: Corpus
    pattern: Pattern
    root: Thing
    definite: Collection[str]
    """Variables whose description fits one thing alone."""
    rng: random.Random

    def __post_init__(self) -> None:
        self.others = other_variables(self.pattern, self.root)

    def noun(self, variable: str) -> str:
        """The type of a variable as a word."""
        name = kind_of(self.pattern, variable)
        if kind(name) is None:
            raise NoWording(f"no word for the type {name}")
        return name.replace("_", " ")

    def pronoun(self, variable: str) -> str:
        found = kind(kind_of(self.pattern, variable))
        return found.pronoun if found else "that"

    def value(self, variable: str) -> str:
        """A literal or its label."""
        domain = domain_of(self.pattern, variable)
        assert domain is not None
        if domain.lattice == "decade":
            return f"the {domain.value}"
        if domain.lattice == "half_century":
            return "between {} and {}".format(*domain.value.split("-"))
        if domain.lattice == "century":
            return f"the {ordinal(int(domain.value))} century"
        if domain.lattice == "range":
            low, high = number_bounds(domain.value)
            return f"between {amount(str(low))} and {amount(str(high))}{self.unit(variable)}"
        if domain.lattice == "year":
            year = int(domain.value)
            return str(year) if year > 0 else f"{-year} BC"
        if self.pattern.value_types[variable] == "number":
            return amount(domain.value) + self.unit(variable)
        return domain.value

    def unit(self, variable: str) -> str:
        """The unit of a number as a suffix; the relation's facts all have the same one."""
        atom = next(atom for atom in self.pattern.atoms if atom.object == variable)
        unit = self.corpus.fact[atom.fact].unit
        return f" {unit}" if unit else ""

    def name(self, variable: str) -> str:
        """A named anchor."""
        return self.corpus.mention(self.corpus.entity[self.pattern.assignment[variable]])

    def mention(self, end: Thing | Mention) -> str:
        """A noun phrase."""
        variable = end.variable
        if isinstance(end, Mention):
            return f"the same {self.noun(variable)}"
        if self.pattern.value_types.get(variable, "entity") != "entity":
            return self.value(variable)
        if domain_of(self.pattern, variable, "entity") is not None:
            return self.name(variable)
        return self.described(end)

    def described(self, thing: Thing) -> str:
        """A thing by its type and what is told of it."""
        variable, noun = thing.variable, self.noun(thing.variable)
        letter = domain_of(self.pattern, variable, "initial")
        extra = f" whose name begins with {letter.value}" if letter is not None else ""
        if variable in self.others:
            head = f"another {noun}"
        elif variable in self.definite:
            head = f"the {noun}"
        else:
            head = with_article(noun)
        told = self.relative(thing)
        if not told:
            return head + extra
        return f"{head}{extra}{' and' if extra else ''} {told}"

    def relative(self, thing: Thing) -> str:
        """Relative clauses: "that was founded by X and has its head office in Y"."""
        clauses = [self._relative(clause, thing.variable) for clause in thing.clauses]
        pronoun = f"{self.pronoun(thing.variable)} "
        if len(clauses) > 1 and all(text.startswith(pronoun) for text in clauses):
            return pronoun + listed([text.removeprefix(pronoun) for text in clauses])
        if len(clauses) == 1 and self.rng.random() < 0.6:
            return _reduced(clauses[0], pronoun)
        return listed(clauses)

    def _relative(self, clause: Clause, variable: str) -> str:
        if clause.forward or not self._is_short(clause.end):
            return f"{self.pronoun(variable)} {self.predicate(clause)}"
        phrases = self.phrases(clause).relative
        return self.rng.choice(phrases).format(s=self.mention(clause.end))

    def _is_short(self, end: Thing | Mention) -> bool:
        return isinstance(end, Mention) or not end.clauses

    def phrases(self, clause: Clause) -> Wording:
        found = wording(clause.atom.relation, "en")
        if found is None:
            raise NoWording(f"no words for the relation {clause.atom.relation}")
        return found

    def predicate(self, clause: Clause) -> str:
        """A verb phrase said of the near end: "works for the company ..."."""
        phrases = self.phrases(clause)
        far = self.mention(clause.end)
        text = (
            self.rng.choice(phrases.clue).format(o=far)
            if clause.forward
            else self.rng.choice(phrases.inverse).format(s=far)
        )
        return _BEFORE_BETWEEN.sub(r"\1", text)


def _reduced(clause: str, pronoun: str) -> str:
    """"that was founded by X" -> "founded by X", where a participle follows the verb."""
    for verb in ("was ", "is ", "were ", "are "):
        rest = clause.removeprefix(pronoun + verb)
        if rest != clause:
            first = rest.split(" ", 1)[0]
            if first in _PARTICIPLES or (first.endswith("ed") and len(first) > 3):
                return rest
    return clause
