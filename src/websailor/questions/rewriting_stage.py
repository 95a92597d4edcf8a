"""The stage that has a language model rewrite a set of questions.

Enters: questions, their wiki and graph, a policy. Leaves: a questions directory with the same ids, answers and proofs.
Where a clause of the model holds, the prompt tells it and so does the clue that is this very clause; where it does not,
the embedded words stay. A question whose new words name the answer, lead to its page, repeat another question or are
too long keeps all its own. Every refusal is in rejects.jsonl, as `<question id>/<number>`.
"""

import asyncio
import itertools
import logging
import random
from collections.abc import Mapping
from pathlib import Path

from websailor.agent.breakdowns import Breakdown, Breakdowns, breaking_down
from websailor.errors import UserError
from websailor.files import StageDirectory, append_json, read_jsonl, trim_jsonl
from websailor.models.base import ChatModel, Policy
from websailor.progress import Bar, progress_bar
from websailor.questions.config import RewritingConfig
from websailor.questions.corpus import Corpus, load_corpus
from websailor.questions.gates import check_answer_unsaid, check_hidden, check_length
from websailor.questions.level import leaks
from websailor.questions.restating import allows_none, parts_of
from websailor.questions.seen import Refused, Seen
from websailor.questions.structure import variables_of
from websailor.questions.verification import check_same_graph
from websailor.questions.words.plan import NoWording
from websailor.questions.words.realise import ordered_clues
from websailor.questions.words.rewriting import Rewriting, rewrite
from websailor.records import Clue, Manifest, Question, Record, Reject
from websailor.wiki import open_wiki
from websailor.wiki.reader import Wiki

log = logging.getLogger(__name__)


class _Effort(Record):
    """A row of metrics.jsonl: what one question took."""

    id: str
    clauses: int
    reworded: int
    """Clauses in the model's words; 0 where the question kept its own."""
    prompt_tokens: int
    completion_tokens: int


def rewrite_all(config: RewritingConfig, inputs: Mapping[str, Path], out: Path, policy: Policy) -> Manifest:
    """See `questions.rewrite`."""
    with StageDirectory(out, "questions", config, inputs) as directory:
        if directory.finished:
            return directory.manifest()
        source = inputs["questions"]
        file = source / "records.jsonl" if source.is_dir() else source
        questions = list(read_jsonl(file, Question))
        if not questions:
            raise UserError(f"{file}: no question in it: make some with `websailor questions make`")
        wiki = open_wiki(inputs["wiki"])
        rewriter = _Rewriter(config, load_corpus(inputs["graph"], bool(wiki.lexicon)), wiki, policy, directory)
        for question in questions:
            check_same_graph(question, rewriter.corpus, file, inputs["graph"])
        waiting = [question for question in questions if question.id not in directory.done]
        with progress_bar("rewriting", len(waiting)) as bar:
            asyncio.run(rewriter.run(waiting, bar))
        return directory.finish(**_counts(out))


def _counts(out: Path) -> dict[str, float]:
    """What all sittings together did."""
    efforts = {row.id: row for row in read_jsonl(out / "metrics.jsonl", _Effort)}
    return {
        "questions_reworded": sum(row.reworded > 0 for row in efforts.values()),
        "clauses": sum(row.clauses for row in efforts.values()),
        "clauses_reworded": sum(row.reworded for row in efforts.values()),
        "prompt_tokens": sum(row.prompt_tokens for row in efforts.values()),
        "completion_tokens": sum(row.completion_tokens for row in efforts.values()),
    }


