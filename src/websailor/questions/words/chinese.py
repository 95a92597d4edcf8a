"""Chinese. What is told of a thing stands before it ("由X创立的公司"); names stay as the corpus spells them."""

import re
from collections.abc import Sequence
from dataclasses import replace

from websailor.questions.words.amounts import ChineseAmounts, chinese_decade
from websailor.questions.words.plan import Clause, NoWording, Possession, Thing
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
from websailor.records import Atom, Domain, SourceKind

_MEASURES = {
    "person": "位",
    "company": "家",
    "school": "所",
    "work": "部",
    "book": "本",
    "film": "部",
    "settlement": "座",
    "site": "座",
    "event": "场",
    "award": "项",
}
"""Measure words; 个 for all other types."""


_OPENINGS = ("有{}", "我想找{}", "我在查{}", "请帮我找{}", "我读到过{}")
_NO_VERBS = ("是", "曾是", "有", "曾有", "境内")
"""What begins a verb phrase without a verb that could stand before 的."""
_STUTTER = re.compile(r"([一-鿿]{2,4})\1")
_WITH = re.compile(r"(?:另?一.)?[与和]")
_TWICE = frozenset("与由在和")
"""Prepositions that a reader stumbles over where one follows itself."""
_AFTER_ALSO = frozenset("是曾在由与和受师影指获荣授讲雇创写")
_SOURCES: dict[SourceKind, str] = {"infobox": "信息框", "sentence": "正文", "table": "表格"}


class ChineseFrames:
    """See `sayings.Frames`."""

    def order(self, happened: str, event: str, clause: str, before: bool, amount: str) -> list[str]:
        del clause
        when = "前" if before else "后"
        return [f"在{event}{amount or '之'}{when}{happened}"]

    def alike(self, shared: Sequence[str], only: bool) -> list[str]:
        told = f"{'相同' if only else '共同'}的{'和'.join(shared)}"
        return [f"与{{o}}有{told}", f"和{{o}}有着{told}"]

    def sourced(self, phrase: str, kind: SourceKind, of_end: bool, noun: str) -> list[str]:
        whose = f"该{noun}" if of_end else f"该{noun}自身"
        rule = f"（以{whose}条目的{_SOURCES[kind]}为准）"
        if phrase.endswith("的"):
            return [f"{phrase.removesuffix('的')}{rule}的"]
        before = [re.sub(r"(?=\{[so]\}$)", rule, phrase)] if ends_with_slot(phrase) else []
        return [phrase + rule, *before]


