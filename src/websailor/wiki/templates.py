"""Inline templates -> the words a reader sees: facts hide in `{{convert|5|km}}`, `{{birth date|1947|4|1}}`.

A template's name and arguments enter, text leaves (it may hold `[[links]]`, which the scanner reads). Templates not
listed in `wikitext.toml` (citations, navigation, hatnotes, pronunciation) leave nothing.
"""

import re
from collections.abc import Callable

from websailor.wiki.marks import BREAK, HOLE, ITEM, without_marks
from websailor.wiki.names import NAMES

LANGUAGES: dict[str, str] = NAMES["languages"]
UNITS: dict[str, str] = NAMES["units"]
COUNTRIES: dict[str, str] = NAMES["countries"]
MONTHS = tuple(
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)
_NAMED = re.compile(r"\s*([^=\n\[\]<>{}]{1,60}?)\s*=")
_NUMBER = re.compile(r"[-−+]?[\d.,]+(?:[eE][-+]?\d+)?(?:/\d+)?$")
_RANGE_WORDS = {
    "to": " to ",
    "to(-)": " to ",
    "and": " and ",
    "or": " or ",
    "by": " by ",
    "x": " × ",
    "×": " × ",
    "*": " × ",
    "±": " ± ",
    "+/-": " ± ",
    "-": "–",
    "–": "–",
    ",": ", ",
}
_LONGEST_LIST = 200


class Arguments:
    """The arguments of a template: positional ones in order, named ones by lower-case name."""

    def __init__(self, parts: list[list[str]]) -> None:
        self.positional: list[str] = []
        self.named: dict[str, str] = {}
        for part in parts:
            # Only the first piece can hold the name: later ones follow a link, a template or a comment.
            match = _NAMED.match(part[0]) if part else None
            if match is None:
                self.positional.append("".join(part).replace(HOLE, ""))
                continue
            name, value = match.group(1), "".join(part)[match.end() :].replace(HOLE, "").strip()
            if name.isdecimal():
                position = int(name)
                if 0 < position <= _LONGEST_LIST:
                    self.positional += [""] * (position - len(self.positional))
                    self.positional[position - 1] = value
            else:
                self.named[name.lower()] = value

    def get(self, position: int, default: str = "") -> str:
        """Positional argument, counted from 0, stripped."""
        return self.positional[position].strip() if position < len(self.positional) else default

    def filled(self) -> list[str]:
        """Positional arguments that are not blank, stripped."""
        return [stripped for value in self.positional if (stripped := value.strip())]


Handler = Callable[[Arguments], str]


def is_text(name: str) -> bool:
    """False for templates that show nothing, which are most: citations, navigation, maintenance."""
    return (
        name in HANDLERS
        or name.startswith(("lang-", "formatnum:", "ship/"))
        or name in ("ship", "pagename", "fullpagename", "basepagename")
        or name.upper() in COUNTRIES
    )


def expand(name: str, arguments: Arguments, title: str) -> str:
    """What the template `name` (lower case) shows on the page `title`; nothing for templates that are no text."""
    if (handler := HANDLERS.get(name)) is not None:
        return handler(arguments)
    if name.startswith("lang-"):
        language = LANGUAGES.get(name[5:]) or LANGUAGES.get(name[5:].partition("-")[0])
        text = arguments.get(0)
        return f"{language}: {text}" if language and text else text
    if name in ("pagename", "fullpagename", "basepagename"):
        return title
    if name.startswith("formatnum:"):
        return name.partition(":")[2].strip()
    if (country := COUNTRIES.get(name.upper())) is not None and not arguments.positional:
        return _link(country)
    if name.startswith("ship/") or name == "ship":
        return _link(" ".join(arguments.filled()[:2]) + (f" ({arguments.get(2)})" if arguments.get(2) else ""))
    return ""


def _link(title: str, shown: str | None = None) -> str:
    return f"[[{title}|{shown or re.sub(r' [(].*[)]$', '', title)}]]"


def date_words(year: str, month: str = "", day: str = "", day_first: bool = False) -> str:
    """`("1947", "4", "1")` -> `April 1, 1947` or `1 April 1947`; parts that are missing or no numbers are left out."""
    name = MONTHS[int(month) - 1] if month.isdecimal() and 1 <= int(month) <= 12 else ""
    if name and day.isdecimal() and 1 <= int(day) <= 31:
        return f"{int(day)} {name} {year}" if day_first else f"{name} {int(day)}, {year}"
    return f"{name} {year}".strip()


def _day_first(arguments: Arguments) -> bool:
    return bool(arguments.named.get("df", "").strip()) and arguments.named["df"][0] in "y1"


