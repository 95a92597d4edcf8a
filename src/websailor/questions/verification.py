"""Proving questions again: the answer, the operators that the clues claim, the evidence, and what a question says of
itself: bits, level, aliases, words (`restating`).

Enters: a file of questions, the wiki (of a generated world with the list of what is true in it), the graph. Leaves: a
line for every question that fails, naming it and what failed.
"""

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from websailor.errors import UserError
from websailor.files import read_jsonl
from websailor.identity import content_hash, require_whole, stage_identity
from websailor.questions.config import Config
from websailor.questions.corpus import Corpus, load_corpus
from websailor.questions.evidence import EvidenceBook
from websailor.questions.naming import contains_name
from websailor.questions.operators import DISTRACTOR, NOTHING, OPERATORS, PLAIN
from websailor.questions.operators.base import Case, Counts, Operator
from websailor.questions.operators.u16_nothing import ANSWER
from websailor.questions.proof.engine import ask
from websailor.questions.proof.sets import ProofTooLarge
from websailor.questions.reach import out_of_reach
from websailor.questions.restating import differences
from websailor.questions.structure import branches, speaks_of, variables_of
from websailor.records import Atom, Count, Manifest, Pattern, Question, Rank, Without
from websailor.wiki import open_wiki
from websailor.wiki.reader import Wiki

_BY_CODE: dict[str, Operator] = {one.code: one for one in (*OPERATORS, DISTRACTOR)}


def verify_file(file: Path, wiki: Path, graph: Path) -> list[str]:
    """See `questions.verify`."""
    for directory in (wiki, graph):
        require_whole(directory)
    _check_inputs(file, {"wiki": wiki, "graph": graph})
    pages = open_wiki(wiki)
    silent = any(not _malformed(one.pattern) and rests_on_silence(one.pattern) for one in read_jsonl(file, Question))
    corpus = load_corpus(graph, bool(pages.lexicon), wiki / "facts.jsonl" if silent else None)
    book = EvidenceBook(pages, corpus)
    rank, reworded = _made_with(file)
    failures: list[str] = []
    count = 0
    for question in read_jsonl(file, Question):
        count += 1
        check_same_graph(question, corpus, file, graph)
        found = faults(question, corpus, book, pages) or differences(question, corpus, pages, rank, reworded)
        failures.extend(f"{question.id}: {fault}" for fault in found)
    if count and _is_cut_off(file):
        failures.append("the last line: cut off, it holds no question")
    if not count:
        raise UserError(f"{file} holds no questions")
    if (made := _made_there(file)) is not None and made != count:
        failures.append(f"the file: {count} questions are in it, and {made} were made")
    return failures


def _made_with(file: Path) -> tuple[int, bool]:
    """The rank of a leak, and whether a language model may have told the questions: as their directory says. A file by
    itself may hold the words of a model.
    """
    identity = stage_identity(file.parent)
    config = {} if identity is None or identity["stage"] != "questions" else identity["config"]
    return config.get("leak_rank", Config().leak_rank), "model" in config or not config


def _check_inputs(file: Path, inputs: Mapping[str, Path]) -> None:
    """Raise `UserError` where the questions' own directory says that they were made of another corpus."""
    identity = stage_identity(file.parent)
    if identity is None or identity["stage"] != "questions":
        return
    for name, path in inputs.items():
        if identity["inputs"].get(name, content_hash(path)) != content_hash(path):
            raise UserError(
                f"{file} was made with another {name} than {path} holds: name the one it was made with, or make the "
                "questions again"
            )


def _made_there(file: Path) -> int | None:
    """How many questions the manifest beside a file says were made; None without one."""
    manifest = file.parent / "manifest.json"
    if file.name != "records.jsonl" or not manifest.is_file():
        return None
    try:
        made = Manifest.model_validate_json(manifest.read_bytes()).counts.get("records")
    except ValidationError as error:
        raise UserError(
            f"{manifest}: damaged: put the former back, or delete it to check the questions without it"
        ) from error
    return None if made is None else int(made)


def _is_cut_off(file: Path) -> bool:
    """True where the last line cannot be read: whoever goes on with a file passes it over, here it is missing."""
    last = file.read_bytes().rpartition(b"\n")[2]
    try:
        return bool(last) and Question.model_validate_json(last) is None
    except ValidationError:
        return True


