"""The expert's words: search queries, goals of visits, and its short thoughts.

Enters: relations, labels and names that the expert has read. Leaves: strings. Thoughts are few templates filled with
names from the question or an observation, so that a small model can learn to write them by copying; nothing here knows
the world.
"""

import re
from functools import cache, lru_cache

from websailor.records import Atom, Domain, Pattern
from websailor.wiki import relations as generated
from websailor.wiki import relations_wikipedia as wikipedia
from websailor.wiki.dates import find_date
from websailor.wiki.english import day
from websailor.wiki.relations import Kind, Relation, Wording
from websailor.wiki.world import rich, small

_NUMBER = re.compile(r"[-−]?\d[\d,]*(?:\.\d+)?")
_IS_A = re.compile(r"\b(?:is|was) an? ([^.,;:]+)")
_HEAD = re.compile(r" (?:that|which|who|of|in|by|for|from|on|produced|directed|written|based|and) ")
_YEAR = re.compile(r"(?<![\d.,])(\d{3,4})(?![\d,.]*\d)(?:\s*(BCE?|BC))?")


@cache
def relation(name: str) -> Relation | None:
    """The wording of a relation of the generated world or of an infobox key; None when nobody worded it.

    A key that means different things in different infoboxes carries the subject's type: `child@language_family`.
    """
    key, _, kind = name.partition("@")
    return generated.relation(key) or wikipedia.relation(key, kind or None)


def qualified(pattern: Pattern) -> Pattern:
    """The pattern with the subject's type in every relation whose key alone has several meanings."""
    kinds = {domain.variable: domain.value for domain in pattern.domains if domain.lattice == "kind"}

    def name(atom: Atom) -> str:
        key, kind = atom.relation, kinds.get(atom.subject)
        several = generated.relation(key) is None and len(wikipedia.by_key().get(key, ())) > 1
        return f"{key}@{kind}" if several and kind and wikipedia.relation(key, kind) is not None else key

    atoms = tuple(atom.model_copy(update={"relation": name(atom)}) for atom in pattern.atoms)
    return pattern.model_copy(update={"atoms": atoms})


@cache
def kinds() -> dict[str, Kind]:
    """All worded types."""
    return {**wikipedia.kinds(), **generated.kinds()}


def key_words(name: str) -> str:
    """A relation's name as words: `employed_by` -> `employed by`. Pages print it as an infobox key."""
    return name.partition("@")[0].replace("_", " ")


@cache
def keys(name: str) -> frozenset[str]:
    """Infobox keys that state the relation: its own name, and on real pages those that mean the same."""
    return frozenset([name.partition("@")[0]]).union(*(one.keys for one in _stated_by(name)))


@cache
def mirror_keys(name: str) -> frozenset[str]:
    """Infobox keys that state the relation the other way round, on the object's page."""
    own = _stated_by(name)
    names, mirrors = {one.name for one in own}, {one.mirror for one in own}
    others = [one for one in wikipedia.relations().values() if one.name in mirrors or one.mirror in names]
    return frozenset(key for one in others for key in one.keys)


def _stated_by(name: str) -> tuple[wikipedia.InfoboxRelation, ...]:
    """What an infobox key can state; one relation alone where the subject's type is known."""
    key, _, kind = name.partition("@")
    found = wikipedia.relation(key, kind) if kind else None
    return wikipedia.by_key().get(key, ()) if found is None else (found,)


def templates(name: str, language: str) -> tuple[str, ...]:
    """The phrasings in which a page or a snippet may state the relation, with `{s}` and `{o}`; any other slot is some
    name."""
    found = relation(name)
    if found is None:
        return ()
    words = found.chinese if language == "zh" else found
    clues = tuple("{s} " + clue for clue in words.clue) + tuple("{o} " + phrase for phrase in words.inverse)
    leads = [lead for kind in found.subject if kind in kinds() for lead in kinds()[kind].leads if f"{{{name}}}" in lead]
    return tuple(dict.fromkeys((*found.sentences, *(lead.replace(f"{{{name}}}", "{o}") for lead in leads), *clues)))