def _date(arguments: Arguments) -> str:
    """`{{birth date|1947|4|1}}` and its kin; only the first date counts (`death date and age` has two)."""
    values = [without_marks(value).strip() for value in arguments.positional[:3]]
    if not values or not values[0]:
        return ""
    if not values[0].lstrip("-").isdecimal():
        return values[0]
    # A later value that is no number ends the date; `{{death year and age|1947|1880}}` has two years.
    month, day = (*(value if value.isdecimal() and int(value) <= 31 else "" for value in values[1:]), "", "")[:2]
    return date_words(values[0], month, day, _day_first(arguments))


def _old_style_date(arguments: Arguments) -> str:
    """`{{OldStyleDate|February 2|1905|January 20}}` -> the date of today's calendar."""
    day, year = arguments.get(0), arguments.get(1)
    return f"{day}, {year}" if year and day[-1:].isdigit() else f"{day} {year}".strip()


def _film_date(arguments: Arguments) -> str:
    """`{{film date|1997|1|17|Spain|1997|3|2}}`: dates, each with a place."""
    values, dates = [value.strip() for value in arguments.positional], []
    for start in range(0, len(values), 4):
        year, month, day, place = (*values[start : start + 4], "", "", "", "")[:4]
        if year:
            words = date_words(year, month, day, _day_first(arguments))
            dates.append(words + (f" ({place})" if place else ""))
    return ITEM.join(dates)


def _game_release(arguments: Arguments) -> str:
    """`{{video game release|NA|1999|EU|2000}}`."""
    values = arguments.filled()
    return ITEM.join(f"{date} ({region})" for region, date in zip(values[::2], values[1::2], strict=False))


def _as_of(arguments: Arguments) -> str:
    if alternative := arguments.named.get("alt"):
        return alternative
    words = "since" if "since" in arguments.named else "as of" if arguments.named.get("lc") else "As of"
    date = date_words(*arguments.filled()[:3], day_first=_day_first(arguments)) if arguments.get(0) else ""
    return f"{words} {date}".strip()


def _convert(arguments: Arguments) -> str:
    """`{{convert|5|to|10|km|mi}}` -> `5 to 10 km`: the amount as the author gave it."""
    values = [without_marks(value) for value in arguments.filled()]
    words, amounts, position = "", 0, 0
    while position < len(values):
        value = values[position]
        if _NUMBER.match(value):
            words += f"{int(value):,}" if value.isdecimal() else value
            amounts += 1
        elif value in _RANGE_WORDS and amounts and position + 1 < len(values) and _NUMBER.match(values[position + 1]):
            words += _RANGE_WORDS[value]
        else:
            break
        position += 1
    if not amounts or position >= len(values):
        return words
    unit = UNITS.get(values[position], values[position])
    rest = values[position + 1 : position + 3]
    if len(rest) == 2 and _NUMBER.match(rest[0]) and not _NUMBER.match(rest[1]):
        # `{{convert|5|ft|11|in}}`: one length in two units.
        return f"{words} {unit} {rest[0]} {UNITS.get(rest[1], rest[1])}"
    return words + ("" if unit.startswith("°") else " ") + unit


def _height(arguments: Arguments) -> str:
    named = arguments.named
    return " ".join(f"{named[unit]} {unit}" for unit in ("m", "cm", "ft", "in") if named.get(unit))


def _marriage(arguments: Arguments) -> str:
    """`{{marriage|Mary Todd|1842|1865}}` -> `Mary Todd (1842–1865)`."""
    years = "–".join(arguments.filled()[1:3])
    return f"{arguments.get(0)} ({years})" if years else arguments.get(0)


def _items(arguments: Arguments) -> str:
    return BREAK + ITEM.join(arguments.filled()) + BREAK


def _lines(arguments: Arguments) -> str:
    return "\n" + "\n".join(arguments.filled()) + "\n"


def _flag(arguments: Arguments) -> str:
    code = without_marks(arguments.get(0))
    return _link(COUNTRIES.get(code.upper(), code)) if code else ""


def _nihongo(arguments: Arguments) -> str:
    rest = ", ".join(arguments.filled()[1:3])
    return f"{arguments.get(0)} ({rest})" if rest and arguments.get(0) else arguments.get(0) or rest


def _chinese(arguments: Arguments) -> str:
    labels = (("c", "Chinese"), ("t", "traditional Chinese"), ("s", "simplified Chinese"), ("p", "pinyin"))
    return "; ".join(f"{words}: {arguments.named[key]}" for key, words in labels if arguments.named.get(key))


def _other_language(arguments: Arguments) -> str:
    """`{{ill|de|Ernestinum}}` (old order) and `{{ill|Ernestinum|de}}`: a page that only another Wikipedia has."""
    first, second = arguments.get(0), arguments.get(1)
    return second if second and first.islower() and first in LANGUAGES else first


def _fraction(arguments: Arguments) -> str:
    values = arguments.filled()
    if len(values) >= 3:
        return f"{values[0]} {values[1]}/{values[2]}"
    return "/".join(values) if len(values) == 2 else "1/" + values[0] if values else "/"