class Chinese(Speaker):
    """See the module."""

    language = "zh"
    amounts = ChineseAmounts()
    frames = ChineseFrames()

    def noun(self, variable: str) -> str:
        return self.kind(variable).chinese

    def fictional(self, title: str, kind_name: str) -> str:
        name, remark = parted(title)
        kind = self.corpus.lexicon.kind(kind_name)
        if remark is None or kind is None:
            return title
        born = remark.removeprefix("born ")
        told = f"{born}年出生" if born.isdigit() else kind.chinese if remark == kind.name else remark
        return f"{name}（{told}）"

    def counted(self, variable: str, word: str, told: str = "") -> str:
        """word + measure + what is told + noun: 同一家公司."""
        return f"{word}{self.measure(variable)}{told}{self.noun(variable)}"

    def measure(self, variable: str) -> str:
        return _MEASURES.get(self.kind(variable).name, "个")

    def again(self, variable: str) -> str:
        return self.counted(variable, "同一")

    def that(self, variable: str, role: str | None) -> str:
        return f"该{role or self.noun(variable)}"

    def value(self, domain: Domain, unit: str | None) -> str:
        suffix = self.amounts.unit(unit) if unit else ""
        suffix = f" {suffix}" if suffix[:1].isascii() and suffix else suffix
        match domain.lattice:
            case "decade":
                return chinese_decade(domain.value)
            case "half_century":
                first, last = domain.value.split("-")
                return f"{first}年至{last}年间"
            case "century":
                return f"{domain.value}世纪"
            case "range":
                low, high = amounts(domain)
                return (f"{low}或{high}" if follow_each_other(domain) else _within(low, high)) + suffix
            case "converted":
                low, high, unit = converted(domain)
                return _within(low, high) + self.amounts.unit(unit)
            case "day":
                year, month, day = map(int, domain.value.split("-"))
                return f"{year}年{month}月{day}日"
            case "year":
                year = int(domain.value)
                return f"{year}年" if year > 0 else f"公元前{-year}年"
        is_number = self.pattern.value_types[domain.variable] == "number"
        return amount(domain.value) + suffix if is_number else domain.value

    def described(self, thing: Thing) -> str:
        told = self.attribute(thing.clauses)
        letter = self.initial(thing.variable)
        if thing.called is not None:
            told = f"名叫{self.slot(thing.called.name)}{'、' if told else '的'}{told}"
        elif letter:
            name = "姓名" if self.kind(thing.variable).pronoun == "who" else "名称"
            told = f"{name}以{self.slot(letter)}开头{'、' if told else '的'}{told}"
        if later := self.named_later(thing.variable) if thing.variable in self.others else []:
            return self.counted(thing.variable, "一", f"{'、'.join(later)}以外的{told}")
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
        texts = [self._attributive(clause) for clause in clauses]
        return f"{'、'.join(texts)}的" if texts else ""

    def _attributive(self, clause: Clause) -> str:
        """A clause as it stands before 的."""
        phrases = self.sayings.of(clause)
        if clause.end is not None and not clause.forward and phrases.relatives:
            return self._filled(self.rng.choice(phrases.relatives), clause).removesuffix("的")
        plain = [phrase for phrase in phrases.verbs if not phrase.startswith(("是", "曾是"))]
        return self._drawn(self._fitting(plain or phrases.verbs, clause), clause)

    def _fitting(self, choices: Sequence[str], clause: Clause) -> Sequence[str]:
        """What is long comes last; the rule by which a source counts follows what is short."""
        limited = isinstance(clause.said, Atom) and clause.said.stated_in is not None
        long = self.is_long(clause.end)
        fitting = [one for one in choices if ends_with_slot(one) == long] if long or limited else []
        return fitting or choices

    def _drawn(self, choices: Sequence[str], clause: Clause) -> str:
        """One of the phrases, filled; another one where the first would say a word twice running."""
        told = self._filled(self.rng.choice(choices), clause)
        for _ in range(6 if self.careful else 0):
            if not _STUTTER.search(told):
                break
            told = self._filled(self.rng.choice(choices), clause)
        return told

    def _filled(self, phrase: str, clause: Clause) -> str:
        if clause.end is None:
            return phrase
        told = self.other_end(clause)
        if self.careful and _WITH.match(told) and re.search(r"[与和]\{[so]\}", phrase):
            raise NoWording("与 stands within 与")
        if told[:1] in _TWICE and re.search(rf"{told[0]}\{{[so]\}}", phrase):
            told = self.counted(clause.end.variable, "那").removesuffix(self.noun(clause.end.variable)) + told
        return filled(phrase, told)

    def possession(self, end: Possession) -> str:
        clause = end.by
        if clause.forward and self.sayings.is_only(clause):
            return f"其{self.sayings.role(clause)}"
        phrases = self.sayings.of(clause)
        verbs = [verb[: -len("{o}")].removesuffix("了") for verb in phrases.verbs if ends_with_slot(verb)]
        verbs = [verb for verb in verbs if not verb.startswith(_NO_VERBS)]
        if clause.forward and phrases.turned:
            told = filled(phrases.turned[0], "其")
        elif not clause.forward and verbs:
            told = f"其{verbs[0]}的"
        else:
            raise NoWording("no phrase for what belongs to somebody")
        return self.counted(end.variable, "一", told)

    def predicate(self, clause: Clause) -> str:
        """A verb phrase said of the near end."""
        return self._drawn(self._fitting(self.sayings.of(clause).verbs, clause), clause)

    def predicates(self, clauses: Sequence[Clause]) -> str:
        texts = [self.predicate(clause) for clause in clauses]
        if self.careful:
            texts = [_also(text) if self.is_told_again(clauses, one) else text for one, text in enumerate(texts)]
        return "，".join(texts[:-1]) + "，并且" + texts[-1] if len(texts) > 1 else texts[0]

    def statement(self) -> str:
        rivals = self.rivals() if self.careful else []
        other = "另一" if self.root.variable in self.others and not rivals else "这"
        subject = self.counted(self.root.variable, other) + (f"（并非{'或'.join(rivals)}）" if rivals else "")
        if self.root.rank is not None:
            return f"在符合其余条件的所有{self.noun(self.root.variable)}中，{subject}{self.ranked()}。"
        return f"{subject}{self.predicates(self.root.clauses)}。"

    def ranked(self) -> str:
        """ "出生时间第二早"."""
        assert self.root.rank is not None
        return self.rng.choice(self.sayings.rank(self.root.rank))

    def brief(self) -> str:
        word = "另外哪" if self.root.variable in self.others else "哪"
        if self.root.rank is None:
            return f"{self.counted(self.root.variable, word)}{self.predicates(self.root.clauses)}？"
        noun = self.noun(self.root.variable)
        which = self.counted(self.root.variable, "哪").removesuffix(noun)
        if not self.root.clauses:
            return f"在所有{noun}中，{which}{self.ranked()}？"
        but = f"（{'、'.join(self.rivals())}除外）" if self.rivals() else ""
        return (
            f"请考虑满足以下条件的所有{noun}{but}：{self.predicates(self.root.clauses)}。其中{which}{self.ranked()}？"
        )

    def alone(self, clause: Clause) -> str:
        return f"该{self.noun(self.root.variable)}{self.predicate(clause)}。"

    def rank_alone(self) -> str:
        noun = self.noun(self.root.variable)
        return f"在符合上述条件的所有{noun}中，该{noun}{self.ranked()}。"

    def around(self, sentences: str) -> str:
        noun = self.noun(self.root.variable)
        head = self.counted(self.root.variable, "一", f"{'、'.join(self.rivals())}以外的" if self.rivals() else "")
        opening = self.rng.choice(_OPENINGS).format(head)
        who = self.kind(self.root.variable).pronoun == "who"
        question = self.rng.choice(["请问{}是谁", "{}是谁"] if who else ["请问{}叫什么", "{}的名称是什么"])
        return f"{opening}。{sentences}{question.format(f'该{noun}')}？"

    def none_sentences(self) -> list[str]:
        noun = self.noun(self.root.variable)
        return [f"如果没有这样的{noun}，请回答“没有”。", f"也可能没有这样的{noun}，那样请回答“没有”。"]

    def full(self) -> str:
        noun = self.noun(self.root.variable)
        head = self.counted(self.root.variable, "一", f"{'、'.join(self.rivals())}以外的" if self.rivals() else "")
        opening = self.rng.choice(_OPENINGS).format(head)
        short = [one for one in self.root.clauses if not self.is_long(one.end) and not looks_back(one)]
        sentences = [f"{opening}，{'，'.join(self.predicate(clause) for clause in short)}" if short else opening]
        self.tells_again(self.root.variable, short)
        for clause in self.root.clauses:
            if self.is_long(clause.end):
                sentences.extend(self._told_apart(clause, f"该{noun}", self.root.variable, deep=False))
            elif looks_back(clause):
                sentences.append(f"该{noun}{self.predicate(clause)}")
        if self.root.rank is not None:
            sentences.append(f"在符合上述条件的所有{noun}中，该{noun}{self.ranked()}")
        who = self.kind(self.root.variable).pronoun == "who"
        question = self.rng.choice(["请问{}是谁", "{}是谁"] if who else ["请问{}叫什么", "{}的名称是什么"])
        return f"{'。'.join(sentences)}。{question.format(f'该{noun}')}？"

    def _verb(self, near: str, clause: Clause) -> str:
        """A predicate in a sentence of its own; 也 where the same was told before, of something else."""
        verb = self.predicate(clause)
        return _also(verb) if self.tells_again(near, [clause]) and self.careful else verb

    def _told_apart(self, clause: Clause, subject: str, near: str, deep: bool) -> list[str]:
        """A clause with a long end as sentences: the end is introduced with one clause at most, the others follow.
        `near` is the variable of the subject.
        """
        thing = clause.end
        assert isinstance(thing, Thing)
        first = thing.clauses[:1]
        if first and self.is_long(first[0].end):
            first = []
        rest = thing.clauses[len(first) :]
        if rest and not (first and self.careful and self.pins_down(first[0])):
            self.definite = frozenset(self.definite) - {thing.variable}
        introduced = replace(thing, clauses=list(first))
        sentences = [f"{subject}{self._verb(near, replace(clause, end=introduced))}"]
        if not rest:
            return sentences
        that = self.counted(thing.variable, "那")
        if deep and self.noun(thing.variable) in subject:
            that = "后者"
        elif "后者" in subject:
            raise NoWording("后者 could be either of two")
        short = [one for one in rest if not self.is_long(one.end) and not looks_back(one)]
        back = [one for one in rest if looks_back(one)]
        if short:
            sentences.append(that + "，".join(self.predicate(one) for one in short))
        long = [one for one in rest if self.is_long(one.end)]
        if len(long) > 1 and any(self.kind(_variable(one)) == self.kind(thing.variable) for one in long[:-1]):
            raise NoWording(f"{that} could be either of two")
        for one in long:
            sentences.extend(self._told_apart(one, that, thing.variable, deep=True))
        if back:
            sentences.append(that + "，".join(self.predicate(one) for one in back))
        return sentences


def _also(verb: str) -> str:
    """With 也, where it can stand before the verb."""
    return f"也{verb}" if verb[0] in _AFTER_ALSO else verb


def _within(low: str, high: str) -> str:
    return f"不超过{high}" if low == "0" else f"{low}至{high}"


def _clauses(clause: Clause) -> list[Clause]:
    return clause.end.clauses if isinstance(clause.end, Thing) else []


def _variable(clause: Clause) -> str:
    assert clause.end is not None
    return clause.end.variable
