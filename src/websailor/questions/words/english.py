"""English.

A thing is "the company that Velan Torid founded" where only one fits and "a company ..." otherwise. Long noun phrases
stand at the end of their clause, and what follows one is set off by a comma, so that every clause has one reading.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from websailor.questions.words.amounts import EnglishAmounts
from websailor.questions.words.plan import Clause, End, Mention, NoWording, Thing
from websailor.questions.words.speaker import (
    Speaker,
    amount,
    amounts,
    converted,
    ends_with_slot,
    filled,
    looks_back,
)
from websailor.records import Atom, Domain, SourceKind

_PARTICIPLES = frozenset(
    [
        "written",
        "made",
        "held",
        "led",
        "set",
        "born",
        "run",
        "taught",
        "built",
        "known",
        "found",
        "won",
        "given",
        "sung",
    ]
)
_TAKES_THE = re.compile(
    r"(?:.*\b(?:Party|Empire|Republic|States|Union|Kingdom|Islands|Army|Navy|Forces|War|Wars|Revolution|Rebellion|Ocean|Sea|River"
    r"|Desert|Mountains|Alps|Organi[sz]ation|Confederation|Medal|Prize|Award|Awards|Fellowship|Academy|Institute|Society"
    r"|Commission|Council|Senate|Assembly|Netherlands|Philippines|Bahamas|League|Church|Office|Program|Programme|language"
    r"|Cent(?:er|re)|Colonies|Module|Sahel|subcontinent|coast|Time Zone|languages"
    r"|Administration|Agency|Association|Foundation|Bank|Corps|Guard|Regiment|school)(?: \(.*\))?"
    r"|(?:University|Horn|Council|Estates|Republic|Kingdom|Battle|Siege|Treaty|Order|Museum|Academy|Institute|Duchy|Isle"
    r"|Gulf|Bank|House|Church|Legion"
    r"|Army|Confederation|Federation|Ministry|Department|Bay|Peace|Presidency|Parliament|Congress"
    r"|(?:.* )?States) of .*)$"
)
_BEFORE_BETWEEN = re.compile(r"\b(?:in|on|from|since|of|at) (between )")
_IN = re.compile(r"(?P<verb>\w+(?: \w+)?) (?P<tail>(?:in|between|at) .*)")
_SUFFIXES = ("th", "st", "nd", "rd")


def ordinal(number: int) -> str:
    """1 -> 1st."""
    return f"{number}{'th' if 10 <= number % 100 <= 20 or number % 10 > 3 else _SUFFIXES[number % 10]}"


def with_article(noun: str) -> str:
    """a or an, by the first letter; a few words sound otherwise than they are spelt."""
    vowel = noun[:1].lower() in "aeiou" and not noun.lower().startswith(("uni", "eu", "one", "use"))
    return f"{'an' if vowel or noun.lower().startswith('hour') else 'a'} {noun}"


def listed(phrases: Sequence[str], word: str = "and") -> str:
    """a, b and c."""
    if len(phrases) < 2:
        return "".join(phrases)
    return f"{', '.join(phrases[:-1])} {word} {phrases[-1]}"


def capital(text: str) -> str:
    """With a capital first letter."""
    return text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """With a capital and a full stop, which the abbreviation of a name may have brought."""
    return capital(text) if text.endswith(".") else f"{capital(text)}."


_BEFORE_SLOT = re.compile(r"(?P<verb>.+?) (?P<tail>(?:(?:by|in|at|for|to|with|of|on|from|after) )?\{[so]\})")
_SOURCES: dict[SourceKind, str] = {"infobox": "the infobox", "sentence": "the text", "table": "a table"}


class EnglishFrames:
    """See `sayings.Frames`."""

    def order(self, happened: str, event: str, before: bool, amount: str) -> list[str]:
        return [f"{happened} {f'{amount} ' if amount else ''}{'before' if before else 'after'} {event}"]

    def alike(self, shared: Sequence[str]) -> list[str]:
        same = listed([f"the same {noun}" for noun in shared])
        return [f"shares {listed([with_article(noun) for noun in shared])} with {{o}}", f"has {same} as {{o}}"]

    def sourced(self, phrase: str, kind: SourceKind, of_end: bool, noun: str) -> str:
        """In brackets, before what may be a long noun phrase."""
        whose = (
            f"of that {noun}'s article"
            if of_end
            else "of its own article"
            if noun != "person"
            else "of the person's own article"
        )
        rule = f"(according to {_SOURCES[kind]} {whose})"
        match = _BEFORE_SLOT.fullmatch(phrase)
        return f"{match['verb']} {rule} {match['tail']}" if match else f"{phrase} {rule}"


class English(Speaker):
    """See the module."""

    language = "en"
    amounts = EnglishAmounts()
    frames = EnglishFrames()

    def noun(self, variable: str) -> str:
        noun = self.corpus.lexicon.noun(self.kind(variable).name)
        assert noun is not None
        return noun

    def again(self, variable: str) -> str:
        return f"the same {self.noun(variable)}"

    def that(self, variable: str, role: str | None) -> str:
        return f"that {role or self.noun(variable)}"

    def value(self, domain: Domain, unit: str | None) -> str:
        suffix = f" {unit}" if unit else ""
        match domain.lattice:
            case "decade":
                return f"the {domain.value}"
            case "half_century":
                return "between {} and {}".format(*domain.value.split("-"))
            case "century":
                return f"the {ordinal(int(domain.value))} century"
            case "range":
                return "between {} and {}".format(*amounts(domain)) + suffix
            case "converted":
                low, high, unit = converted(domain)
                return f"between {low} and {high} {self.amounts.unit(unit)}"
            case "year":
                year = int(domain.value)
                return str(year) if year > 0 else f"{-year} BC"
        is_number = self.pattern.value_types[domain.variable] == "number"
        return amount(domain.value) + suffix if is_number else domain.value

    def named(self, name: str, kind_name: str) -> str:
        """A name as it stands in a sentence: some want an article."""
        takes = kind_name == "currency" or (kind_name != "person" and bool(_TAKES_THE.match(name)))
        return f"the {name}" if takes and not name.startswith("The ") else name

    def head(self, thing: Thing, definite: bool) -> str:
        """The noun phrase without its clauses."""
        variable = thing.variable
        noun = self.noun(variable)
        article = f"the {noun}" if definite else with_article(noun)
        head = f"another {noun}" if variable in self.others else article
        if thing.called is not None:
            return f"{head} called {thing.called.name}"
        letter = self.initial(variable)
        return f"{head} whose name begins with {letter}" if letter else head

    def described(self, thing: Thing) -> str:
        head = self.head(thing, thing.variable in self.definite)
        if not thing.clauses:
            return head
        joint = " and" if self.initial(thing.variable) and thing.called is None else ""
        return f"{head}{joint} {self.relative(thing, thing.clauses, whole=not joint and thing.called is None)}"

    def relative(self, thing: Thing, clauses: Sequence[Clause], whole: bool = True) -> str:
        """Relative clauses: "that was founded by X and has its head office in Y"; reduced to "founded by X" where one
        stands alone.
        """
        pronoun = f"{self.kind(thing.variable).pronoun} "
        texts = [self._relative(clause, pronoun) for clause in clauses]
        if len(texts) == 1:
            return _reduced(texts[0], pronoun) if whole and self.rng.random() < 0.6 else texts[0]
        torn = any(self.is_long(clause.end) for clause in clauses[:-1])
        if any(pronoun.strip() in self.pronouns_in(clause.end) for clause in clauses[:-1]):
            raise NoWording("a relative clause could belong to either of two things")
        plain = all(isinstance(clause.said, Atom) for clause in clauses)
        if plain and all(text.startswith(pronoun) for text in texts) and not torn:
            return pronoun + listed(self._together([text.removeprefix(pronoun) for text in texts], clauses))
        return listed(texts)

    def pronouns_in(self, end: End | None) -> set[str]:
        """Relative pronouns of what is described within a noun phrase."""
        if not isinstance(end, Thing) or not end.clauses:
            return set()
        below = set[str]().union(*(self.pronouns_in(clause.end) for clause in end.clauses))
        return {self.kind(end.variable).pronoun, *below}

    def nouns_in(self, end: End | None) -> set[str]:
        """Types of what is described within a noun phrase, itself included."""
        if end is None or isinstance(end, Mention) or self.is_literal(end.variable) or self.is_named(end.variable):
            return set()
        below = set[str]().union(*(self.nouns_in(clause.end) for clause in end.clauses))
        return {self.noun(end.variable), *below}

    def _relative(self, clause: Clause, pronoun: str) -> str:
        if not clause.forward and not self.is_long(clause.end):
            relatives = self.sayings.of(clause).relatives
            if relatives:
                return filled(self.rng.choice(relatives), self.other_end(clause))
        return pronoun + self.predicate(clause)

    def predicate(self, clause: Clause) -> str:
        """A verb phrase said of the near end: "works for the company ..."."""
        phrases = self.sayings.of(clause)
        choices = phrases.verbs
        if clause.end is None:
            return self.rng.choice(choices)
        if "," in self.other_end(clause):
            choices = [phrase for phrase in choices if ends_with_slot(phrase)] or choices
        if self.is_long(clause.end):
            choices = [phrase for phrase in choices if ends_with_slot(phrase)]
            if not choices and not clause.forward and phrases.relatives and isinstance(clause.said, Atom):
                choices = [f"is the {phrases.noun} of {{s}}"]
        if not choices:
            raise NoWording("a clue has no phrase that a long description can follow")
        return _BEFORE_BETWEEN.sub(r"\1", filled(self.rng.choice(choices), self.other_end(clause)))

    def predicates(self, clauses: Sequence[Clause]) -> str:
        """Verb phrases joined; a comma goes before what follows a long one."""
        texts = self._together([self.predicate(clause) for clause in clauses], clauses)
        if len(texts) > 1 and any(self.is_long(clause.end) for clause in clauses[:-1]):
            return f"{', '.join(texts[:-1])}, and {texts[-1]}"
        return listed(texts)

    def _together(self, texts: list[str], clauses: Sequence[Clause]) -> list[str]:
        """One verb for a time and a place: "was born in 1953" and "was born in X" are "was born in X in 1953"."""
        for number, clause in enumerate(clauses):
            time = _IN.fullmatch(texts[number])
            if time is None or not _is_plain(clause) or not self.is_literal(_end(clause).variable):
                continue
            for other, place in enumerate(clauses):
                match = _IN.fullmatch(texts[other]) if _is_plain(place) else None
                if match and not self.is_literal(_end(place).variable) and match["verb"] == time["verb"]:
                    tails = [match["tail"], time["tail"]]
                    if self.is_long(place.end):
                        tails.reverse()
                    texts[other] = " ".join((time["verb"], *tails))
                    return [text for place_, text in enumerate(texts) if place_ != number]
        return texts

    def statement(self) -> str:
        noun = self.noun(self.root.variable)
        other = "other " if self.root.variable in self.others else ""
        if self.root.rank is None:
            return sentence(f"the {other}{noun} {self.predicates(self.root.clauses)}")
        plural = self.kind(self.root.variable).plural
        return sentence(f"of all the {plural} of {self.whom} the rest is true, this one {self.ranked()}")

    @property
    def whom(self) -> str:
        return "whom" if self.kind(self.root.variable).pronoun == "who" else "which"

    def ranked(self) -> str:
        """ "was the second to be born"."""
        assert self.root.rank is not None
        return self.rng.choice(self.sayings.rank(self.root.rank))

    def brief(self) -> str:
        noun = self.noun(self.root.variable)
        if self.root.rank is not None:
            return self._brief_rank(noun)
        told = self.predicates(self.root.clauses)
        if self.root.variable in self.others:
            return f"Which other {noun} {told}?"
        if self.kind(self.root.variable).pronoun == "who" and self.rng.random() < 0.3:
            return f"Who {told}?"
        return f"Which {noun} {told}?"

    def none_allowed(self) -> str:
        noun = self.noun(self.root.variable)
        return self.rng.choice(
            [
                f' If there is no such {noun}, answer "none".',
                f' It may be that there is no such {noun}: then answer "none".',
            ]
        )

    def _brief_rank(self, noun: str) -> str:
        """All that the clues fit, then the one among them."""
        kind = self.kind(self.root.variable)
        if not self.root.clauses:
            return f"Which of all {kind.plural} {self.ranked()}?"
        every = f"every {noun}"
        if self.root.variable in self.others:
            every += f" other than {listed(self.rivals(), 'or')}"
        opening = self.rng.choice(["Consider {}", "Take {}", "Think of {}"]).format(every)
        told = self.predicates(self.root.clauses)
        return f"{opening} {kind.pronoun} {told}. Which of them {self.ranked()}?"

    def full(self) -> str:
        noun = self.noun(self.root.variable)
        short = [clause for clause in self.root.clauses if not self.is_long(clause.end) and not looks_back(clause)]
        long = [clause for clause in self.root.clauses if self.is_long(clause.end) or looks_back(clause)]
        opening = self.rng.choice(
            ["I am looking for {}", "I am trying to identify {}", "There is {}", "I would like to know the name of {}"]
        )
        head = with_article(noun)
        if self.root.variable in self.others:
            head += f" other than {listed(self.rivals(), 'or')}"
        told = f" {self.relative(self.root, short, whole=False)}" if short else ""
        sentences = [opening.format(head + told)]
        again = self.rng.choice([f"the {noun} in question", f"the {noun} I am looking for"])
        named_again = any(noun in self.nouns_in(clause.end) for clause in short)
        for number, clause in enumerate(long):
            sentences.extend(self._told_apart(clause, again if number or named_again else f"this {noun}"))
        who = self.kind(self.root.variable).pronoun == "who"
        if self.root.rank is not None:
            plural = self.kind(self.root.variable).plural
            one = "the one who" if who else "the one that"
            sentences.append(
                self.rng.choice(
                    [
                        f"of all the {plural} of {self.whom} this is true, it is {one} {{}}",
                        f"several {plural} may fit this; among them, I mean {one} {{}}",
                    ]
                ).format(self.ranked())
            )
        closing = ["What is its name?", f"Which {noun} is it?"] if not who else ["Who is it?", f"Who is this {noun}?"]
        if opening.startswith("I would") and not long and self.root.rank is None:
            return f"{sentence(sentences[0])} {closing[1]}"
        return " ".join([*map(sentence, sentences), self.rng.choice(closing)])

    def _told_apart(self, clause: Clause, subject: str) -> list[str]:
        """A clause with a long end as sentences: the end is introduced with its first clause, the others follow."""
        thing = clause.end
        if not isinstance(thing, Thing):
            return [f"{subject} {self.predicate(clause)}"]
        first, rest = thing.clauses[:1], thing.clauses[1:]
        if not rest:
            return [f"{subject} {self.predicate(clause)}"]
        introduced = replace(thing, clauses=first)
        self.definite = frozenset(self.definite) - {thing.variable}
        sentences = [f"{subject} {self.predicate(replace(clause, end=introduced))}"]
        noun = self.noun(thing.variable)
        that = f"that {noun}"
        if subject.startswith("the latter") or subject in (that, f"that same {noun}"):
            if subject.startswith("the latter"):
                raise NoWording('"the latter" could be either of two')
            that = "the latter"
        told = [clause.end for clause in first]
        short = [one for one in rest if not self.is_long(one.end)]
        if short:
            sentences.append(f"{that} {self.predicates(short)}")
            told += [one.end for one in short]
        for one in rest:
            if self.is_long(one.end):
                if any(noun in self.nouns_in(end) for end in told):
                    raise NoWording(f'"{that}" could be either of two')
                sentences.extend(self._told_apart(one, that))
                told.append(one.end)
        return sentences


def _reduced(clause: str, pronoun: str) -> str:
    """ "that was founded by X" -> "founded by X", where a participle follows the verb."""
    for verb in ("was ", "is ", "were ", "are "):
        rest = clause.removeprefix(pronoun + verb)
        if rest != clause:
            first = rest.split(" ", 1)[0]
            if first in _PARTICIPLES or (first.endswith("ed") and len(first) > 3):
                return rest
    return clause


def _is_plain(clause: Clause) -> bool:
    """True for an atom without a time or a source of its own."""
    return isinstance(clause.said, Atom) and clause.said.at is None and clause.said.stated_in is None


def _end(clause: Clause) -> End:
    assert clause.end is not None
    return clause.end