def has_phrasings(name: str) -> bool:
    """True when pages state the relation in known sentences, so that a snippet without one does not state it."""
    found = relation(name)
    return found is not None and bool(found.sentences)


def in_works(name: str) -> bool:
    """True when, in a real encyclopedia, the page of the relation's object lists its subjects with their years."""
    return any(one.in_works for one in wikipedia.by_key().get(name.partition("@")[0], ()))


def is_real(pattern: Pattern) -> bool:
    """True where something is of a type that the generated world does not have."""
    return any(domain.lattice == "kind" and domain.value not in generated.kinds() for domain in pattern.domains)


def dates_work(name: str) -> bool:
    """True for the year of a book or a film."""
    found = relation(name)
    return found is not None and found.value_type == "date" and not {"book", "film"}.isdisjoint(found.subject)


def is_listed(name: str) -> bool:
    """True when pages state the relation in a list, on neither side's own page."""
    found = relation(name)
    return isinstance(found, wikipedia.InfoboxRelation) and found.listed


def possible_kinds(pattern: Pattern) -> dict[str, frozenset[str]]:
    """The kinds that its relations allow each variable; a variable whose relations say nothing is left out."""
    allowed: dict[str, frozenset[str]] = {}
    for atom in pattern.atoms:
        for variable, side in ((atom.subject, "subject"), (atom.object, "object")):
            if implied := frozenset(implied_kind(atom.relation, side)):
                allowed[variable] = allowed.get(variable, implied) & implied
    return allowed


def is_literal(name: str) -> bool | None:
    """True when the relation's object is a date or number, False for an entity; None when unknown or a text."""
    found = relation(name)
    return None if found is None or found.value_type == "text" else found.value_type != "entity"


def unique_subject(name: str) -> bool:
    """True when an object has at most one subject, so that the first one seen is the one."""
    found = relation(name)
    return found is not None and (found.inverse_functional or found.symmetric)


def implied_kind(name: str, side: str) -> tuple[str, ...]:
    """Kinds that the relation's subject or object can have; empty when unknown."""
    found = relation(name)
    if found is None:
        return ()
    return found.subject if side == "subject" else found.object


def kind_in(text: str) -> str | None:
    """The kind that a page's first sentence states: "... is a building in ..." is of a `site`."""
    match = _IS_A.search(text)
    if match is None:
        return None
    told = match.group(1)
    found = [(position, name) for name, phrase in _kind_phrases().items() if (position := told.find(phrase)) >= 0]
    head = len(_HEAD.split(told, maxsplit=1)[0])
    heads = [(position, name) for position, name in found if position < head]
    return max(heads)[1] if heads else min(found)[1] if found else None


def is_kind(shown: str, wanted: str) -> bool:
    """True when something of the one type is of the other too: a city is a place."""
    return shown == wanted or wikipedia.is_among(shown, [wanted])


def kind_of_name(title: str) -> str | None:
    """The kind that a name's last word says: `Velan Torid Works` is a company."""
    return _name_words().get(title.rpartition(" ")[2])


@cache
def _name_words() -> dict[str, str]:
    return {
        word: kind for table in (rich.TYPE_WORDS, small.TYPE_WORDS) for kind, found in table.items() for word in found
    }


def kind_noun(name: str) -> str:
    """The English word for a kind: `city` for a settlement of the real world."""
    found = kinds().get(name)
    return found.noun if isinstance(found, wikipedia.InfoboxKind) else name


@cache
def _kind_phrases() -> dict[str, str]:
    """What pages call each kind: the words after "is a" in its plainest first sentence."""
    phrases = {name: kind_noun(name) for name in kinds()}
    for name, kind in kinds().items():
        plain = _IS_A.search(kind.leads[-1]) if kind.leads else None
        if plain is not None:
            phrases[name] = plain.group(1)
    return phrases


