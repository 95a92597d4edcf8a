"""Numbers, spans, ratios and ordinals as each language writes them.

Enters: bounds and places, as conditions hold them. Leaves: phrases for the slots of `wiki.relations`: "exactly three",
"about 12 years", "at least twice", "second ". Raises `NoWording` for bounds that no short phrase says truly.
"""

from typing import Protocol

from websailor.questions.words.plan import NoWording

NARROW = 0.2
"""A span is told as "about" its middle where it is no wider than that share of it, or than four."""
RATIO_WIDTH = 0.35
"""A ratio is told as "about" its middle where both bounds lie within that share of it."""


class Amounts(Protocol):
    """One language's words for amounts."""

    def exactly(self, number: int) -> str:
        """A count: "exactly three"; the Chinese phrase says 恰好 itself, before its verb."""
        ...

    def span(self, low: float | None, high: float | None, unit: str) -> str:
        """An amount between positive bounds, of which one may be open: "about 12 years"."""
        ...

    def ratio(self, low: float | None, high: float | None) -> dict[str, str]:
        """How many times as much, as slots: `times`, "about three times", and in Chinese `about`."""
        ...

    def ordinals(self, place: int) -> dict[str, str]:
        """The slots `rank`, `nth` and `nth_last`."""
        ...

    def time(self, label: str) -> str:
        """A year or decade as a time: "in 1956", "in the 1950s"."""
        ...

    def unit(self, unit: str) -> str:
        """A unit as it follows a number; one without a name of its own stays as it is."""
        ...


