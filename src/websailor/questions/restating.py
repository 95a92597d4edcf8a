"""What a question says of itself, against what its query gives: bits, level, aliases, words.

Enters: a question whose query is proved, the corpus, the wiki. Leaves: a line for every difference, with what is said
and what it should be. The words of a prompt were chosen at random, so it is not told again letter by letter: it must
say nothing that no wording of the query says, and all that every wording of it says. The text of a clue is told anew,
word by word; where a language model may have reworded it, it must pass the checks that the model's sentence passed.
"""

import random
import re
from collections.abc import Iterator
from math import isclose
from typing import get_args

from websailor.questions.corpus import Corpus
from websailor.questions.level import is_one_functional_hop, leaks, level_of
from websailor.questions.measure import Measure, measure, plan_work, without_idle
from websailor.questions.naming import plain
from websailor.questions.operators import DISTRACTOR
from websailor.questions.operators.base import Counts
from websailor.questions.operators.u16_nothing import ANSWER
from websailor.questions.structure import Branch, variables_of
from websailor.questions.words.fidelity import mismatch, refusal
from websailor.questions.words.plan import NoWording, clauses
from websailor.questions.words.realise import SPEAKERS, Style, clue_text, ordered_clues, realise, whole
from websailor.questions.words.slotted import SlottedClause, slotted_clauses
from websailor.records import Question, Uncertainty
from websailor.wiki.reader import Wiki