def queries(name: str, known: str, language: str = "en") -> tuple[str, ...]:
    """Search queries for the subjects of a relation whose object is known, best first."""
    found, words = relation(name), _words(name, language)
    best = f"{found.query if found is not None else key_words(name)} {known}"
    others = [clue.format(o=known) for clue in words.clue] if words is not None else [f"{known} {key_words(name)}"]
    return tuple(dict.fromkeys([best, *others]))


def object_query(name: str, subject: str, language: str = "en") -> str:
    """A search query for the object of a relation whose subject is known."""
    return f"{_noun(name, language)} {subject}"


def spoken_goal(name: str) -> str:
    """The relation in the words of sentences and tables, where its key has others: "larger area belongs to"."""
    found = relation(name)
    if found is None:
        return key_words(name)
    return " ".join(f"{found.noun} {found.clue[-1]}".replace("{o}", " ").split())


def table_label(name: str) -> str | None:
    """What a row of a table calls the relation."""
    found = relation(name)
    return found.noun.capitalize() if found is not None else None


@cache
def headings(name: str) -> frozenset[str]:
    """Headings of table columns, in small letters and singular, that hold the relation's objects."""
    stated = _stated_by(name)
    return frozenset(key.replace("_", " ") for key in keys(name)).union(*(one.headings for one in stated))


@cache
def subject_headings(name: str) -> frozenset[str]:
    """Headings of table columns that hold the relation's subjects: what their types are called."""
    return frozenset(kind_noun(kind) for kind in implied_kind(name, "subject"))


def inverse_goal(name: str) -> str:
    """What to look for on the object's own page: "is the birthplace of"."""
    found = relation(name)
    return " ".join(found.inverse[0].replace("{s}", " ").split()) if found is not None else key_words(name)


def label_values(domain: Domain) -> tuple[str, ...]:
    """The exact values under a label, where they are few enough to search for one by one: the years of a decade."""
    if domain.lattice in ("year", "value"):
        return (domain.value,)
    if domain.lattice == "day":
        return (day(domain.value),)
    if domain.lattice == "decade":
        first = int(domain.value.removesuffix("s"))
        return tuple(str(year) for year in range(first, first + 10))
    return ()


def label_query(name: str | None, label: str, kind: str | None) -> str:
    """A search query without any name: `people born in 1953`, `clubs T`."""
    if name is None:
        return f"{_plural(kind)} {label}" if kind and kind != label else _plural(label)
    found = relation(name)
    query = found.query if found is not None else key_words(name)
    return f"{_plural(kind)} {query} {label}" if kind else f"{query} {label}"


def fuzzy_label(domain: Domain) -> str:
    """A label as list pages write it: `between 1900 and 1949`, `in the 20th century`."""
    if domain.lattice in ("half_century", "range"):
        low, _, high = _bounds(domain)
        return f"between {low} and {high}"
    if domain.lattice == "century":
        return f"in the {domain.value}th century"
    return domain.value


# ---------------------------------------------------------------- thoughts


def need_subject(name: str, known: str, kind: str | None) -> str:
    """`Need the company that was founded by Velan Torid.`"""
    words = relation(name)
    found = kinds().get(kind or "")
    who = f"the {kind_noun(kind)} {found.pronoun if found is not None else 'that'}" if kind else "what"
    if words is None:
        return f"Need {who} has {key_words(name)} {known}."
    return f"Need {who} {words.clue[0].format(o=known)}."


def need_object(name: str, subject: str) -> str:
    """`Need the founder of Melik Works.`"""
    return f"Need the {_noun(name, 'en')} of {subject}."


def need_label(name: str | None, label: str, kind: str | None) -> str:
    """`Need people born in 1953.`"""
    return f"Need {label_query(name, label, kind)}."


def verdict(found: str, wanted: str, fits: bool) -> str:
    """`studied at Velan College, wanted Torid College. No.`

    What was found and what is wanted stand before the verdict: a model that writes one word after the other has both in
    view when it must decide. With the verdict first ("is not in ...") it guesses.
    """
    return f"{found}, wanted {wanted}. {'Yes' if fits else 'No'}."


