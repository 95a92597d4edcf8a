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
        return self.counted(thing.variable, "一", told)

    def attribute(self, clauses: Sequence[Clause]) -> str:
        """Clauses before the noun: "由X创立、总部设在Y的"."""
        texts: list[str] = []
        for clause in clauses:
            if clause.forward or self.is_long(clause.end):
                texts.append(self.predicate(clause))
            else:
                phrase = self.rng.choice(self.phrases(clause).relative)
                texts.append(filled(phrase, self.mention(clause.end)).removesuffix("的"))
        return f"{'、'.join(texts)}的" if texts else ""

    def predicate(self, clause: Clause) -> str:
        """A verb phrase said of the near end."""
        words = self.phrases(clause)
        choices = words.clue if clause.forward else words.inverse
        if not choices:
            raise NoWording(f"{clause.atom.relation} has no phrase")
        closed = [phrase for phrase in choices if ends_with_slot(phrase)]
        chosen = self.rng.choice(closed or list(choices)) if self.is_long(clause.end) else self.rng.choice(choices)
        return filled(chosen, self.mention(clause.end))

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
        head = self.counted(self.root.variable, "另一" if self.root.variable in self.others else "一")
        opening = self.rng.choice(["有{}", "我想找{}", "我在查{}"]).format(head)
        subjects = [f"该{self.noun(self.root.variable)}", self.counted(self.root.variable, "这")]
        told = [f"{subjects[number % 2]}{self.predicate(clause)}" for number, clause in enumerate(self.root.clauses)]
        who = self.kind(self.root.variable).pronoun == "who"
        closing = ["请问此人是谁？", "这个人是谁？"] if who else ["请问它叫什么？", "它的名称是什么？"]
        return f"{opening}：{'；'.join(told)}。{self.rng.choice(closing)}"