def check_same_graph(question: Question, corpus: Corpus, file: Path, graph: Path) -> None:
    """Everything that the question was made from is still there. Of a question without an answer the facts need not be:
    that none of them fits is what it proves.
    """
    pattern, value = question.pattern, question.pattern.assignment
    gone = [
        " ".join(str(one) for one in (value.get(atom.subject), atom.relation, value.get(atom.object)))
        for atom in pattern.atoms
        if (value or atom.fact) and not _is_stated(atom, pattern, corpus)
    ]
    if value.keys() and value.keys() != set(pattern.variables):
        gone += [f"a value of {name}" for name in pattern.variables if name not in value]
    relations = [atom.relation for atom in pattern.atoms]
    relations += [one.relation for one in pattern.conditions if isinstance(one, Without | Count | Rank)]
    gone += [f"the relation {name}" for name in relations if name not in corpus.tables.tables]
    named = [domain.value for domain in pattern.domains if domain.lattice == "entity"]
    named += [one.object for one in pattern.conditions if isinstance(one, Without) and one.object is not None]
    gone += [f"{name}, which it names" for name in named if name not in corpus.entity]
    if gone:
        raise UserError(
            f"{file}: question {question.id} rests on {gone[0]}, which {graph} does not state: "
            "pass the graph that the questions were made from, or make them again"
        )


def _is_stated(atom: Atom, pattern: Pattern, corpus: Corpus) -> bool:
    fact, value = corpus.fact.get(atom.fact), pattern.assignment
    if fact is None or not value:
        return fact is not None and fact.relation == atom.relation
    return (fact.subject, fact.relation, fact.object) == (
        value.get(atom.subject),
        atom.relation,
        value.get(atom.object),
    )


def faults(question: Question, corpus: Corpus, book: EvidenceBook, wiki: Wiki) -> list[str]:
    """What is wrong with one question."""
    if malformed := _malformed(question.pattern):
        return malformed
    answer = question.pattern.assignment.get(question.pattern.focus)
    unproved = [*_unproved(question, answer, corpus), *_incomplete(question.pattern, corpus)]
    return [
        *(unproved or [*out_of_reach(corpus, question.pattern), *_unearned(question, corpus, book)]),
        *([] if answer is None else _misnamed(question, answer, corpus)),
        *_unsupported(question, corpus, book, wiki),
    ]


def _malformed(pattern: Pattern) -> list[str]:
    """A query that speaks of what it does not have proves nothing: the engine passes such a part over."""
    names, count = set(pattern.variables), len(pattern.atoms)
    joined = {name for atom in pattern.atoms for name in (atom.subject, atom.object)}
    spoken = [pattern.focus, *joined, *(domain.variable for domain in pattern.domains)]
    spoken += [name for pair in pattern.distinct for name in pair]
    spoken += [name for one in pattern.conditions for name in speaks_of(one, pattern.focus)]
    spoken += [name for phrase in pattern.phrases for name in (phrase.left, phrase.right)]
    found = [f"the query speaks of {name!r}, which is none of its variables" for name in spoken if name not in names]
    found += [f"the query joins {name!r} to nothing" for name in pattern.variables if name not in joined]
    if len(names) < len(pattern.variables) or (pattern.assignment and pattern.assignment.keys() != names):
        found.append("the variables of the query are not those that it gives values to")
    if any(not 0 <= number < count for phrase in pattern.phrases for number in phrase.atoms):
        found.append("a phrase of the query joins relations that it does not have")
    return found[:1]


def _unproved(question: Question, answer: str | None, corpus: Corpus) -> list[str]:
    """The pattern must have the one answer; where it is said to have none, nothing may fit, and silence be proof."""
    try:
        nodes = ask(corpus.tables, question.pattern).nodes
    except ProofTooLarge as error:
        return [f"the proof is too large: {error}"]
    except (ValueError, OverflowError) as error:
        return [f"the query cannot be read: {error}"]
    answers = [corpus.tables.name(int(node)) for node in nodes[:4]]
    if answer is not None:
        return [] if answers == [answer] else [f"{len(nodes)} answers ({', '.join(answers)}), not {answer} alone"]
    found = [f"{len(nodes)} answers ({', '.join(answers)}), not none"] if answers else []
    if not answers and not NOTHING.holds(Counts(corpus.tables, question.pattern), branches(question.pattern)):
        found.append("nothing fits even without one of its clues, or one clue alone")
    if question.answer not in ANSWER.values():
        found.append(f"the answer {question.answer!r} does not say that there is none")
    return [*found, "no graph of a part of the world proves that there is none"] if corpus.tables.is_open else found


