"""English clauses: noun phrases, relative clauses, predicates.

Enters: a plan and its pattern. Leaves: `EnglishClauses`, from which `english_question` makes questions. A thing is "the
company that Velan Torid founded" where only one fits and "a company ..." otherwise. Long noun phrases stand at the end
of their clause, and what follows one is set off by a comma, so that every clause has one reading.
"""

from collections.abc import Sequence

from websailor.questions.words.amounts import EnglishAmounts
from websailor.questions.words.english_frames import EnglishFrames
from websailor.questions.words.english_grammar import (
    PREPOSITIONS,
    STUTTER,
    VERB_AND_ANY_TAIL,
    VERB_AND_TAIL,
    also,
    excepting,
    ordinal,
    plain_time,
    reduced,
    repeats,
    takes_the,
    told_alike,
    with_they,
    within,
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
    parted,
)
from websailor.records import Atom, Domain
from websailor.wiki.english import day, listed, with_article


class EnglishClauses(Speaker):
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
                low, high = amounts(domain)
                return (f"{low} or {high}" if follow_each_other(domain) else within(low, high)) + suffix
            case "converted":
                low, high, unit = converted(domain)
                return f"{within(low, high)} {self.amounts.unit(unit)}"
            case "day":
                return day(domain.value)
            case "year":
                year = int(domain.value)
                return str(year) if year > 0 else f"{-year} BC"
        is_number = self.pattern.value_types[domain.variable] == "number"
        return amount(domain.value) + suffix if is_number else domain.value

    def named(self, name: str, kind_name: str) -> str:
        """A name as it stands in a sentence: some want an article."""
        titled = kind_name == "person" or self.corpus.lexicon.is_work(kind_name)
        takes = kind_name == "currency" or (not titled and takes_the(name))
        return f"the {name}" if takes and not name.startswith("The ") else name

    def fictional(self, title: str, kind_name: str) -> str:
        noun, kind = self.corpus.lexicon.noun(kind_name), self.corpus.lexicon.kind(kind_name)
        name, remark = parted(title)
        if remark is not None:
            if remark == "person":
                return f"{name} (the person)"
            return f"the {noun} {name}" if remark == noun else title
        return f"the {title}" if kind is not None and title.rsplit(" ", 1)[-1] in kind.articled else title

    def head(self, thing: Thing, definite: bool) -> str:
        """The noun phrase without its clauses."""
        variable = thing.variable
        noun = self.noun(variable)
        article = f"the {noun}" if definite else with_article(noun)
        head = article
        if variable in self.others:
            later = [] if self.root.variable == variable else self.named_later(variable)
            head = excepting(article, later, bool(thing.clauses)) if later else self.another(variable)
            if later and (thing.called or self.initial(variable)):
                raise NoWording("too much is said of one name")
        if thing.called is not None:
            return f"{head} called {self.slot(thing.called.name)}"
        letter = self.initial(variable)
        if not letter:
            return head
        begins = "with a name beginning" if thing.clauses else "whose name begins"
        return f"{head} {begins} with {self.slot(letter)}"

    def another(self, variable: str) -> str:
        """ "another person"; "yet another person" after two that it must not be."""
        noun = self.noun(variable)
        order = told_variables(self.root)
        pairs = [pair for pair in self.pattern.distinct if variable in pair and set(pair) <= set(order)]
        rivals = {one if other == variable else other for one, other in pairs}
        before = [one for one in order[: order.index(variable)] if one in rivals and self.noun(one) == noun]
        return f"yet another {noun}" if self.careful and len(before) > 1 else f"another {noun}"

    def described(self, thing: Thing) -> str:
        head = self.head(thing, thing.variable in self.definite)
        if not thing.clauses:
            return head
        whole = not self.initial(thing.variable) and thing.called is None and not head.endswith(",")
        return f"{head} {self.relative(thing, self.in_order(thing), whole)}"

    def in_order(self, thing: Thing) -> list[Clause]:
        """The clauses as they stand within a sentence: "the same company" goes before what is long, where it can."""
        if not self.careful:
            return thing.clauses
        long = [one for one in thing.clauses if self.is_long(one.end)]
        within = {name for one in long if isinstance(one.end, Thing) for name in told_variables(one.end)}
        early = [one for one in thing.clauses if one not in long and not (looks_back(one) and _variable(one) in within)]
        return early + [one for one in thing.clauses if one not in early]

    def relative(self, thing: Thing, clauses: Sequence[Clause], whole: bool = True) -> str:
        """Relative clauses: "that was founded by X and has its head office in Y"; reduced to "founded by X" where one
        stands alone.
        """
        pronoun = f"{self.kind(thing.variable).pronoun} "
        told = [self._relative(clause, pronoun) for clause in clauses]
        for _ in range(6 if self.careful else 0):
            verbs = [text.removeprefix(pronoun) for text, _ in told]
            if not repeats(verbs) or not repeats(self._together(verbs, clauses)):
                break
            told = [self._relative(clause, pronoun) for clause in clauses]
        texts = [
            pronoun + also(text.removeprefix(pronoun))
            if self.careful and is_subject and self.is_told_again(clauses, number)
            else text
            for number, (text, is_subject) in enumerate(told)
        ]
        if len(texts) == 1:
            return reduced(texts[0], pronoun) if whole and self.rng.random() < 0.6 else texts[0]
        torn = any(self.is_long(clause.end) for clause in clauses[:-1])
        if any(pronoun.strip() in self.pronouns_in(clause.end) for clause in clauses[:-1]):
            raise NoWording("a relative clause could belong to either of two things")
        plain = all(isinstance(clause.said, Atom) for clause in clauses)
        if plain and all(is_subject for _, is_subject in told) and not torn:
            return pronoun + listed(self._together([text.removeprefix(pronoun) for text in texts], clauses))
        return f"{', '.join(texts[:-1])}, and {texts[-1]}" if torn and self.careful else listed(texts)

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
        symmetric = isinstance(clause.said, Atom) and self.sayings.relation(clause.said).symmetric
        if (clause.forward or symmetric) and self.sayings.is_only(clause):
            role = self.sayings.role(clause)
            assert role is not None
            return f"{own} {role}"
        told = [phrase[: -len("{o}")].rstrip() for phrase in self.sayings.of(clause).verbs if ends_with_slot(phrase)]
        if pronoun == "they":
            told = [plural for verb in told if (plural := with_they(verb)) is not None]
        told = [verb for verb in told if " the " not in verb] or told
        told = [verb for verb in told if not verb.startswith(("is ", "are ")) or verb.endswith(" with")]
        if not told:
            raise NoWording("no phrase for what belongs to somebody")
        is_person = self.kind(end.variable).pronoun == "who"
        verb, _, last = self.rng.choice(told).rpartition(" ")
        if last in PREPOSITIONS:
            relative = f"{last} {'whom' if is_person else 'which'} {pronoun} {verb}"
        else:
            relative = f"{'whom' if is_person else 'that'} {pronoun} {verb} {last}".replace("  ", " ")
        return f"{with_article(self.noun(end.variable))} {relative}"

    def _relative(self, clause: Clause, pronoun: str) -> tuple[str, bool]:
        """A relative clause, and whether its pronoun is the subject, so that several can share it."""
        if not clause.forward and not self.is_long(clause.end):
            relatives = self.sayings.of(clause).relatives
            if relatives:
                chosen = self.rng.choice(relatives)
                is_subject = chosen.startswith(pronoun) and not (self.careful and chosen.startswith(f"{pronoun}{{"))
                return filled(chosen, self.other_end(clause)), is_subject
        return pronoun + self.predicate(clause), True

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
        limited = isinstance(clause.said, Atom) and (clause.said.at or clause.said.stated_in)
        if self.careful and not self.is_long(clause.end):
            choices = [phrase for phrase in choices if not told_alike(phrase, choices)]
        if limited and not self.is_long(clause.end):
            choices = [phrase for phrase in choices if not ends_with_slot(phrase)] or choices
        if not choices:
            raise NoWording("a clue has no phrase that a long description can follow")
        return plain_time(filled(self.rng.choice(choices), self.other_end(clause)))

    def predicates(self, clauses: Sequence[Clause]) -> str:
        """Verb phrases joined; a comma goes before what follows a long one."""
        texts = self._together([self.predicate(clause) for clause in clauses], clauses)
        for _ in range(6 if self.careful else 0):
            if not repeats(texts):
                break
            texts = self._together([self.predicate(clause) for clause in clauses], clauses)
        if self.careful and len(texts) == len(clauses):
            texts = [also(text) if self.is_told_again(clauses, one) else text for one, text in enumerate(texts)]
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


def _is_plain(clause: Clause) -> bool:
    """True for an atom without a time or a source of its own."""
    return isinstance(clause.said, Atom) and clause.said.at is None and clause.said.stated_in is None


def _variable(clause: Clause) -> str | None:
    return None if clause.end is None else clause.end.variable


def _end(clause: Clause) -> End:
    assert clause.end is not None
    return clause.end
