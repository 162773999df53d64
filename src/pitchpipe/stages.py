"""The contracts: what each kind of stage promises, and nothing of how it is done.

A stage is a frozen dataclass; its fields are the options a user may set, checked against their type
hints before anything runs. Stages hold no state between calls. A chunk is a pandas DataFrame whose
index numbers the rows in the user's file (ascending, unique, 1-based; the index name is "line",
"row" or "record") and is kept by everything that keeps a row.
"""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Generic, Literal, Protocol, Self, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from pitchpipe.records import (
    Checkpoint,
    Contract,
    Estimate,
    Finding,
    Format,
    Job,
    JobEvent,
    Prediction,
    PreparedData,
    Request,
    Severity,
    TrainingSpec,
)

State = TypeVar("State")
Item = TypeVar("Item")
Result = TypeVar("Result")


class Formatter(ABC):
    """Turns source rows into records of one format, and answers back into labels.

    Promises: the chunk given is not changed; every row comes out, in order, under its index; the
    same chunk gives the same records; ``parse(reference(record))`` is the row's completion.
    """

    format: ClassVar[Format]

    @abstractmethod
    def required_columns(self, available: Sequence[str]) -> tuple[str, ...]:
        """The columns it needs for training, given those that there are."""

    @abstractmethod
    def apply(self, chunk: pd.DataFrame) -> pd.DataFrame:
        """Source rows to records: one column a key of the JSON record.

        Without a completion column it makes records to predict from. Rows given are complete:
        no nulls in the columns it needs.
        """

    @abstractmethod
    def is_formatted(self, chunk: pd.DataFrame) -> bool:
        """Whether every row is already a record of this formatter."""

    @abstractmethod
    def request(self, record: Mapping[str, Any]) -> Request:
        """What to send to get the record's completion predicted."""

    @abstractmethod
    def reference(self, record: Mapping[str, Any]) -> str | None:
        """What the model should answer to ``request(record)``; None if the record has no answer."""

    def questions(self, records: pd.DataFrame) -> Sequence[Any]:
        """What is asked in each record, in JSON types; equal values are the same question."""
        return [self.request(record).body for record in _rows(records)]

    def answers(self, records: pd.DataFrame) -> Sequence[Any]:
        """What should be answered in each record, in JSON types; only texts can be labels."""
        return [self.reference(record) for record in _rows(records)]

    @abstractmethod
    def parse(self, answer: str) -> str:
        """An answer in the user's words: the label, or the text without its prefix and suffix."""

    @abstractmethod
    def contract(self, name: str, labels: Sequence[str] = ()) -> Contract:
        """All of it that prediction needs.

        Args:
            name: the name it is registered under.
            labels: the distinct completions of a classification task, else empty.
        """


def _rows(records: pd.DataFrame) -> Iterator[dict[str, Any]]:
    names = [str(column) for column in records.columns]
    for values in records.itertuples(index=False, name=None):
        yield {name: value for name, value in zip(names, values, strict=True) if value is not None}


Scope = Literal["table", "source", "index", "records", "split"]
"""What a validator sees.

- ``table``: the rows as they were read, under the user's own column names.
- ``source``: the rows under the names that formatters read, extra columns left out.
- ``index``: instead of each record two unsigned 64-bit hashes, ``question`` and ``answer``: equal
  content, equal hashes.
- ``records``: the formatted records, one column a key.
- ``split``: instead of each record its ``label`` (text or None), ``prompt`` (a hash as above),
  ``bytes`` (of its line in the file) and ``split`` ("train" or "valid").
"""


class Validator(ABC, Generic[State]):
    """A fold over chunks that ends in findings: one rule, whose id is its registered name.

    Promises: ``merge`` is associative; the findings depend neither on how the rows were chunked nor
    on the order of merging; chunks are not changed; states can be pickled; after a finding's fix is
    applied the rule finds nothing more to fix.
    """

    scope: ClassVar[Scope]

    severity: ClassVar[Severity] = Severity.WARNING
    """The gravest that its findings can be, for lists of rules."""

    fixes: ClassVar[bool] = False
    """Whether its findings may carry a fix, for lists of rules."""

    hosted_only: ClassVar[bool] = False
    """Whether it speaks of the vendor's own service, and runs only where that trains."""

    def bind(self, contract: Contract, training: TrainingSpec | None = None) -> Self:
        """A validator that knows how records are written and what is to be trained.

        By default the same one. ``training`` is None where nothing is known of a job.
        """
        del contract, training
        return self

    def sieve(self, chunk: pd.DataFrame) -> pd.DataFrame:
        """The rows of a chunk that the validators after this one are to see; by default all.

        For rules whose fix drops rows that can be told by themselves alone: the rows left out are
        those that the fix of its findings drops.
        """
        return chunk

    @abstractmethod
    def start(self) -> State:
        """The state of having seen nothing."""

    @abstractmethod
    def observe(self, state: State, chunk: pd.DataFrame) -> State:
        """The state after one more chunk; the state given may be reused."""

    @abstractmethod
    def merge(self, a: State, b: State) -> State:
        """The state of having seen what both saw; the states given may be reused."""

    @abstractmethod
    def conclude(self, state: State) -> Sequence[Finding]:
        """What was found."""


