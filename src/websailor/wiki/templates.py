"""Inline templates -> the words a reader sees. Facts hide in them: `{{convert|5|km}}`, `{{birth date|1947|4|1}}`, `{{ubl|...}}`.

A template's name and arguments enter, text leaves (it may hold `[[links]]`, which the scanner reads). Templates that are not
known here (citations, navigation, hatnotes, pronunciation) leave nothing.
"""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path

from websailor.wiki.marks import BREAK, ITEM, without_marks

_TABLES = tomllib.loads((Path(__file__).parent / "wikitext.toml").read_text(encoding="utf-8"))
LANGUAGES: dict[str, str] = _TABLES["languages"]
UNITS: dict[str, str] = _TABLES["units"]
COUNTRIES: dict[str, str] = _TABLES["countries"]
MONTHS = (
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]  # fmt: skip
)
_NAMED = re.compile(r"\s*([^=\n\[\]<>{}]{1,60}?)\s*=")
_NUMBER = re.compile(r"[-−+]?[\d.,]+(?:[eE][-+]?\d+)?(?:/\d+)?$")
_RANGE_WORDS = {
    "-": "–", "–": "–", "to": " to ", "and": " and ", "or": " or ", "by": " by ", "x": " × ", "×": " × ", "*": " × ",
    "+/-": " ± ", "±": " ± ", "to(-)": " to ", "and(-)": " and ", ",": ", ",
}  # fmt: skip


class Arguments:
    """The arguments of a template: positional ones in order, named ones by lower-case name."""

    def __init__(self, parts: list[list[str]]) -> None:
        self.positional: list[str] = []
        self.named: dict[str, str] = {}
        for part in parts:
            # Only the first piece can hold the name: later ones follow a link, a template or a comment.
            match = _NAMED.match(part[0]) if part else None
            if match is None:
                self.positional.append("".join(part))
                continue
            name, value = match.group(1), "".join(part)[match.end() :].strip()
            if name.isdigit():
                position = int(name)
                if 0 < position <= 50:
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


def expand(name: str, arguments: Arguments, title: str) -> str:
    """What the template `name` (lower case) shows; the empty string for templates that are no text."""
    if (handler := HANDLERS.get(name)) is not None:
        return handler(arguments)
    if name.startswith("lang-"):
        language = LANGUAGES.get(name[5:])
        text = arguments.get(0)
        return f"{language}: {text}" if language and text else text
    if name in ("pagename", "fullpagename", "basepagename"):
        return title
    if name.startswith("formatnum:"):
        return name.partition(":")[2]
    if (country := COUNTRIES.get(name.upper())) is not None and len(name) >= 2 and not arguments.positional:
        return _link(country)
    return ""


def _link(title: str, shown: str | None = None) -> str:
    return f"[[{title}|{shown or re.sub(r' [(].*[)]$', '', title)}]]"


def date_words(year: str, month: str = "", day: str = "") -> str:
    """`("1947", "4", "1")` -> `1 April 1947`; parts that are missing or no numbers are left out."""
    words = []
    if month.isdigit() and 1 <= int(month) <= 12:
        if day.isdigit() and 1 <= int(day) <= 31:
            words.append(str(int(day)))
        words.append(MONTHS[int(month) - 1])
    elif month and not month.isdigit():
        words += [day, month]
    return " ".join(word for word in [*words, year.strip()] if word)


def _date(arguments: Arguments) -> str:
    """`{{birth date|1947|4|1}}` and its kin; only the first date counts (`death date and age` has two)."""
    values = arguments.filled()
    if not values:
        return ""
    if not values[0].lstrip("-").isdigit():
        return values[0]
    return date_words(*(value if value.isdigit() or position == 0 else "" for position, value in enumerate(values[:3])))


def _film_date(arguments: Arguments) -> str:
    """`{{film date|1997|1|17|Spain|1997|3|2}}`: dates, each with a place."""
    values, dates = [value.strip() for value in arguments.positional], []
    for start in range(0, len(values), 4):
        year, month, day, place = (*values[start : start + 4], "", "", "", "")[:4]
        if year:
            dates.append(date_words(year, month, day) + (f" ({place})" if place else ""))
    return ITEM.join(dates)


def _year(arguments: Arguments) -> str:
    return arguments.get(0)


def _as_of(arguments: Arguments) -> str:
    words = "as of" if arguments.named.get("lc") else "As of"
    if alternative := arguments.named.get("alt"):
        return alternative
    return f"{'since' if 'since' in arguments.named else words} {date_words(*arguments.filled()[:3])}"