class _Rewriter:
    """Rewrites questions side by side and keeps each as it is done."""

    def __init__(
        self, config: RewritingConfig, corpus: Corpus, wiki: Wiki, policy: Policy, directory: StageDirectory
    ) -> None:
        self.corpus = corpus
        self._config = config
        self._wiki = wiki
        self._policy = policy
        self._directory = directory
        self._seen = Seen()
        self._broken: dict[str, Question] = {}
        self._breakdowns = Breakdowns(config.breakdowns, self._keep_broken, "question")
        self._metrics = directory.path / "metrics.jsonl"
        trim_jsonl(self._metrics, lambda row: row.get("id") in directory.done)
        for question in read_jsonl(directory.path / "records.jsonl", Question):
            self._seen.add(question)

    async def run(self, questions: list[Question], bar: Bar) -> None:
        """Rewrite all. Raises `UserError` when the endpoint gives no reply any more."""
        waiting = iter(questions)

        async def worker() -> None:
            for question in waiting:
                await self._one(question)
                bar.advance()

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self._config.concurrency, len(questions))):
                    group.create_task(worker())
        except* UserError as gone:
            raise gone.exceptions[0] from None
        finally:
            close = getattr(self._policy, "aclose", None)
            if close is not None:
                await close()
        self._breakdowns.end()

    async def _one(self, question: Question) -> None:
        numbers = itertools.count()

        def chat() -> ChatModel:
            return self._policy.episode(question, next(numbers))

        try:
            with breaking_down("endpoint"):
                rng = random.Random(f"{self._config.seed}/{question.id}")
                found = await rewrite(
                    self.corpus,
                    question.pattern,
                    chat,
                    question.language,
                    rng,
                    tries=self._config.tries,
                    may_be_none=allows_none(question),
                )
        except Breakdown as failure:
            self._broken[question.id] = question
            self._breakdowns.broke(Reject(id=question.id, reason=failure.reason, detail=str(failure)))
            return
        except NoWording as error:
            self._keep(question, None, [Reject(id=question.id, reason="no_wording", detail=str(error))])
            return
        self._breakdowns.worked()
        refusals = [
            Reject(id=question.id, reason=sentence.reason, detail=sentence.sentence)
            for told in found.told
            for sentence in told.refused
        ]
        try:
            made = self._passed(question, found)
        except Refused as refusal:
            self._keep(question, found, [*refusals, Reject(id=question.id, reason=refusal.reason, detail=found.prompt)])
            return
        self._keep(made, found, refusals)

    def _passed(self, question: Question, found: Rewriting) -> Question:
        """The question in its new words, or in its own where no clause has any. Raises `Refused`."""
        if found.kept == found.clauses:
            return question
        clues = reworded_clues(question, found)
        texts = (found.prompt, *(clue.text for clue in clues))
        answer = question.pattern.assignment.get(question.pattern.focus)
        check_length(found.prompt, question.language, self._config.max_words)
        if answer is not None:
            check_answer_unsaid(texts, self.corpus.entity[answer])
            check_hidden(self.corpus, question.pattern, found.prompt)
            if question.level > 1 and leaks(self._wiki, answer, texts, self._config.leak_rank):
                raise Refused("leak")
        self._seen.check_prompt(found.prompt)
        return question.model_copy(update={"prompt": found.prompt, "clues": clues})

    def _keep(self, question: Question, found: Rewriting | None, refusals: list[Reject]) -> None:
        """Write down what was refused, what it took, then the question."""
        for number, reject in enumerate(refusals):
            numbered = reject.model_copy(update={"id": f"{reject.id}/{number}"})
            if numbered.id not in self._directory.done:
                self._directory.reject(numbered)
        is_new = found is not None and question.prompt == found.prompt
        effort = _Effort(
            id=question.id,
            clauses=0 if found is None else found.clauses,
            reworded=found.clauses - found.kept if found is not None and is_new else 0,
            prompt_tokens=0 if found is None else found.usage.prompt_tokens,
            completion_tokens=0 if found is None else found.usage.completion_tokens,
        )
        append_json(self._metrics, effort.model_dump())
        self._seen.add(question)
        self._directory.append(question)

    def _keep_broken(self, reject: Reject) -> None:
        """A question without a reply, where others have some, keeps its words."""
        self._keep(self._broken.pop(reject.id), None, [reject])


def reworded_clues(question: Question, found: Rewriting) -> tuple[Clue, ...]:
    """The clues; one that is just one clause in the model's words is told in them."""
    texts = {told.parts: told.text for told in found.told if told.by_model}
    branches = ordered_clues(question.pattern)
    assert [variables_of(question.pattern, branch) for branch in branches] == [one.variables for one in question.clues]
    return tuple(
        clue if (text := texts.get(parts_of(branch))) is None else clue.model_copy(update={"text": text})
        for clue, branch in zip(question.clues, branches, strict=True)
    )