class Splitter(ABC):
    """Decides which records are held out.

    Promises: one answer a row, the same for the same index; nothing is lost or doubled.
    """

    def order(self, rows: int) -> npt.NDArray[np.integer[Any]] | None:
        """The positions of all rows in the order in which training records are written.

        None, the default, keeps that of the table.
        """
        del rows
        return None

    @abstractmethod
    def split(self, index: pd.DataFrame) -> pd.Series[bool]:
        """Which rows are for validation.

        Args:
            index: one row a record under its row number, with the columns ``label`` (str or None),
                ``group`` (a hashable or None) and ``prompt`` (unsigned 64-bit hash: equal prompts,
                equal hashes).

        Returns:
            True for validation, under the same index.
        """


class Ledger(Protocol):
    """Where a stage writes down what costs money, before and after."""

    def outcome(self, step: str) -> Mapping[str, Any] | None:
        """What ``done`` recorded for the step, by this process or an earlier one."""

    def intend(self, step: str, detail: Mapping[str, Any]) -> Mapping[str, Any]:
        """Record that the step is about to happen.

        Returns:
            The detail of the first such intention, so that a second attempt repeats the first.
        """

    def done(self, step: str, outcome: Mapping[str, Any]) -> None:
        """Record that the step happened. It is on disk when this returns."""


class Trainer(ABC):
    """Trains a model from prepared files through jobs that outlive the process.

    Promises: with the same ledger, a second ``submit`` adopts the uploads and the job of the first,
    whenever it was interrupted; ``follow`` gives every event once, oldest first.
    """

    predictor: ClassVar[str]
    """The registered name of the predictor that asks this trainer's models by default."""

    @property
    def tunes_language_model(self) -> bool:
        """Whether a language model is tuned. Where it is not, every summary says so."""
        return True

    @property
    def hosted(self) -> bool:
        """Whether it trains at the vendor's own service, where models retire."""
        return False

    def predictor_options(self) -> Mapping[str, Any]:
        """Options that the predictor needs to reach this trainer's models, such as a base URL."""
        return {}

    @abstractmethod
    def estimate(self, data: PreparedData, spec: TrainingSpec) -> Estimate:
        """What the job is expected to take; nothing is sent."""

    @abstractmethod
    def submit(self, data: PreparedData, spec: TrainingSpec, ledger: Ledger) -> Job:
        """Uploads the files and creates the job, or adopts what the ledger knows of."""

    @abstractmethod
    def follow(self, job_id: str, seen: Iterable[str] = ()) -> Iterator[JobEvent]:
        """The job's events until it ends, those with an id in ``seen`` left out."""

    @abstractmethod
    def job(self, job_id: str) -> Job:
        """The job as it stands."""

    @abstractmethod
    def jobs(self) -> Iterator[Job]:
        """All jobs, newest first."""

    @abstractmethod
    def cancel(self, job_id: str) -> Job:
        """Ends the job without a model."""

    @abstractmethod
    def pause(self, job_id: str) -> Job:
        """Stops the job until it is resumed."""

    @abstractmethod
    def resume(self, job_id: str) -> Job:
        """Lets a paused job go on."""

    @abstractmethod
    def checkpoints(self, job_id: str) -> Sequence[Checkpoint]:
        """The models kept on the way, by step."""

    @abstractmethod
    def metrics(self, job_id: str) -> pd.DataFrame:
        """The job's result file, one row a step, columns as its header names them."""

    @abstractmethod
    def contract(self, model: str) -> Contract | None:
        """The contract that was saved with the model on the service, if it was."""