def _convert(arguments: Arguments) -> str:
    """`{{convert|5|to|10|km|mi}}` -> `5 to 10 km`: the amount as the author gave it."""
    values = [without_marks(value) for value in arguments.filled()]
    words, amounts = "", 0
    position = 0
    while position < len(values):
        value = values[position]
        if _NUMBER.match(value):
            words += value
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
    joint = " " if not unit.startswith("°") else ""
    return f"{words}{joint}{unit}"


def _height(arguments: Arguments) -> str:
    named = arguments.named
    return " ".join(f"{named[unit]} {unit}" for unit in ("m", "cm", "ft", "in") if named.get(unit))


def _marriage(arguments: Arguments) -> str:
    """`{{marriage|Mary Todd|1842|1865}}` -> `Mary Todd (1842–1865)`."""
    years = "–".join(arguments.filled()[1:3])
    return f"{arguments.get(0)} ({years})" if years else arguments.get(0)


def _items(arguments: Arguments) -> str:
    return ITEM + ITEM.join(arguments.filled()) + ITEM


def _lines(arguments: Arguments) -> str:
    return "\n" + "\n".join(arguments.filled()) + "\n"


def _flag(arguments: Arguments) -> str:
    code = without_marks(arguments.get(0))
    return _link(COUNTRIES.get(code.upper(), code)) if code else ""


def _ship(prefix: str) -> Callable[[Arguments], str]:
    def words(arguments: Arguments) -> str:
        name, hull = arguments.get(0), arguments.get(1)
        return _link(f"{prefix} {name}" + (f" ({hull})" if hull else ""), f"{prefix} {name}") if name else ""

    return words


def _native_name(arguments: Arguments) -> str:
    return arguments.get(1)


def _nihongo(arguments: Arguments) -> str:
    rest = ", ".join(arguments.filled()[1:3])
    return f"{arguments.get(0)} ({rest})" if rest and arguments.get(0) else arguments.get(0) or rest


def _chinese(arguments: Arguments) -> str:
    labels = (("c", "Chinese"), ("t", "traditional Chinese"), ("s", "simplified Chinese"), ("p", "pinyin"))
    return "; ".join(f"{words}: {arguments.named[key]}" for key, words in labels if arguments.named.get(key))


def _fraction(arguments: Arguments) -> str:
    values = arguments.filled()
    if len(values) == 3:
        return f"{values[0]} {values[1]}/{values[2]}"
    return "/".join(values) if len(values) == 2 else "1/" + values[0] if values else "/"


def _value(arguments: Arguments) -> str:
    """`{{val|1.6|e=-19|u=C}}`."""
    text = arguments.get(0)
    if power := arguments.named.get("e"):
        text += f"×10^{power}"
    return f"{text} {unit}" if (unit := arguments.named.get("u") or arguments.named.get("ul")) else text


def _money(sign: str) -> Callable[[Arguments], str]:
    return lambda arguments: sign + arguments.get(0)


def _positional(position: int, before: str = "", after: str = "") -> Callable[[Arguments], str]:
    def words(arguments: Arguments) -> str:
        text = arguments.get(position)
        return f"{before}{text}{after}" if text else ""

    return words


def _constant(text: str) -> Callable[[Arguments], str]:
    return lambda _: text


def _based_on(arguments: Arguments) -> str:
    return f"{arguments.get(0)} by {arguments.get(1)}" if arguments.get(1) else arguments.get(0)


def _joined(joint: str) -> Callable[[Arguments], str]:
    return lambda arguments: joint.join(arguments.filled())


def _quote(arguments: Arguments) -> str:
    return "\n" + (arguments.named.get("text") or arguments.named.get("quote") or arguments.get(0)) + "\n"


HANDLERS: dict[str, Callable[[Arguments], str]] = {}


def _register(names: str, handler: Callable[[Arguments], str]) -> None:
    for name in names.split("|"):
        assert name not in HANDLERS, name
        HANDLERS[name] = handler


