"""Proving questions again, with nothing taken on trust.

Enters: a file of questions, the wiki, the graph. Leaves: a line for every question that fails, naming it and what
failed.
"""

from pathlib import Path

from websailor.errors import UserError
from websailor.files import read_jsonl
from websailor.questions.corpus import Corpus, load_corpus
from websailor.questions.evidence import EvidenceBook
from websailor.questions.maker import contains_name
from websailor.questions.proof.engine import ask
from websailor.questions.proof.join import ProofTooLarge
from websailor.records import Question
from websailor.wiki import open_wiki


def verify_file(file: Path, wiki: Path, graph: Path) -> list[str]:
    """See `questions.verify`."""
    pages = open_wiki(wiki)
    corpus = load_corpus(graph, is_generated=bool(pages.lexicon))
    book = EvidenceBook(pages, corpus)
    failures: list[str] = []
    count = 0
    for question in read_jsonl(file, Question):
        count += 1
        _check_same_graph(question, corpus, file, graph)
        failures.extend(f"{question.id}: {fault}" for fault in faults(question, corpus, book))
    if not count:
        raise UserError(f"{file} holds no questions")
    return failures


def _check_same_graph(question: Question, corpus: Corpus, file: Path, graph: Path) -> None:
    value = question.pattern.assignment
    for atom in question.pattern.atoms:
        fact = corpus.fact.get(atom.fact)
        said = (value.get(atom.subject), atom.relation, value.get(atom.object))
        if fact is None or (fact.subject, fact.relation, fact.object) != said:
            raise UserError(
                f"{file}: question {question.id} rests on {' '.join(map(str, said))}, which {graph} does not state: "
                "pass the graph that the questions were made from, or make them again"
            )


def faults(question: Question, corpus: Corpus, book: EvidenceBook) -> list[str]:
    """What is wrong with one question."""
    found: list[str] = []
    answer = question.pattern.assignment[question.pattern.focus]
    try:
        nodes = ask(corpus.tables, question.pattern).nodes
        answers = [corpus.tables.name(int(node)) for node in nodes[:4]]
        if answers != [answer]:
            found.append(f"{len(nodes)} answers ({', '.join(answers)}), not {answer} alone")
    except ProofTooLarge as error:
        found.append(f"the proof is too large: {error}")
    entity = corpus.entity.get(answer)
    if entity is None or question.answer not in (entity.name, entity.id, *entity.aliases):
        found.append(f"the answer {question.answer!r} is no name of {answer}")
    for name in (question.answer, *question.aliases):
        if contains_name(question.prompt, name):
            found.append(f"the prompt names the answer: {name}")
    shown = {(evidence.clue, evidence.fact): evidence for evidence in question.evidence}
    for number, clue in enumerate(question.clues):
        for name in clue.facts:
            evidence, fact = shown.get((number, name)), corpus.fact.get(name)
            page = None if fact is None else book.page(fact)
            if evidence is None:
                found.append(f"clue {number + 1} shows no evidence for fact {name}")
            elif fact is None or page is None:
                found.append(f"clue {number + 1}: no page states fact {name} any more")
            elif (evidence.page, evidence.quote) != (page.title, fact.source.quote):
                found.append(f"clue {number + 1}: the evidence of fact {name} is not what {page.title} says")
    told = {name for clue in question.clues for name in clue.facts}
    found.extend(f"no clue tells fact {atom.fact}" for atom in question.pattern.atoms if atom.fact not in told)
    return found