_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_TIMES = {
    0.1: "a tenth",
    1 / 9: "a ninth",
    1 / 8: "an eighth",
    1 / 7: "a seventh",
    1 / 6: "a sixth",
    0.2: "a fifth",
    0.25: "a quarter",
    1 / 3: "a third",
    0.5: "half",
    1.5: "one and a half times",
    2: "twice",
    2.5: "two and a half times",
}
_UNITS = {
    "km2": "square kilometres",
    "sq mi": "square miles",
    "m": "metres",
    "km": "kilometres",
    "ft": "feet",
    "mi": "miles",
    "yd": "yards",
    "ha": "hectares",
    "m2": "square metres",
    "sq ft": "square feet",
    "cm": "centimetres",
    "in": "inches",
    "kg": "kilograms",
    "t": "tonnes",
    "lb": "pounds",
}
_CHINESE_UNITS = {
    "years": "年",
    "km2": "平方公里",
    "sq mi": "平方英里",
    "m": "米",
    "km": "公里",
    "ft": "英尺",
    "mi": "英里",
    "yd": "码",
    "acres": "英亩",
    "ha": "公顷",
    "m2": "平方米",
    "sq ft": "平方英尺",
    "cm": "厘米",
    "in": "英寸",
    "kg": "千克",
    "t": "吨",
    "lb": "磅",
}
_CHINESE = ("零", "一", "两", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二")
_CHINESE_ORDINALS = ("一", "二", "三", "四", "五", "六", "七", "八", "九", "十")
_CHINESE_TIMES = {
    0.1: "十分之一",
    1 / 9: "九分之一",
    1 / 8: "八分之一",
    1 / 7: "七分之一",
    1 / 6: "六分之一",
    0.2: "五分之一",
    0.25: "四分之一",
    1 / 3: "三分之一",
    0.5: "一半",
    1.5: "1.5倍",
    2: "两倍",
    2.5: "2.5倍",
}


def plain_number(value: float) -> str:
    """With thousands separated, and no more digits than needed: 45,321 or 2.5."""
    return f"{round(value):,}" if abs(value - round(value)) < 1e-9 or abs(value) >= 100 else f"{value:,.3g}"


def middle(low: float, high: float) -> float | None:
    """What "about" stands for in a span; None where it is too wide for that."""
    return (low + high) / 2 if high - low <= max(4, NARROW * (low + high) / 2) else None


def nearest_ratio(low: float | None, high: float | None) -> float:
    """The simple ratio that bounds stand for. Raises `NoWording` where there is none."""
    given = [bound for bound in (low, high) if bound is not None]
    if not given or given[0] <= 0:
        raise NoWording("a ratio without bounds")
    value = sum(given) / len(given)
    simple = min((*_TIMES, *range(3, 101)), key=lambda known: abs(known - value) / known)
    spread = max(abs(bound - simple) for bound in given) / simple
    if spread > (RATIO_WIDTH if len(given) == 2 else 1e-6):
        raise NoWording(f"no words for a ratio between {low} and {high}")
    return simple


class EnglishAmounts:
    """See `Amounts`."""

    def exactly(self, number: int) -> str:
        return f"exactly {_WORDS[number] if number < len(_WORDS) else number}"

    def span(self, low: float | None, high: float | None, unit: str) -> str:
        if low is None or high is None:
            bound = low if low is not None else high
            assert bound is not None
            word = "at least" if low is not None else "at most"
            return f"{word} {self._many(bound, unit)}"
        if low == high:
            return f"exactly {self._many(low, unit)}"
        about = middle(low, high)
        if about is None:
            return f"between {plain_number(low)} and {self._many(high, unit)}"
        return f"about {self._many(round(about) if high - low >= 1 else about, unit)}"

    def _many(self, value: float, unit: str) -> str:
        if not unit:
            return plain_number(value)
        return f"{plain_number(value)} {unit.removesuffix('s') if value == 1 and unit == 'years' else unit}"

    def ratio(self, low: float | None, high: float | None) -> dict[str, str]:
        simple = nearest_ratio(low, high)
        word = _TIMES.get(simple, f"{_WORDS[int(simple)] if simple < len(_WORDS) else int(simple)} times")
        return {"times": f"{'at least' if high is None else 'at most' if low is None else 'about'} {word}"}

    def ordinals(self, place: int) -> dict[str, str]:
        if place > len(_ORDINALS):
            raise NoWording(f"place {place} is not how anyone counts")
        nth = _ORDINALS[place - 1]
        last = "last" if place == 1 else f"{nth} to last"
        return {"rank": "" if place == 1 else f"{nth} ", "nth": nth, "nth_last": last}

    def time(self, label: str) -> str:
        if label.endswith("s"):
            return f"in the {label}"
        return f"in {label}" if int(label) > 0 else f"in {-int(label)} BC"

    def unit(self, unit: str) -> str:
        return _UNITS.get(unit, unit)


class ChineseAmounts:
    """See `Amounts`."""

    def exactly(self, number: int) -> str:
        return _CHINESE[number] if number < len(_CHINESE) else str(number)

    def span(self, low: float | None, high: float | None, unit: str) -> str:
        if low is None or high is None:
            bound = low if low is not None else high
            assert bound is not None
            return f"{'至少' if low is not None else '至多'}{plain_number(bound)}{unit}"
        if low == high:
            return f"正好{plain_number(low)}{unit}"
        about = middle(low, high)
        if about is None:
            return f"{plain_number(low)}至{plain_number(high)}{unit}"
        return f"约{plain_number(round(about) if high - low >= 1 else about)}{unit}"

    def ratio(self, low: float | None, high: float | None) -> dict[str, str]:
        simple = nearest_ratio(low, high)
        word = _CHINESE_TIMES.get(simple, f"{_CHINESE[int(simple)] if simple < len(_CHINESE) else int(simple)}倍")
        return {"about": "至少是" if high is None else "至多是" if low is None else "约为", "times": word}

    def ordinals(self, place: int) -> dict[str, str]:
        if place > len(_CHINESE_ORDINALS):
            raise NoWording(f"place {place} is not how anyone counts")
        return {"rank": "最" if place == 1 else f"第{_CHINESE_ORDINALS[place - 1]}"}

    def time(self, label: str) -> str:
        if label.endswith("s"):
            return chinese_decade(label)
        return f"{label}年" if int(label) > 0 else f"公元前{-int(label)}年"

    def unit(self, unit: str) -> str:
        return _CHINESE_UNITS.get(unit, unit)


def chinese_decade(label: str) -> str:
    """1950s -> 20世纪50年代."""
    year = int(label.removesuffix("s"))
    return f"{year // 100 + 1}世纪{f'{year % 100}年代' if year % 100 else '头十年'}"