_register(
    "nowrap|nobr|no wrap|small|smaller|smalldiv|resize|big|large|larger|nobold|noitalic|normal|strong|em|sc|smallcaps|small caps"
    "|sc1|abbr|abbrv|tooltip|vanchor|visible anchor|key|keypress|kbd|code|tt|mono|var|math|mvar|chem|math2|sub|gaps|nts|ntsh"
    "|formatnum|ill|interlanguage link|interlanguage link multi|illm|linktext|wikt-lang|nowraplinks|not a typo|sic|as written"
    "|color box text|large text|underline|italics correction|noprint|screen reader-only|plain text|asiantitle|bold|italic|url"
    "|start of lang|title language|iw2|oldstyledate|okina text|cs|hide in print|only in print|nowrap begin text|center|nobreak"
    "|pad|align left|no italic|polytonic|hebrew|unicode|ipa text|serif|sans-serif|keystroke|tq|zwj|born in|medal name|delink",
    _positional(0),
)
_register(
    "lang|transl|transliteration|script|rtl-lang|color|colour|font color|font|fontcolor|sort|align|nastaliq|sm|bg",
    _positional(1),
)
_register("angbr|angle bracket", _positional(0, "⟨", "⟩"))
_register("sup|superscript", _positional(0, "^"))
_register("circa|c.|ca.|circa.", lambda arguments: ("c. " + arguments.get(0)).strip())
_register("floruit|fl.|fl", _positional(0, "fl. "))
_register("reign|r.", _positional(0, "r. "))
_register(
    "birth date|birth date and age|birth-date|birth-date and age|bda|dob|birthdate|birth date and age2|death date|death-date"
    "|death date and age|death-date and age|dda|start date|start-date|start date and age|end date|end-date|end date and age"
    "|date|dts|dtsh|birth year and age|birth year|death year and age|death year|opening date|release date|launch date|sdate"
    "|disappeared date and age|birth based on age as of date|start and end dates|release year|year|isodate|founded date",
    _date,
)
_register("film date|filmdate|video game release date", _film_date)
_register("as of|asof", _as_of)
_register("convert|cvt|conv|convert/flip|convert needed", _convert)
_register("height|convert height", _height)
_register("marriage|married", _marriage)
_register("ubl|unbulleted list|vunblist|ubt|unbullet|hlist|hlist-comma|flat list inline|flowlist|csv|comma separated entries"
          "|br separated entries|bulleted list|bullet list|ordered list|cslist|pagelist inline|nowrap list", _items)  # fmt: skip
_register("plainlist|plain list|flatlist|flat list|startplainlist|collapsible list|indented plainlist|collapsible text"
          "|unbulleted indent list|div col text|columns-list|columns list|div col list|col-list|collapse", _lines)  # fmt: skip
_register("flag|flagu|flagcountry|flagdeco|flaglink|country|flagg|country flag|flag country|flaglist", _flag)
for _prefix in ("USS", "HMS", "SS", "RMS", "HMAS", "HMCS", "USNS", "MV", "INS", "SMS", "USCGC", "ARA", "ORP", "HNoMS"):
    _register(_prefix.lower(), _ship(_prefix))
_register("native name|native phrase", _native_name)
_register("nihongo|nihongo2|nihongo3|korean|nihongo title", _nihongo)
_register("zh|zh-cn|zh-full", _chinese)
_register("frac|fraction|sfrac|fract|num/den", _fraction)
_register("val|value", _value)
_register("us$|usd|united states dollar|us dollar", _money("US$"))
_register("gbp|pound sterling|£", _money("£"))
_register("eur|euro|€", _money("€"))
_register("inr|indian rupee|rupee|₹", _money("₹"))
_register("jpy|¥|cny|rmb|yen", _money("¥"))
_register("a$|aud|au$", _money("A$"))
_register("c$|cad|can$", _money("C$"))
_register("snd|spaced ndash|spnd|sndash|spaced en dash|dash|– ", _constant(" – "))
_register("ndash|en dash|endash|nsndns", _constant("–"))
_register("mdash|em dash|emdash|—", _constant("—"))
_register("nbsp|spaces|space|hair space|thinsp|thin space|zwsp|shy|wbr|0ws|ensp|px2|sp", _constant(" "))
_register("·|•|bullet|dot|middot|sep|\\|bull|pipe|interpunct|dotsep|•w|·w|\\ ", _constant(" · "))
_register("!", _constant("|"))
_register("=|equals", _constant("="))
_register("'", _constant("'"))
_register("'s|'s-", _constant("'s"))
_register('-"|"\'|\'"', _constant("\"'"))
_register("okina|hamza|ayin", _constant("ʻ"))
_register("break|crlf|-br|clear-br", _constant(BREAK))
_register("first word|ordinal|ord", lambda arguments: arguments.get(0) + ("th" if arguments.get(0).isdigit() else ""))
_register("based on", _based_on)
_register("sortname", _joined(" "))
_register("quote|blockquote|cquote|quotation|rquote|bquote|pull quote|centered pull quote", _quote)
_register("usa today|lunar distance", _constant(""))
_register("yes|ya|aye", lambda arguments: arguments.get(0) or "Yes")
_register("no|nay|na", lambda arguments: arguments.get(0) or "No")
_register("won|nom|nominated|pending|partial|tba|dunno|unknown|n/a", lambda arguments: arguments.get(0) or "")
_register("chem2|simplenuclide|simplenuclide2|nuclide|nuclide2", _joined(""))
_register("e|e10|esp", _positional(0, "×10^"))