def _value(arguments: Arguments) -> str:
    """`{{val|1.6|e=-19|u=C}}`."""
    text = arguments.get(0)
    if power := arguments.named.get("e"):
        text += f"×10^{power}"
    return f"{text} {unit}" if (unit := arguments.named.get("u") or arguments.named.get("ul")) else text


def _based_on(arguments: Arguments) -> str:
    return f"{arguments.get(0)} by {arguments.get(1)}" if arguments.get(1) else arguments.get(0)


def _quotation(arguments: Arguments) -> str:
    return "\n" + (arguments.named.get("text") or arguments.named.get("quote") or arguments.get(0)) + "\n"


def _ordinal(arguments: Arguments) -> str:
    number = arguments.get(0)
    if not number.isdecimal():
        return number
    return number + ("th" if number[-2:-1] == "1" else {"1": "st", "2": "nd", "3": "rd"}.get(number[-1], "th"))


def _crew(arguments: Arguments) -> str:
    """`{{Spaceflight crew|position1=Commander|crew1_up=[[Neil Armstrong]]|...}}`: one line a member."""
    named, lines = arguments.named, []
    for number in range(1, 12):
        names = [named[key] for key in (f"crew{number}", f"crew{number}_up", f"crew{number}_down") if named.get(key)]
        if names:
            lines.append(f"{named.get(f'position{number}', 'Crew')}: {names[0]}")
    return "\n" + "".join(f"* {line}\n" for line in lines)


def _positional(position: int, before: str = "") -> Handler:
    def words(arguments: Arguments) -> str:
        text = arguments.get(position)
        return f"{before}{text}" if text else ""

    return words


def _constant(text: str) -> Handler:
    return lambda _: text


def _joined(joint: str) -> Handler:
    return lambda arguments: joint.join(arguments.filled())


def _or_else(text: str) -> Handler:
    return lambda arguments: arguments.get(0) or text


_WAYS: dict[str, Handler] = {
    "first": _positional(0),
    "second": _positional(1),
    "angle_brackets": lambda arguments: f"⟨{arguments.get(0)}⟩",
    "raised": _positional(0, "^"),
    "volume": _positional(0, "vol. "),
    "circa": lambda arguments: ("c. " + arguments.get(0)).strip(),
    "flourished": _positional(0, "fl. "),
    "reigned": _positional(0, "r. "),
    "date": _date,
    "old_style_date": _old_style_date,
    "film_date": _film_date,
    "game_release": _game_release,
    "as_of": _as_of,
    "convert": _convert,
    "height": _height,
    "marriage": _marriage,
    "items": _items,
    "lines": _lines,
    "titled_items": _items,
    "flag": _flag,
    "nihongo": _nihongo,
    "chinese": _chinese,
    "other_language": _other_language,
    "fraction": _fraction,
    "value": _value,
    "spaced_dash": _constant(" – "),
    "dash": _constant("–"),
    "long_dash": _constant("—"),
    "space": _constant(" "),
    "dot": _constant(" · "),
    "bar": _constant("|"),
    "equals": _constant("="),
    "apostrophe": _constant("'"),
    "possessive": _constant("'s"),
    "okina": _constant("ʻ"),
    "dagger": _constant("†"),
    "line_break": _constant(BREAK),
    "ordinal": _ordinal,
    "based_on": _based_on,
    "full_name": lambda arguments: " ".join(arguments.filled()[:2]),
    "quotation": _quotation,
    "yes": _or_else("Yes"),
    "no": _or_else("No"),
    "cell": _or_else(""),
    "joined": _joined(""),
    "power_of_ten": _positional(0, "×10^"),
    "inflation": _positional(1),
    "dollars": _positional(0, "US$"),
    "pounds": _positional(0, "£"),
    "euros": _positional(0, "€"),
    "rupees": _positional(0, "₹"),
    "yen": _positional(0, "¥"),
    "australian_dollars": _positional(0, "A$"),
    "canadian_dollars": _positional(0, "C$"),
    "bar_row": lambda arguments: f"\n* {arguments.get(0)}: {arguments.get(1)}\n",
    "crew": _crew,
}


def _handlers(ways: dict[str, str], functions: dict[str, Handler]) -> dict[str, Handler]:
    handlers: dict[str, Handler] = {}
    for way, names in ways.items():
        if way == "ship":
            handlers |= {name: _ship(name.upper()) for name in names.split("|")}
            continue
        for name in names.split("|"):
            assert name.strip() not in handlers, name
            handlers[name.strip()] = functions[way]
    return handlers


def _ship(prefix: str) -> Handler:
    """`{{USS|Hornet|CV-12|6}}` -> `[[USS Hornet (CV-12)|USS Hornet]]`."""
    prefix = prefix.replace("HNOMS", "HNoMS")

    def words(arguments: Arguments) -> str:
        name, hull = arguments.get(0), arguments.get(1)
        return _link(f"{prefix} {name}" + (f" ({hull})" if hull else ""), f"{prefix} {name}") if name else ""

    return words


HANDLERS = _handlers(NAMES["templates"], _WAYS)