WORDINGS = 160
"""Wordings that are tried until they have said all words of a prompt."""
FEWEST = 24
"""Wordings that are tried at least: what all of them say, every wording says."""
CLOSE = 1e-6
STYLES: tuple[Style, ...] = get_args(Style)
_QUOTES = {"en": '"{}"', "zh": "“{}”"}
_TOKEN = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+(?:['’][^\W_]+)*")
_ARTICLES_AND_PRONOUNS = ("a", "an", "the", "this", "that", "who", "which", "whom", "it", "they", "its", "their")
_VERBS_AND_PARTICLES = ("is", "are", "was", "were", "be", "been", "has", "have", "had", "and", "of", "to", "in", "by")
_FUNCTION_WORDS = frozenset((*_ARTICLES_AND_PRONOUNS, *_VERBS_AND_PARTICLES, "s", "o"))
"""Words that a phrase may lose on its way into a sentence, and the names of its slots."""


def differences(question: Question, corpus: Corpus, wiki: Wiki, leak_rank: int, reworded: bool) -> list[str]:
    """What a question says otherwise than its proved query. `reworded`: a language model may have told it."""
    try:
        told = ordered_clues(question.pattern)
        if [variables_of(question.pattern, one) for one in told] != [clue.variables for clue in question.clues]:
            return ["the clues are not told in the order of the query, or speak of other variables"]
        pattern = question.pattern
        found = measure(Counts(corpus.tables, pattern), told, plan_work(corpus.tables, pattern))
        return [
            *_measures(question, found),
            *_level(question, corpus, wiki, level_of(pattern, told, found.uncertainty.frontier, False), leak_rank),
            *_aliases(question, corpus),
            *_clue_texts(question, corpus, told, reworded),
            *_prompt(question, corpus, reworded),
        ]
    except NoWording as error:
        return [f"no words say the query: {error}"]


def _measures(question: Question, found: Measure) -> Iterator[str]:
    """Bits, gains and necessity, against what was measured."""
    idle = [clue.operator == DISTRACTOR.code for clue in question.clues]
    should = without_idle(found, idle)
    for name in Uncertainty.model_fields:
        said, true = getattr(question.uncertainty, name), getattr(should, name)
        if not _same(said, true):
            yield f"{name.replace('_', ' ')} is said to be {_shown(said)}, and is {_shown(true)}"
    for number, (clue, gain, necessary) in enumerate(zip(question.clues, found.gains, found.necessary, strict=True), 1):
        if not _same(clue.gain, gain):
            yield f"clue {number} is said to give {_shown(clue.gain)} bits, and gives {_shown(gain)}"
        if clue.necessary != necessary:
            yield f"clue {number} is {'' if necessary else 'not '}necessary, and said to be otherwise"


def _same(said: object, true: object) -> bool:
    if isinstance(said, tuple) and isinstance(true, tuple):
        return len(said) == len(true) and all(map(_same, said, true))
    if isinstance(said, int | float) and isinstance(true, int | float):
        return isclose(said, true, abs_tol=CLOSE)
    return said == true


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return "(" + ", ".join(map(_shown, value)) + ")"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _level(question: Question, corpus: Corpus, wiki: Wiki, level: int, leak_rank: int) -> Iterator[str]:
    """`level`: where nothing leaks, and no single step leads to the answer."""
    pattern, why = question.pattern, ""
    answer = pattern.assignment.get(pattern.focus)
    texts = (question.prompt, *(clue.text for clue in question.clues))
    if answer is not None and leaks(wiki, answer, texts, leak_rank):
        level, why = 1, f" (the page of its answer is among the first {leak_rank} hits)"
    elif is_one_functional_hop(corpus.tables, pattern):
        level, why = 1, " (one step leads from a name to its answer)"
    if question.level != level:
        yield f"level is said to be {question.level}, and is {level}{why}"


def _aliases(question: Question, corpus: Corpus) -> Iterator[str]:
    answer = question.pattern.assignment.get(question.pattern.focus)
    others = () if answer is None else corpus.other_names(corpus.entity[answer])
    for name in question.aliases:
        if name not in others:
            yield f"the alias {name!r} does not stand for the answer, or not for it alone"
    for name in others:
        if name not in question.aliases:
            yield f"the aliases lack {name!r}"


# ------------------------------------------------------------ words


def _clue_texts(question: Question, corpus: Corpus, told: list[Branch], reworded: bool) -> Iterator[str]:
    """The text of every clue: how one has told it follows from the style alone."""
    pattern, language = question.pattern, question.language
    slotted: list[SlottedClause] = []
    if reworded:
        _, slotted = slotted_clauses(corpus, pattern, language, random.Random(0))
    for number, (clue, branch) in enumerate(zip(question.clues, told, strict=True), 1):
        known = [clue_text(corpus, pattern, branch, language, careful) for careful in (True, False)]
        if clue.text in known:
            continue
        model = next((one for one in slotted if one.parts == parts_of(branch)), None)
        if model is None or refusal(model, _masked(clue.text, model.values), language) is not None:
            yield f"clue {number} says {clue.text!r}, and its query {known[0]!r}"


def _masked(text: str, values: dict[str, str]) -> str:
    """A sentence with slots where it tells a value; the longest first, as one may hold another."""
    for letter, value in sorted(values.items(), key=lambda item: -len(item[1])):
        text = _without(value, f"[{letter}]", text)
    return text


def _without(value: str, sign: str, text: str) -> str:
    """A text with a sign in place of a value, where that stands for itself and is no part of a word."""
    return re.sub(rf"(?<![A-Za-z0-9]){re.escape(value)}(?![A-Za-z0-9])", sign, text, flags=re.IGNORECASE)


def _prompt(question: Question, corpus: Corpus, reworded: bool) -> Iterator[str]:
    fault = _unsaid(question, corpus)
    if fault is not None and (not reworded or _unfaithful(question, corpus)):
        yield fault


def tokens(text: str) -> list[str]:
    """The words of a text, and its Chinese characters, as they are compared."""
    return _TOKEN.findall(plain(text))


def _unsaid(question: Question, corpus: Corpus) -> str | None:
    """What the prompt says and no wording of the query does, or the other way round."""
    prompt = set(tokens(question.prompt))
    may: set[str] = set()
    must: set[str] | None = None
    for number, wording in enumerate(_wordings(question, corpus)):
        if wording == question.prompt:
            return None
        said = set(tokens(wording))
        may |= said
        must = said if must is None else must & said
        if number >= FEWEST and prompt <= may and must - _FUNCTION_WORDS <= prompt:
            break
    if must is None:
        raise NoWording("none of the ways to say it is clear")
    unknown = next((word for word in tokens(question.prompt) if word not in may), None)
    if unknown is not None:
        return f"the prompt says {unknown!r}, and no wording of its query does"
    if lacking := sorted(must - prompt - _FUNCTION_WORDS):
        return f"the prompt does not say {lacking[0]!r}, and every wording of its query does"
    return _silent(question, corpus, prompt)


def _wordings(question: Question, corpus: Corpus) -> Iterator[str]:
    """Ways to say a question, in both styles."""
    for number in range(WORDINGS):
        style, rng = STYLES[number % len(STYLES)], random.Random(number)
        try:
            yield realise(corpus, question.pattern, (), style, question.language, rng, allows_none(question)).prompt
        except NoWording:
            continue


def _silent(question: Question, corpus: Corpus, prompt: set[str]) -> str | None:
    """A clause of the query none of whose phrases is in the prompt."""
    root = whole(question.pattern)
    speakers = [
        SPEAKERS[question.language](corpus, question.pattern, root, (), random.Random(0), careful)
        for careful in (True, False)
    ]
    for clause in clauses(root):
        known = [speaker.sayings.of(clause) for speaker in speakers]
        phrases = [one for said in known for one in (*said.verbs, *said.relatives, *said.turned, said.noun) if one]
        if not any(set(tokens(phrase)) - _FUNCTION_WORDS <= prompt for phrase in phrases):
            return f"the prompt does not say {phrases[0]!r}, nor that in other words"
    return None


def allows_none(question: Question) -> bool:
    """True when a prompt says that there may be no answer."""
    return _QUOTES[question.language].format(ANSWER[question.language]) in question.prompt


def parts_of(branch: Branch) -> frozenset[tuple[str, int]]:
    """What of the pattern a clue says."""
    return frozenset(
        [("atom", number) for number in branch.atoms] + [("condition", number) for number in branch.conditions]
    )


def _unfaithful(question: Question, corpus: Corpus) -> bool:
    """True where a model's words cannot be those of the clauses: a value lacks, or the checks of `fidelity` fail."""
    speaker, found = slotted_clauses(corpus, question.pattern, question.language, random.Random(0))
    said, told = question.prompt, []
    values = sorted({value for one in found for value in one.values.values()}, key=lambda value: -len(value))
    if any(plain(value) not in plain(said) for value in values):
        return True
    for value in values:
        said = _without(value, " ", said)
    for one in found:
        told.append(re.sub(r"\[[A-Z]\]", " ", one.text))
    for sentence in speaker.none_sentences():
        said = said.replace(sentence, "")
    return mismatch(speaker.around(" ".join(told)), said, found[0].noun, question.language) is not None
