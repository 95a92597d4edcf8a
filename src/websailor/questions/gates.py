"""What the words of a question must pass, whoever wrote them.

Enters: the prompt and the texts of the clues, and what they are about. Leaves: `Refused` with the reason, or nothing.
"""

from collections.abc import Sequence

from websailor.questions.corpus import Corpus
from websailor.questions.naming import contains_name
from websailor.questions.seen import Refused
from websailor.questions.structure import is_named
from websailor.records import Entity, Pattern
from websailor.wiki.relations import Language
from websailor.wiki.titles import plain_name


def check_answer_unsaid(texts: Sequence[str], answer: Entity) -> None:
    """No text holds a name of the answer."""
    names = (answer.name, answer.id, *answer.aliases)
    for text in texts:
        if said := next((name for name in names if contains_name(text, name)), None):
            raise Refused("names_answer", said)


def check_hidden(corpus: Corpus, pattern: Pattern, prompt: str) -> None:
    """A state that is only described must not be named by what is named ("the Alaska Senate")."""
    for variable, value in () if corpus.lexicon.is_generated else pattern.assignment.items():
        hidden = variable not in pattern.value_types and not is_named(pattern, variable)
        if hidden and contains_name(prompt, plain_name(value)):
            raise Refused("names_hidden", value)


def check_titles(corpus: Corpus, pattern: Pattern) -> None:
    """A work that the question names must have a page, a title that no other has, or a year."""
    for name in (domain.value for domain in pattern.domains if domain.lattice == "entity"):
        if corpus.is_title_alone(name) and not name.endswith(")") and name not in corpus.dated:
            raise Refused("ambiguous_title", name)


def check_length(prompt: str, language: Language, max_words: int) -> None:
    """The prompt has at most `max_words` words (Chinese: characters); 0: no limit."""
    length = len(prompt) if language == "zh" else len(prompt.split())
    if max_words and length > max_words:
        raise Refused("too_long", str(length))
