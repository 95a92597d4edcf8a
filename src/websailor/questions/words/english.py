"""English.

A thing is "the company that Velan Torid founded" where only one fits and "a company ..." otherwise. Long noun phrases
stand at the end of their clause, and what follows one is set off by a comma, so that every clause has one reading.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

from websailor.questions.words.amounts import EnglishAmounts
from websailor.questions.words.english_frames import OPENINGS, PERSON_CLOSINGS, THING_CLOSINGS, EnglishFrames
from websailor.questions.words.english_grammar import (
    STUTTER,
    VERB_AND_ANY_TAIL,
    VERB_AND_TAIL,
    listed,
    ordinal,
    plain_between,
    reduced,
    repeats,
    sentence,
    takes_the,
    with_article,
    with_they,
)
from websailor.questions.words.plan import Clause, End, Mention, NoWording, Possession, Thing, told_variables
from websailor.questions.words.speaker import (
    Speaker,
    amount,
    amounts,
    converted,
    ends_with_slot,
    filled,
    follow_each_other,
    looks_back,
)
from websailor.records import Atom, Domain


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
        suffix = f" {self.amounts.unit(unit)}" if unit else ""
        match domain.lattice:
            case "decade":
                return f"the {domain.value}"
            case "half_century":
                return "between {} and {}".format(*domain.value.split("-"))
            case "century":
                return f"the {ordinal(int(domain.value))} century"
            case "range":
                frame = "{} or {}" if follow_each_other(domain) else "between {} and {}"
                return frame.format(*amounts(domain)) + suffix
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
        takes = kind_name == "currency" or (kind_name != "person" and takes_the(name))
        return f"the {name}" if takes and not name.startswith("The ") else name

    def head(self, thing: Thing, definite: bool) -> str:
        """The noun phrase without its clauses."""
        variable = thing.variable
        noun = self.noun(variable)
        article = f"the {noun}" if definite else with_article(noun)
        head = article
        if variable in self.others:
            later = [] if self.root.variable == variable else self.named_later(variable)
            head = f"{article} other than {listed(later, 'or')}" if later else f"another {noun}"
            if later and (thing.called or self.initial(variable)):
                raise NoWording("too much is said of one name")
        if thing.called is not None:
            return f"{head} called {self.slot(thing.called.name)}"
        letter = self.initial(variable)
        return f"{head} whose name begins with {self.slot(letter)}" if letter else head

    def named_later(self, variable: str) -> list[str]:
        """Names of what a thing must not be, where they are told after it, so that "another" would say too little."""
        order = told_variables(self.root)
        pairs = [pair for pair in self.pattern.distinct if variable in pair and set(pair) <= set(order)]
        rivals = [one if other == variable else other for one, other in pairs]
        if any(order.index(one) < order.index(variable) for one in rivals):
            return []
        return [self.mention(Thing(one)) for one in rivals if self.is_named(one)]

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
        for _ in range(6 if self.careful else 0):
            verbs = [text.removeprefix(pronoun) for text in texts]
            if not repeats(verbs) or not repeats(self._together(verbs, clauses)):
                break
            texts = [self._relative(clause, pronoun) for clause in clauses]
        if len(texts) == 1:
            return reduced(texts[0], pronoun) if whole and self.rng.random() < 0.6 else texts[0]
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

    def possession(self, end: Possession) -> str:
        clause = end.by
        pronoun, own = ("they", "their") if self.kind(end.owner).pronoun == "who" else ("it", "its")
        if clause.forward and self.sayings.is_only(clause):
            role = self.sayings.role(clause)
            assert role is not None
            return f"{own} {role}"
        told = [phrase[: -len("{o}")].rstrip() for phrase in self.sayings.of(clause).verbs if ends_with_slot(phrase)]
        if pronoun == "they":
            told = [plural for verb in told if (plural := with_they(verb)) is not None]
        told = [verb for verb in told if " the " not in verb] or told
        told = [verb for verb in told if not verb.startswith(("is ", "are "))]
        if not told:
            raise NoWording("no phrase for what belongs to somebody")
        that = "whom" if self.kind(end.variable).pronoun == "who" else "that"
        return f"{with_article(self.noun(end.variable))} {that} {pronoun} {self.rng.choice(told)}"

    def _relative(self, clause: Clause, pronoun: str) -> str:
        if not clause.forward and not self.is_long(clause.end):
            relatives = self.sayings.of(clause).relatives
            if relatives:
                return filled(self.rng.choice(relatives), self.other_end(clause))
        return pronoun + self.predicate(clause)

    def predicate(self, clause: Clause) -> str:
        """A verb phrase said of the near end: "works for the company ...". One that repeats itself ("published a work
        published by") is said anew where it can be.
        """
        told = self._predicate(clause)
        for _ in range(6 if self.careful else 0):
            if not STUTTER.search(told):
                break
            told = self._predicate(clause)
        return told

    def _predicate(self, clause: Clause) -> str:
        phrases = self.sayings.of(clause)
        choices = phrases.verbs
        if clause.end is None:
            return self.rng.choice(choices)
        if isinstance(clause.end, Possession):
            choices = [phrase for phrase in choices if ends_with_slot(phrase)] or choices
        if self.is_span(clause.end):
            choices = [phrase for phrase in choices if " since {" not in phrase] or choices
        if "," in self.other_end(clause):
            choices = [phrase for phrase in choices if ends_with_slot(phrase)] or choices
        if self.is_long(clause.end):
            choices = [phrase for phrase in choices if ends_with_slot(phrase)]
            if not choices and not clause.forward and phrases.relatives and isinstance(clause.said, Atom):
                choices = [f"is the {phrases.noun} of {{s}}"]
        if isinstance(clause.said, Atom) and clause.said.at is not None and not self.is_long(clause.end):
            choices = [phrase for phrase in choices if not ends_with_slot(phrase)] or choices
        if not choices:
            raise NoWording("a clue has no phrase that a long description can follow")
        return plain_between(filled(self.rng.choice(choices), self.other_end(clause)))

    def predicates(self, clauses: Sequence[Clause]) -> str:
        """Verb phrases joined; a comma goes before what follows a long one."""
        texts = self._together([self.predicate(clause) for clause in clauses], clauses)
        for _ in range(6 if self.careful else 0):
            if not repeats(texts):
                break
            texts = self._together([self.predicate(clause) for clause in clauses], clauses)
        if len(texts) > 1 and any(self.is_long(clause.end) for clause in clauses[:-1]):
            return f"{', '.join(texts[:-1])}, and {texts[-1]}"
        return listed(texts)

    def _together(self, texts: list[str], clauses: Sequence[Clause]) -> list[str]:
        """One verb for a time and a place: "was born in 1953" and "was born in X" are "was born in X in 1953"."""
        texts = list(texts)
        pattern = VERB_AND_ANY_TAIL if self.careful else VERB_AND_TAIL
        for number, clause in enumerate(clauses):
            time = VERB_AND_TAIL.fullmatch(texts[number])
            if time is None or not _is_plain(clause) or not self.is_literal(_end(clause).variable):
                continue
            for other, place in enumerate(clauses):
                match = pattern.fullmatch(texts[other]) if _is_plain(place) else None
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
        if self.careful and (rivals := self.rivals()):
            return f"Which {noun} other than {listed(rivals, 'or')} {told}?"
        if self.root.variable in self.others:
            return f"Which other {noun} {told}?"
        if self.kind(self.root.variable).pronoun == "who" and self.rng.random() < 0.3:
            return f"Who {told}?"
        return f"Which {noun} {told}?"

    def alone(self, clause: Clause) -> str:
        return sentence(f"this {self.noun(self.root.variable)} {self.predicate(clause)}")

    def rank_alone(self) -> str:
        kind = self.kind(self.root.variable)
        noun = self.noun(self.root.variable)
        return sentence(f"of all the {kind.plural} of {self.whom} this is true, this {noun} {self.ranked()}")

    def around(self, sentences: str) -> str:
        noun = self.noun(self.root.variable)
        head = with_article(noun)
        if self.root.variable in self.others and self.rivals():
            head += f" other than {listed(self.rivals(), 'or')}"
        who = self.kind(self.root.variable).pronoun == "who"
        opening = self.rng.choice(["I am looking for {}", "I am trying to identify {}", "There is {}"]).format(head)
        closing = ["Who is it?", f"Who is this {noun}?"] if who else ["What is its name?", f"Which {noun} is it?"]
        return f"{sentence(opening)} {sentences} {self.rng.choice(closing)}"

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
        head = noun
        if self.root.variable in self.others:
            head += f" other than {listed(self.rivals(), 'or')}"
        ranked = self.root.rank is not None
        frame = self.rng.choice([one for one in OPENINGS if not (ranked and one.asks)])
        told = [f"{head} {self.relative(self.root, short, whole=False)}"] if short else [head]
        last = short
        if not short and long and not looks_back(long[0]):
            joined = self._told_apart(long[0], f"{head} {self.kind(self.root.variable).pronoun}", noun)
            if not any(one.startswith(f"that {noun} ") for one in joined):
                told, last, long = joined, long[:1], long[1:]
        sentences = [frame.opened(told[0]), *map(sentence, told[1:])]
        explicit, subject = frame.again.format(noun), ""
        for clause in long:
            near = {kind for one in last for kind in self.nouns_in(one.end)}
            again = self.rng.random() < 0.5 and subject == f"this {noun}"
            subject = explicit if noun in near or again else f"this {noun}"
            plain = len(last) < 2 and all(isinstance(one.said, Atom) for one in last)
            if noun not in near and plain and self._is_only_thing(near) and self.rng.random() < 0.5:
                subject = "it"
            sentences += map(sentence, self._told_apart(clause, subject, noun))
            last = [clause]
        if ranked:
            sentences.append(self.rng.choice(self._which_of_all()).format(self.ranked()))
        elif not frame.asks:
            closings = PERSON_CLOSINGS if self.kind(self.root.variable).pronoun == "who" else THING_CLOSINGS
            sentences.append(self.rng.choice(closings).format(noun))
        return " ".join(sentences)

    def _is_only_thing(self, near: Collection[str]) -> bool:
        """True where "it" can mean the focus alone: all else in the sentence before are people."""
        people = {noun for noun in near if (kind := self.corpus.lexicon.kind(noun)) and kind.pronoun == "who"}
        return self.kind(self.root.variable).pronoun != "who" and people == set(near)

    def _which_of_all(self) -> list[str]:
        """Questions for the one among all that the clauses fit."""
        plural = self.kind(self.root.variable).plural
        return [
            f"Of all the {plural} of {self.whom} this is true, which one {{}}?",
            f"There may be several such {plural}. Which of them {{}}?",
            f"Among all {plural} that fit this description, which one {{}}?",
        ]

    def _told_apart(self, clause: Clause, subject: str, of: str) -> list[str]:
        """A clause with a long end as sentences: the end is introduced with its first clause, the others follow.
        `of` is the noun of the subject.
        """
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
        role = self.role(thing.variable) if noun == of else None
        that = f"that {role or noun}"
        if noun == of and role is None and subject.startswith("the latter"):
            raise NoWording('"the latter" could be either of two')
        if noun == of and role is None and subject.startswith("that "):
            that = "the latter"
        told = [clause.end for clause in first]
        plain = [one for one in rest if not self.is_long(one.end)]
        back = [one for one in plain if looks_back(one)] if any(self.is_long(one.end) for one in rest) else []
        short = [one for one in plain if one not in back]
        if short:
            sentences.append(f"{that} {self.predicates(short)}")
            told += [one.end for one in short]
        for one in [*(one for one in rest if self.is_long(one.end)), *back]:
            if any(noun in self.nouns_in(end) for end in told):
                raise NoWording(f'"{that}" could be either of two')
            sentences.extend(self._told_apart(one, that, noun))
            told.append(one.end)
        return sentences


def _is_plain(clause: Clause) -> bool:
    """True for an atom without a time or a source of its own."""
    return isinstance(clause.said, Atom) and clause.said.at is None and clause.said.stated_in is None


def _end(clause: Clause) -> End:
    assert clause.end is not None
    return clause.end
