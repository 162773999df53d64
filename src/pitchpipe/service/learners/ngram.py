"""The default learner: learns answers from the words and word pairs of prompts, in a second."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self
from zipfile import BadZipFile
from zlib import crc32

import numpy as np

from pitchpipe.errors import DataError
from pitchpipe.files import atomic
from pitchpipe.service.learners.answers import Answers, chance, sample
from pitchpipe.service.learners.courses import (
    Course,
    Figures,
    Grade,
    Graded,
    Record,
    Rewarded,
    Taught,
)
from pitchpipe.service.learners.features import Ints, boilerplate, features
from pitchpipe.service.learners.heads import Head, Lesson
from pitchpipe.service.learners.judging import UNKNOWN
from pitchpipe.service.learners.linear import Linear
from pitchpipe.service.learners.nearest import Nearest
from pitchpipe.service.learners.proposals import UNTRAINED, proposal
from pitchpipe.service.learners.texts import Example, Reply, examples_of, prompt_of
from pitchpipe.service.learners.tokens import tokenize
from pitchpipe.stages import FitOptions, FitStep, Learner, Token

_RATE = 0.1
_BOLDER = 4.0  # by reward: advantages are well below 1, which is the push of a given answer
_SAMPLES = 8  # answers to a record
_MOST_MULTIPLIER = 1000.0  # beyond it weights would overflow
_FEW, _MANY = 64, 256  # distinct answers: classes for sure, free text for sure
_HEADS: dict[str, type[Head]] = {head.name: head for head in (Linear, Nearest)}
_MODEL, _WEIGHTS = "model.json", "weights.npz"


class NgramLearner(Learner):
    """Few distinct answers are classes of a linear model; free text is answered from memory.

    Which of the two is decided by the first records it is trained on, and kept. An answer is always
    one that it was trained on. With preferences, the preferred answers rise and the others sink.
    """

    quick = True

    def __init__(
        self,
        answers: Answers | None = None,
        head: Head | None = None,
        ignored: frozenset[bytes] = frozenset(),
    ) -> None:
        self._answers = answers or Answers()
        self._head = head
        self._ignored = ignored

    @classmethod
    def create(cls) -> Self:
        """An untrained model."""
        return cls()

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The model that ``save`` wrote.

        Raises:
            DataError: a file is missing or damaged.
        """
        path = folder / _MODEL
        try:
            model = json.loads(path.read_bytes())
            answers = Answers([_reply(saved) for saved in model["answers"]])
            ignored = frozenset(word.encode("utf-8", "surrogatepass") for word in model["ignored"])
            head = None
            if model["head"] is not None:
                path = folder / _WEIGHTS
                with path.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
                    head = _HEADS[model["head"]].load(dict(arrays))
        except (OSError, EOFError, ValueError, KeyError, TypeError, BadZipFile) as error:
            raise DataError(
                f"{path}: not a saved model ({type(error).__name__}: {error}); train it again."
            ) from error
        return cls(answers, head, ignored)

    def save(self, folder: Path) -> None:
        """Writes ``model.json`` and, once trained, ``weights.npz``."""
        if self._head is not None:
            with atomic(folder / _WEIGHTS, "wb") as stream:
                np.savez(stream, allow_pickle=False, **self._head.save())
        model = {
            "head": self._head.name if self._head else None,
            "answers": [_saved(reply) for reply in self._answers.replies],
            "ignored": sorted(word.decode("utf-8", "surrogatepass") for word in self._ignored),
        }
        with atomic(folder / _MODEL) as stream:
            json.dump(model, stream)

    def fit(
        self,
        train: Sequence[Mapping[str, Any]],
        valid: Sequence[Mapping[str, Any]],
        options: FitOptions,
        done_epochs: int = 0,
    ) -> Iterator[FitStep]:
        """Trains in place, one step an item; a record without an answer only counts.

        With ``options.grade`` it learns by reward: it answers each record several times by chance
        and gives more weight to what was worth more. What it may answer is what it knows already
        and, of each record's own fields, the text that is worth most.
        """
        interval = options.extra.get("eval_interval", 0) if options.grade else 0
        if options.grade:
            owners, course = self._rewarded(train, valid, options, options.grade, done_epochs == 0)
        else:
            owners, course = self._taught(train, valid, options, done_epochs == 0)
        step = done_epochs * -(-len(train) // options.batch_size)
        for epoch in range(done_epochs + 1, options.n_epochs + 1):
            batches = _batches(owners, len(train), options, epoch)
            for place, batch in enumerate(batches, 1):
                step += 1
                last = place == len(batches)
                figures = course.learn(batch, epoch) if course and len(batch) else (0.0, 0.0)
                measured: Figures | tuple[None, None] = (None, None)
                if course and (last or (interval and step % interval == 0)):
                    measured = course.measure(step)
                yield FitStep(step, epoch, last, *figures, *measured)

    def answer(
        self, request: Mapping[str, Any], temperature: float = 0.0, seed: int = 0
    ) -> Sequence[Token]:
        """The likeliest answer, or one by chance at a temperature above 0."""
        if self._head is None:
            return [Token(text, 0.0, ((text, 0.0),)) for text in tokenize(UNTRAINED)]
        prompt = prompt_of(request)
        scores = self._head.scores(features(prompt, self._ignored))
        choice = int(scores.argmax())
        if temperature > 0:
            salt = crc32(prompt.encode("utf-8", "surrogatepass"))
            choice = sample(scores, temperature, chance(seed, salt), _top_p(request))
        return self._answers.spell(choice, scores)

    def read(self, text: str) -> Sequence[Token]:
        """As Learner says; an answer that the text ends with is as likely as after that prompt."""
        known = [place for place, known in enumerate(self._answers.texts) if text.endswith(known)]
        if self._head is None or not known:
            return super().read(text)
        choice = max(known, key=lambda place: len(self._answers.texts[place]))
        prompt = text[: len(text) - len(self._answers.texts[choice])]
        scores = self._head.scores(features(prompt, self._ignored))
        return [*super().read(prompt), *self._answers.spell(choice, scores)]

    def _taught(
        self, train: Sequence[Record], valid: Sequence[Record], options: FitOptions, fresh: bool
    ) -> tuple[Ints, Course | None]:
        """The record of each example, and how the examples are learnt."""
        taught = [list(examples_of(record)) for record in train]
        examples = [example for found in taught for example in found]
        owners = np.repeat(np.arange(len(taught)), [len(found) for found in taught])
        if examples:
            self._begin(examples, fresh)
        if self._head is None:
            return owners, None
        exam = self._lesson([e for record in valid for e in examples_of(record)])
        pairs = _are_pairs(examples)
        return owners, Taught(self._head, exam, _rate(options), pairs, options.beta)

    def _rewarded(
        self,
        train: Sequence[Record],
        valid: Sequence[Record],
        options: FitOptions,
        grade: Grade,
        fresh: bool,
    ) -> tuple[Ints, Course | None]:
        """The record of each example, and how the examples are learnt."""
        owners = np.arange(len(train))
        examples = [Example(prompt_of(record), Reply(proposal(record, grade))) for record in train]
        if examples:
            self._begin(examples, fresh, offered=True)
        if self._head is None:
            return owners, None
        samples = round(_SAMPLES * options.extra.get("compute_multiplier", 1.0))
        return owners, Rewarded(
            self._head,
            self._graded(train, grade),
            self._graded(valid, grade),
            _rate(options) * _BOLDER,
            options.seed,
            max(2, samples),
            options.extra.get("eval_samples", 1),
        )

    def _graded(self, records: Sequence[Record], grade: Grade) -> Graded:
        prompts = [features(prompt_of(record), self._ignored) for record in records]
        return Graded(records, prompts, self._answers.texts, grade)

    def _begin(self, examples: Sequence[Example], fresh: bool, offered: bool = False) -> None:
        texts = {example.answer for example in examples}
        texts |= {example.other for example in examples if example.other is not None}
        if fresh:
            self._answers = self._answers.with_more(texts)
            self._ignored |= boilerplate(example.prompt for example in examples)
        if self._head is None:
            free = len(texts) > _FEW and len(texts) * 3 > len(examples)
            self._head = Nearest() if free or len(texts) > _MANY else Linear()
        self._head.begin(self._lesson(examples, offered), len(self._answers), fresh)

    def _lesson(self, examples: Sequence[Example], offered: bool = False) -> Lesson:
        places = self._answers.places
        targets = [places.get(example.answer, UNKNOWN) for example in examples]
        others = None
        if _are_pairs(examples):
            others = np.array([places.get(e.other or Reply(), UNKNOWN) for e in examples])
        prompts = [features(example.prompt, self._ignored) for example in examples]
        return Lesson(prompts, np.array(targets), others, offered)


def _top_p(request: Mapping[str, Any]) -> float:
    """The share of the likeliest answers that one is chosen from; 1 for anything but a share."""
    share = request.get("top_p")
    return float(share) if isinstance(share, int | float) and 0 <= share <= 1 else 1.0


def _saved(reply: Reply) -> Any:
    """A reply as JSON: its text, where that is all of it."""
    return reply.text if reply == Reply(reply.text) else reply._asdict()


def _reply(saved: Any) -> Reply:
    """What ``_saved`` wrote."""
    return Reply(saved) if isinstance(saved, str) else Reply(**saved)


def _rate(options: FitOptions) -> float:
    return _RATE * min(options.learning_rate_multiplier, _MOST_MULTIPLIER)


def _are_pairs(examples: Sequence[Example]) -> bool:
    return bool(examples) and all(example.other is not None for example in examples)


def _batches(owners: Ints, records: int, options: FitOptions, epoch: int) -> list[Ints]:
    """The examples of each step of an epoch, shuffled by the seed and the epoch alone.

    Args:
        owners: the record of each example.
        records: how many there are.
        options: the seed and the batch size, in records.
        epoch: counted from 1.
    """
    rng = np.random.default_rng((abs(options.seed), epoch))
    turns = (rng.permutation(records) // options.batch_size)[owners]
    steps = -(-records // options.batch_size)
    return np.split(
        np.argsort(turns, kind="stable"), np.cumsum(np.bincount(turns, minlength=steps))[:-1]
    )