def label_verdict(subject: str, domain: Domain, value: str, fits: bool) -> str:
    """`born 1953. Yes.` or `born 1950s? No.` for a decade; found and wanted for other labels.

    Both begin with the digits of the decade, which the question gives; what follows them is looked up where a page
    has the same digits. Small models look up well and compare badly: with "born 1939, wanted in the 1950s. No." the
    verdict of one with 0.9M parameters stayed at chance.
    """
    if domain.lattice == "decade" and value.isdigit():
        return f"{subject} {value}. Yes." if fits else f"{subject} {domain.value}? No."
    return verdict(f"{subject} {value}", in_label(domain), fits)


def in_label(domain: Domain) -> str:
    """The label after "wanted": `in the 1950s`."""
    if domain.lattice == "decade":
        return f"in the {domain.value}"
    if domain.lattice == "century":
        return f"in century {domain.value}"
    if domain.lattice in ("half_century", "range"):
        low, _, high = _bounds(domain)
        return f"between {low} and {high}"
    if domain.lattice == "initial":
        return f"starting with {domain.value}"
    if domain.lattice == "day":
        return day(domain.value)
    return domain.value


# ---------------------------------------------------------------- labels against values


def fits(domain: Domain, text: str) -> bool:
    """Does a value as a page writes it carry the label? A value that cannot be read as the label's type does not."""
    if domain.lattice == "initial":
        return text.casefold().startswith(domain.value.casefold())
    if domain.lattice == "value":
        return text.casefold() == domain.value.casefold() or _same_number(text, domain.value)
    if domain.lattice == "day":
        return (found := find_date(text)) is not None and found.iso == domain.value
    if domain.lattice == "year":
        return any(str(year) == domain.value.lstrip("+") for year in years(text))
    if domain.lattice == "range":
        low, number, high = float(_bounds(domain)[0]), _number(text), float(_bounds(domain)[2])
        return (number is not None and low <= number <= high) or any(low <= year <= high for year in years(text))
    if domain.lattice == "decade":
        first = int(domain.value.rstrip("s"))
        return any(first <= year <= first + 9 for year in years(text))
    if domain.lattice == "century":
        century = int(re.sub(r"\D", "", domain.value))
        return any((year - 1) // 100 + 1 == century or year // 100 + 1 == century for year in years(text))
    if domain.lattice == "half_century":
        low, high = (int(part) for part in _bounds(domain)[::2])
        return any(low <= year <= high for year in years(text))
    raise ValueError(f"lattice {domain.lattice!r} is not one of a value")


def years(text: str) -> tuple[int, ...]:
    """Years that a text names; before the common era they are negative."""
    return tuple(-int(match.group(1)) if match.group(2) else int(match.group(1)) for match in _YEAR.finditer(text))


def _bounds(domain: Domain) -> tuple[str, str, str]:
    if ".." in domain.value:
        return domain.value.partition("..")
    return domain.value.partition("-")


def _number(text: str) -> float | None:
    match = _NUMBER.search(text)
    return float(match.group().replace(",", "").replace("−", "-")) if match else None


def _same_number(one: str, other: str) -> bool:
    """Equal amounts; both must be numbers from their first to their last digit, a unit after them aside."""
    first, second = _NUMBER.match(one.strip()), _NUMBER.fullmatch(other.strip())
    return first is not None and second is not None and _number(first.group()) == _number(other)


@lru_cache(maxsize=4096)
def _words(name: str, language: str) -> Wording | Relation | None:
    found = relation(name)
    return found.chinese if found is not None and language == "zh" else found


def _noun(name: str, language: str) -> str:
    words = _words(name, language)
    return words.noun if words is not None else key_words(name)


def _plural(kind: str | None) -> str:
    found = kinds().get(kind or "")
    return found.plural if found is not None else f"{kind}s"
