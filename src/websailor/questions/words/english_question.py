"""English questions: how clauses become a sentence or a paragraph that asks.

Enters: what `english` says of clauses. Leaves: `English`. What carries clauses of its own gets sentences of its own,
and "that person" must leave no doubt which.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

from websailor.questions.words.english import EnglishClauses
from websailor.questions.words.english_frames import (
    AFTER_OTHERS,
    BARE_OPENINGS,
    OPENINGS,
    PERSON_CLOSINGS,
    THING_CLOSINGS,
)
from websailor.questions.words.english_grammar import also, excepting, sentence
from websailor.questions.words.plan import Clause, End, NoWording, Thing, told_variables
from websailor.questions.words.speaker import looks_back
from websailor.records import Atom
from websailor.wiki.english import listed, with_article


class English(EnglishClauses):
    """See the module."""

    def statement(self) -> str:
        noun = self.noun(self.root.variable)
        subject = f"the {noun}"
        if rivals := self.rivals() if self.careful else []:
            pronoun = "who" if self.kind(self.root.variable).pronoun == "who" else "which"
            subject = f"the {noun}, {pronoun} is not {listed(rivals, 'or')},"
        elif self.root.variable in self.others:
            subject = f"the other {noun}"
        if self.root.rank is None:
            return sentence(f"{subject} {self.predicates(self.root.clauses)}")
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

    def none_sentences(self) -> list[str]:
        noun = self.noun(self.root.variable)
        return [
            f' If there is no such {noun}, answer "none".',
            f' It may be that there is no such {noun}: then answer "none".',
        ]

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
        others = self.rivals() if self.root.variable in self.others else []
        ranked = self.root.rank is not None
        frame = self.rng.choice([one for one in OPENINGS if not (ranked and one.asks)])
        head = excepting(noun, others, followed=True) if others else noun
        last = short
        if short:
            told = [f"{head} {self.relative(self.root, short, whole=False)}"]
            self.tells_again(self.root.variable, short)
        else:
            told = self._opened_by_long(head, long, noun)
            last, long = (long[:1], long[1:]) if told else ([], long)
        if not told:
            head = excepting(noun, others, followed=False) if others else noun
            told = [f"{head} of {self.whom} I know the following"]
            frame = self.rng.choice([one for one in BARE_OPENINGS if not (ranked and one.asks)])
        sentences = [frame.opened(told[0]), *map(sentence, told[1:])]
        explicit, subject = frame.again.format(noun), ""
        alone = len(told) == 1
        for clause in long:
            near = {kind for one in last for kind in self.nouns_in(one.end)}
            again = self.rng.random() < 0.5 and subject == f"this {noun}"
            subject = explicit if noun in near or again else f"this {noun}"
            plain = len(last) < 2 and all(isinstance(one.said, Atom) for one in last)
            if noun not in near and plain and alone and self._is_only_thing(near) and self.rng.random() < 0.5:
                subject = "it"
            told = self._told_apart(clause, subject, noun, self.root.variable)
            sentences += map(sentence, told)
            alone = len(told) == 1
            last = [clause]
        if ranked:
            sentences.append(self.rng.choice(self._which_of_all()).format(self.ranked()))
        elif not frame.asks:
            is_person = self.kind(self.root.variable).pronoun == "who"
            closings = PERSON_CLOSINGS if is_person else THING_CLOSINGS
            if not alone:
                closings = PERSON_CLOSINGS[-1:] if is_person else AFTER_OTHERS
            sentences.append(self.rng.choice(closings).format(noun))
        return " ".join(sentences)

    def _opened_by_long(self, head: str, long: Sequence[Clause], noun: str) -> list[str]:
        """The first sentences, where there is no short clause to begin with; none where no long one can begin."""
        if not long or looks_back(long[0]):
            return []
        pronoun = self.kind(self.root.variable).pronoun
        told, definite = set(self._told_of), self.definite
        joined = self._told_apart(long[0], f"{head} {pronoun}", noun, self.root.variable)
        if not any(one.startswith(f"that {noun} ") for one in joined):
            return joined
        self._told_of, self.definite = told, definite
        return []

    def _verb(self, near: str, clause: Clause) -> str:
        """A predicate in a sentence of its own."""
        verb = self.predicate(clause)
        return also(verb) if self.tells_again(near, [clause]) and self.careful else verb

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

    def _told_apart(self, clause: Clause, subject: str, of: str, near: str) -> list[str]:
        """A clause with a long end as sentences: the end is introduced with one clause, the others follow. `of` is the
        noun of the subject, `near` the variable.
        """
        thing = clause.end
        if not isinstance(thing, Thing) or len(thing.clauses) < 2:
            return [f"{subject} {self._verb(near, clause)}"]
        first = self._introduction(thing)
        rest = [one for one in thing.clauses if one is not first]
        introduced = replace(thing, clauses=[first])
        if not self.pins_down(first):
            self.definite = frozenset(self.definite) - {thing.variable}
        sentences = [f"{subject} {self._verb(near, replace(clause, end=introduced))}"]
        self.tells_again(thing.variable, [first])
        told = [first.end]
        plain = [one for one in rest if not self.is_long(one.end)]
        back = [one for one in plain if looks_back(one)] if any(self.is_long(one.end) for one in rest) else []
        short = [one for one in plain if one not in back]
        if short:
            that = self._that_thing(thing, subject, of, told)
            sentences.append(f"{that} {self._verb_of_all(thing.variable, short)}")
            told += [one.end for one in short]
        for one in [*(one for one in rest if self.is_long(one.end)), *back]:
            that = self._that_thing(thing, subject, of, told)
            sentences.extend(self._told_apart(one, that, self.noun(thing.variable), thing.variable))
            told.append(one.end)
        return sentences

    def _verb_of_all(self, near: str, clauses: Sequence[Clause]) -> str:
        if len(clauses) == 1:
            return self._verb(near, clauses[0])
        self.tells_again(near, clauses)
        return self.predicates(clauses)

    def _introduction(self, thing: Thing) -> Clause:
        """The clause that introduces a thing: the first, or one that speaks of nothing else of its type, so that "that
        person" can follow.
        """
        noun = self.noun(thing.variable)
        for one in thing.clauses if self.careful else ():
            others = [clause.end for clause in thing.clauses if clause is not one]
            below = {name for end in others if isinstance(end, Thing) for name in told_variables(end)}
            waits = looks_back(one) and one.end is not None and one.end.variable in below
            if noun not in self.nouns_in(one.end) and not waits:
                return one
        return thing.clauses[0]

    def _that_thing(self, thing: Thing, subject: str, of: str, told: Sequence[End | None]) -> str:
        """ "that person", or by its role where another person was told of since."""
        noun = self.noun(thing.variable)
        crowded = any(noun in self.nouns_in(end) for end in told)
        role = self.role(thing.variable) if noun == of or crowded else None
        if role is not None:
            return f"that {role}"
        if crowded:
            raise NoWording(f'"that {noun}" could be either of two')
        if noun == of and subject.startswith("the latter"):
            raise NoWording('"the latter" could be either of two')
        return "the latter" if noun == of and subject.startswith("that ") else f"that {noun}"