def rests_on_silence(pattern: Pattern) -> list[str]:
    """The relations of which what is not stated has to be false, for the answer to be right."""
    names = [one.relation for one in pattern.conditions if isinstance(one, Without | Count | Rank)]
    inferred = [number for one in pattern.phrases if one.operator == "U12" for number in one.atoms]
    told = [atom for number, atom in enumerate(pattern.atoms) if not pattern.assignment or number in inferred]
    return list(dict.fromkeys([*names, *(atom.relation for atom in told)]))


def _incomplete(pattern: Pattern, corpus: Corpus) -> list[str]:
    return [
        f"it rests on what is not stated of {name}, of which the graph lacks facts"
        for name in rests_on_silence(pattern)
        if name not in corpus.complete
    ]


def _unearned(question: Question, corpus: Corpus, book: EvidenceBook) -> list[str]:
    """Every clue is one of the proved query's, tells all facts that it rests on, and earns its operator."""
    pattern, counts = question.pattern, Counts(corpus.tables, question.pattern)
    if not pattern.assignment:
        return []
    left, found = branches(pattern), list[str]()
    cases = [Case(counts, left, branch) for branch in left]
    for number, clue in enumerate(question.clues, 1):
        same = [one for one in cases if set(variables_of(pattern, one.branch)) == set(clue.variables)]
        told = [one for one in same if {fact.id for fact in book.facts_of(pattern, one.branch)} == set(clue.facts)]
        operator = _BY_CODE.get(clue.operator)
        if not told:
            found.append(f"clue {number} tells other facts than the query")
        elif clue.operator != PLAIN and (
            operator is None or not any(operator.applies(one) and operator.holds(one) for one in told)
        ):
            found.append(f"clue {number} is no {clue.operator}")
    if len(question.clues) != len(left):
        found.append(f"{len(question.clues)} clues for a query of {len(left)}")
    return found


def _misnamed(question: Question, answer: str, corpus: Corpus) -> list[str]:
    found: list[str] = []
    entity = corpus.entity.get(answer)
    if entity is None or question.answer not in (entity.name, entity.id, *entity.aliases):
        found.append(f"the answer {question.answer!r} is no name of {answer}")
    for name in (question.answer, *question.aliases):
        if contains_name(question.prompt, name):
            found.append(f"the prompt names the answer: {name}")
    return found


def _unsupported(question: Question, corpus: Corpus, book: EvidenceBook, wiki: Wiki) -> list[str]:
    """Every clue needs its facts, each on the page that the evidence shows; a page that shows an absence must be there
    and say what is quoted.
    """
    found: list[str] = []
    shown = {(evidence.clue, evidence.fact): evidence for evidence in question.evidence}
    for number, clue in enumerate(question.clues):
        for name in clue.facts:
            evidence, fact = shown.get((number, name)), corpus.fact.get(name)
            page = None if fact is None else book.page(fact)
            if evidence is None:
                if question.pattern.assignment:
                    found.append(f"clue {number + 1} shows no evidence for fact {name}")
            elif fact is None or page is None:
                found.append(f"clue {number + 1}: no page states fact {name} any more")
            elif (evidence.page, evidence.quote) != (page.title, fact.source.quote):
                found.append(f"clue {number + 1}: the evidence of fact {name} is not what {page.title} says")
    for evidence in question.evidence:
        if not evidence.fact:
            page = wiki.page(evidence.page)
            if page is None or " ".join(evidence.quote.split()) not in " ".join(page.text.split()):
                found.append(f"clue {evidence.clue + 1}: {evidence.page} does not say {evidence.quote[:60]!r} any more")
    told = {name for clue in question.clues for name in clue.facts}
    if question.pattern.assignment:
        found.extend(f"no clue tells fact {atom.fact}" for atom in question.pattern.atoms if atom.fact not in told)
    return found