class Predictor(ABC):
    """Asks a tuned model.

    Promises: one prediction a request, in the order of the requests.
    """

    resumes: ClassVar[bool] = False
    """Whether it finds its own earlier work in the ledger. Then a second attempt gives it all the
    requests again, else only those that have no answer yet."""

    @abstractmethod
    def predict(
        self, model: str, requests: Iterable[Request], ledger: Ledger
    ) -> Iterator[Prediction]:
        """The answers, each as soon as it and all before it are there."""


@dataclass(frozen=True)
class FitOptions:
    """How a learner trains.

    Attributes:
        n_epochs: passes over the records.
        batch_size: records a step.
        learning_rate_multiplier: factor on the learner's own rate.
        seed: the same seed and records give the same losses and the same model.
        method: supervised, dpo or reinforcement.
        beta: weight of the divergence penalty, dpo only.
        extra: all hyperparameters by the API's names, those of the method among them.
        grade: reinforcement only: what an answer to a record is worth, more for a better one, most
            often from 0 to 1. The same answer to the same record is always worth the same.
    """

    n_epochs: int
    batch_size: int
    learning_rate_multiplier: float = 1.0
    seed: int = 0
    method: str = "supervised"
    beta: float = 0.1
    extra: Mapping[str, Any] = field(default_factory=dict)
    grade: Callable[[Mapping[str, Any], str], float] | None = field(
        default=None, compare=False, repr=False
    )


@dataclass(frozen=True)
class FitStep:
    """What one training step came to.

    With reinforcement, accuracies are mean rewards of sampled answers, and losses 1 less those.

    Attributes:
        step: counted from 1 over all epochs.
        epoch: counted from 1.
        last_of_epoch: whether a checkpoint may be taken now.
        train_loss: mean loss of the step's batch, before the step.
        train_accuracy: share of the batch answered right, before the step.
        valid_loss: mean loss on the validation records, at the end of an epoch at least.
        valid_accuracy: share of the validation records answered right, measured with the loss.
    """

    step: int
    epoch: int
    last_of_epoch: bool
    train_loss: float
    train_accuracy: float
    valid_loss: float | None = None
    valid_accuracy: float | None = None


@dataclass(frozen=True)
class Token:
    """One token of an answer.

    Attributes:
        text: its characters.
        logprob: natural log of its probability.
        alternatives: tokens that could have stood here, itself among them, likeliest first.
    """

    text: str
    logprob: float
    alternatives: tuple[tuple[str, float], ...] = ()


class Learner(ABC):
    """What the offline service trains and asks: one object is one model.

    Promises: deterministic for a seed; ``load(save())`` answers as the original does; training on
    from a loaded checkpoint gives what training without a break gives; no input makes it crash.
    """

    quick: ClassVar[bool] = False
    """Whether an answer takes well under a millisecond, so that a server need not hand it to a
    thread."""

    @classmethod
    @abstractmethod
    def create(cls) -> Self:
        """An untrained model."""

    @classmethod
    @abstractmethod
    def load(cls, folder: Path) -> Self:
        """The model that ``save`` wrote."""

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Writes the model into an existing empty folder, with no pickle."""

    @abstractmethod
    def fit(
        self,
        train: Sequence[Mapping[str, Any]],
        valid: Sequence[Mapping[str, Any]],
        options: FitOptions,
        done_epochs: int = 0,
    ) -> Iterator[FitStep]:
        """Trains in place, one step an item.

        Args:
            train: records of the API, all of one format.
            valid: records to measure on; they are never trained on or looked up.
            options: how to train.
            done_epochs: epochs this model has already had with these records and options.
        """

    @abstractmethod
    def answer(
        self, request: Mapping[str, Any], temperature: float = 0.0, seed: int = 0
    ) -> Sequence[Token]:
        """The answer to the body of a completion or chat completion request, before any stop."""

    def read(self, text: str) -> Sequence[Token]:
        """The tokens of a text that the model reads, each with its log probability.

        A model that does not model prompts takes every byte for equally likely, as this does.

        Args:
            text: a prompt, which may end with an answer.
        """
        chance = -math.log(256)
        return [
            Token(piece, logprob, ((piece, logprob),))
            for piece in re.findall(r"\s*\S+|\s+", text)
            for logprob in (chance * len(piece.encode("utf-8", "surrogatepass")),)
        ]


class Engine(ABC):
    """Where chunks are worked on: in this process, in many, or on other machines."""

    shares_files: ClassVar[bool] = False
    """Whether files that are written there can be read here, which saves sending them."""

    @abstractmethod
    def map(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """``function`` of every item, in the items' order, whatever the order it was done in.

        The function, the items and the results can be pickled. Only a few results wait at a time.
        What the function raises is raised here.
        """
