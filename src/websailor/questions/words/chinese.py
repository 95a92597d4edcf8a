"""Chinese. What is told of a thing stands before it ("由X创立的公司"); names stay as the corpus spells them."""

from collections.abc import Sequence

from websailor.questions.words.plan import Clause, NoWording, Thing
from websailor.questions.words.speaker import Speaker, amount, amounts, ends_with_slot, filled
from websailor.records import Domain

_MEASURES = {
    "person": "位",
    "company": "家",
    "school": "所",
    "work": "部",
    "book": "本",
    "film": "部",
    "settlement": "座",
}
"""Measure words; 个 for all other types."""


class Chinese(Speaker):
    """See the module."""

    language = "zh"

    def noun(self, variable: str) -> str:
        return self.kind(variable).chinese

    def counted(self, variable: str, word: str, told: str = "") -> str:
        """word + measure + what is told + noun: 同一家公司."""
        return f"{word}{_MEASURES.get(self.kind(variable).name, '个')}{told}{self.noun(variable)}"

    def again(self, variable: str) -> str:
        return self.counted(variable, "同一")

    def value(self, domain: Domain, unit: str | None) -> str:
        suffix = f" {unit}" if unit else ""
        match domain.lattice:
            case "decade":
                year = int(domain.value.removesuffix("s"))
                return f"{year // 100 + 1}世纪{year % 100 or '00'}年代"
            case "half_century":
                first, last = domain.value.split("-")
                return f"{first}年至{last}年间"
            case "century":
                return f"{domain.value}世纪"
            case "range":
                return "{}至{}".format(*amounts(domain)) + suffix
            case "year":
                year = int(domain.value)
                return f"{year}年" if year > 0 else f"公元前{-year}年"
        is_number = self.pattern.value_types[domain.variable] == "number"
        return amount(domain.value) + suffix if is_number else domain.value

    def described(self, thing: Thing) -> str:
        told = self.attribute(thing.clauses)
        letter = self.initial(thing.variable)
        if letter:
            told = f"名称以{letter}开头{'、' if told else '的'}{told}"
        if thing.variable in self.others:
            return self.counted(thing.variable, "另一", told)
        if thing.variable in self.definite and told:
            return told + self.noun(thing.variable)
        if told.startswith(("一", "另一")):
            return told + self.noun(thing.variable)
        return self.counted(thing.variable, "一", told)

    def attribute(self, clauses: Sequence[Clause]) -> str:
        """Clauses before the noun: "由X创立、总部设在Y的". What carries clauses of its own must stand alone."""
        long = [clause for clause in clauses if self.is_long(clause.end)]
        if long and (len(clauses) > 1 or any(self.is_long(one.end) for one in _clauses(long[0]))):
            raise NoWording("too much stands before one noun")
        texts: list[str] = []
        for clause in clauses:
            words = self.phrases(clause)
            if clause.forward:
                plain = [phrase for phrase in words.clue if not phrase.startswith("是")]
                texts.append(filled(self.rng.choice(plain or list(words.clue)), self.mention(clause.end)))
            else:
                texts.append(filled(self.rng.choice(words.relative), self.mention(clause.end)).removesuffix("的"))
        return f"{'、'.join(texts)}的" if texts else ""

    def predicate(self, clause: Clause) -> str:
        """A verb phrase said of the near end."""
        words = self.phrases(clause)
        choices = words.clue if clause.forward else words.inverse
        closed = [phrase for phrase in choices if ends_with_slot(phrase)] if self.is_long(clause.end) else []
        return filled(self.rng.choice(closed or list(choices)), self.mention(clause.end))

    def predicates(self, clauses: Sequence[Clause]) -> str:
        texts = [self.predicate(clause) for clause in clauses]
        return "，".join(texts[:-1]) + "，并且" + texts[-1] if len(texts) > 1 else texts[0]

    def statement(self) -> str:
        other = "另一" if self.root.variable in self.others else "这"
        return f"{self.counted(self.root.variable, other)}{self.predicates(self.root.clauses)}。"

    def brief(self) -> str:
        word = "另外哪" if self.root.variable in self.others else "哪"
        return f"{self.counted(self.root.variable, word)}{self.predicates(self.root.clauses)}？"

    def full(self) -> str:
        noun = self.noun(self.root.variable)
        head = self.counted(self.root.variable, "一", f"{'、'.join(self.rivals())}以外的" if self.rivals() else "")
        opening = self.rng.choice(["有{}", "我想找{}", "我在查{}"]).format(head)
        short = [clause for clause in self.root.clauses if not self.is_long(clause.end)]
        sentences = [f"{opening}，{'，'.join(self.predicate(clause) for clause in short)}" if short else opening]
        for clause in self.root.clauses:
            if self.is_long(clause.end):
                sentences.extend(self._told_apart(clause, f"该{noun}", deep=False))
        who = self.kind(self.root.variable).pronoun == "who"
        question = self.rng.choice(["请问{}是谁", "{}是谁"] if who else ["请问{}叫什么", "{}的名称是什么"])
        return f"{'。'.join(sentences)}。{question.format(f'该{noun}')}？"

    def _told_apart(self, clause: Clause, subject: str, deep: bool) -> list[str]:
        """A clause with a long end as sentences: the end is introduced with one clause at most, the others follow."""
        thing = clause.end
        assert isinstance(thing, Thing)
        first = thing.clauses[:1]
        if first and self.is_long(first[0].end):
            first = []
        rest = thing.clauses[len(first) :]
        if rest:
            self.definite = frozenset(self.definite) - {thing.variable}
        introduced = Thing(thing.variable, list(first))
        sentences = [f"{subject}{self.predicate(Clause(clause.atom, clause.forward, introduced))}"]
        if not rest:
            return sentences
        that = self.counted(thing.variable, "那")
        if deep and self.noun(thing.variable) in subject:
            that = "后者"
        elif "后者" in subject:
            raise NoWording("后者 could be either of two")
        short = [one for one in rest if not self.is_long(one.end)]
        if short:
            sentences.append(that + "，".join(self.predicate(one) for one in short))
        long = [one for one in rest if self.is_long(one.end)]
        if len(long) > 1 and any(self.kind(_variable(one)) == self.kind(thing.variable) for one in long[:-1]):
            raise NoWording(f"{that} could be either of two")
        for one in long:
            sentences.extend(self._told_apart(one, that, deep=True))
        return sentences


def _clauses(clause: Clause) -> list[Clause]:
    return clause.end.clauses if isinstance(clause.end, Thing) else []


def _variable(clause: Clause) -> str:
    return clause.end.variable
