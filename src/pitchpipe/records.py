"""What flows between the stages: plain, frozen values without behaviour of their own."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from pitchpipe.calls import Call

Format = Literal["completion", "chat", "preference"]
"""The three record formats of the fine-tuning API."""

Method = Literal["supervised", "dpo", "reinforcement"]
"""How a job trains, in the API's words."""

TaskChoice = Literal["auto", "classification", "text"]
"""Whether answers are labels or free text; "auto" where that is yet to be decided."""

PROMPT, COMPLETION, GROUP = "prompt", "completion", "group"
"""The columns under which formatters and validators find a source row's fields."""

DEFAULT_MODEL = "babbage-002"
"""The base model when none is named: the last that took records of the article's kind."""

MIN_EXAMPLES = 10
"""The fewest examples of a training file, as the fine-tuning guide of the API says."""

TERMINAL_STATUSES = frozenset({"succeeded", "failed", "cancelled"})
"""Job statuses after which nothing more happens. Any other, known or not, means: keep following."""


class Severity(StrEnum):
    """How much a finding matters: an error stops the run, the others do not."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


FixLevel = Literal["required", "recommended", "optional"]
"""Whether a fix is applied: always; when the user accepts it; only when the user names its rule."""


@dataclass(frozen=True)
class Fix:
    """A correction that a finding offers.

    Attributes:
        description: what it does, in the imperative ("drop 3 rows without a completion").
        apply: maps a chunk to the corrected chunk. It keeps the index of the rows it keeps, is
            idempotent once the rule has been concluded anew, leaves no finding of its rule to fix,
            and can be pickled.
        level: whether it is applied unasked, on request, or not at all.
        uniform: whether it does one and the same thing to every row, so that one entry of the
            change log stands for all rows.
    """

    description: str
    apply: Callable[[pd.DataFrame], pd.DataFrame]
    level: FixLevel = "recommended"
    uniform: bool = False


@dataclass(frozen=True)
class Finding:
    """One thing that a validator found.

    Attributes:
        rule: the validator's id.
        severity: whether it stops the run.
        message: what was found, without the places.
        count: how many rows it concerns.
        lines: the first few places, as numbers of ``unit`` in the user's file, ascending.
        unit: what the numbers count: "line", "row" (spreadsheets, tables) or "record".
        expected: what would have been right.
        before: one offending value, shortened: that of the first place, where there are places.
        after: the same value as it should be, shortened; "" where only its writer knows.
        fix: a correction, where one is possible.
    """

    rule: str
    severity: Severity
    message: str
    count: int = 1
    lines: tuple[int, ...] = ()
    unit: str = "line"
    expected: str = ""
    before: str = ""
    after: str = ""
    fix: Fix | None = None

    def describe(self, file: str) -> str:
        """The finding in one line: where, which rule, what, and what was expected."""
        shown = ", ".join(map(str, self.lines))
        more = ", ..." if self.count > len(self.lines) > 0 else ""
        where = f"{file}, {self.unit} {shown}{more}" if shown else file
        parts = [self.message]
        if self.expected:
            parts.append(f"Expected {self.expected}")
        if self.before:
            parts.append(f"Example: {self.before}")
        sentences = (part if part.endswith((".", "?", "!")) else f"{part}." for part in parts)
        return f"{where}: {self.rule}: {' '.join(sentences)}"

    def to_json(self) -> dict[str, Any]:
        """The finding as JSON types; the fix by its description."""
        return {
            "rule": self.rule,
            "severity": str(self.severity),
            "message": self.message,
            "count": int(self.count),
            "lines": [int(line) for line in self.lines],  # numpy's integers are not JSON's
            "unit": self.unit,
            "expected": self.expected,
            "before": self.before,
            "after": self.after,
            "fix": self.fix.description if self.fix else None,
        }


@dataclass(frozen=True)
class Change:
    """What a fix does to one row.

    Attributes:
        unit: what ``line`` counts, as in findings.
        line: where the row is in the user's file.
        rule: the rule whose fix it is.
        before: the columns that change, or all of a row that is removed.
        after: the same columns afterwards; None when the row is removed.
    """

    unit: str
    line: int
    rule: str
    before: Mapping[str, Any]
    after: Mapping[str, Any] | None


@dataclass(frozen=True)
class Contract:
    """How records were written, so that prediction asks in the same words.

    It is saved with the run and with the trained model; nobody types the separator twice.

    Attributes:
        format: the record format.
        formatter: the registered name of the formatter.
        options: the formatter's options, from which it is made again.
        labels: the known answers, sorted; empty for free text.
        stop: strings that end an answer.
        max_tokens: the most tokens an answer needs; None leaves it to the service.
        task: what the user or the data said that answers are; "auto" where ``labels`` say it, or
            nobody did.
    """

    format: Format
    formatter: str
    options: Mapping[str, Any] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()
    max_tokens: int | None = None
    task: TaskChoice = "auto"

    @property
    def answers_are(self) -> TaskChoice:
        """What answers are: labels where there are any, else what ``task`` says.

        Those of preference records are text, for each has two answers to compare.
        """
        if self.labels:
            return "classification"
        return "text" if self.format == "preference" else self.task

    def to_json(self) -> dict[str, Any]:
        """The contract as JSON types; without ``task`` where that is "auto"."""
        task = {} if self.task == "auto" else {"task": self.task}
        return {
            "format": self.format,
            "formatter": self.formatter,
            "options": dict(self.options),
            "labels": list(self.labels),
            "stop": list(self.stop),
            "max_tokens": self.max_tokens,
            **task,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Contract:
        """The contract that ``to_json`` wrote."""
        return cls(
            format=data["format"],
            formatter=data["formatter"],
            options=dict(data["options"]),
            labels=tuple(data["labels"]),
            stop=tuple(data["stop"]),
            max_tokens=data["max_tokens"],
            task=data.get("task", "auto"),
        )


@dataclass(frozen=True)
class PreparedData:
    """The files a trainer uploads, and what is known of them.

    Attributes:
        train: JSONL of the training records.
        valid: JSONL of the validation records, or None when nothing was held out.
        train_rows: number of records in ``train``.
        valid_rows: number of records in ``valid``.
        contract: how the records were written.
        findings: what the validators said, fixed or not.
        notes: what was inferred from the data, in sentences.
        applied: the rules whose fixes were applied, in their order.
        changes: the change log, which lists every row that a fix changed or removed; None where
            there was none.
        samples: the first few changes of each rule.
        changed: how many rows each rule's fix changed or removed.
        model: the base model that they were prepared for; "" where nobody said so.
        method: the training method that they were prepared for; "" where nobody said so.
    """

    train: Path
    valid: Path | None
    train_rows: int
    valid_rows: int
    contract: Contract
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    applied: tuple[str, ...] = ()
    changes: Path | None = None
    samples: tuple[Change, ...] = ()
    changed: Mapping[str, int] = field(default_factory=dict)
    model: str = ""
    method: Method | Literal[""] = ""


def _within(name: str, value: int | str | None, low: int, high: int) -> None:
    if isinstance(value, int) and not low <= value <= high:
        raise ValueError(f"{name} must be from {low} to {high}; found {value}.")


def _above_zero(name: str, value: float | str) -> None:
    if not isinstance(value, str) and not 0 < value < math.inf:
        raise ValueError(f"{name} must be above 0; found {value}.")


@dataclass(frozen=True)
class TrainingOptions:
    """What to train and how, as a user says it.

    "auto" leaves a figure to the service, and the model and the method to the records.

    Attributes:
        model: a base model, or a tuned one to train further.
        method: supervised, dpo or reinforcement.
        n_epochs: passes over the training records.
        batch_size: records a step.
        learning_rate_multiplier: factor on the service's own rate.
        beta: weight of the divergence penalty, dpo only.
        suffix: up to 64 characters for the tuned model's name.
        seed: makes a job repeatable.
        metadata: up to 16 pairs kept with the job.
        integrations: passed to the service unchanged.
        method_options: merged into the method's own object, such as a reinforcement grader.
        max_cost: refuse to submit above this estimate, in US dollars.
    """

    model: str = "auto"
    method: Method | Literal["auto"] = "auto"
    n_epochs: int | Literal["auto"] = "auto"
    batch_size: int | Literal["auto"] = "auto"
    learning_rate_multiplier: float | Literal["auto"] = "auto"
    beta: float | Literal["auto"] = "auto"
    suffix: str | None = None
    seed: int | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    integrations: tuple[Mapping[str, Any], ...] = ()
    method_options: Mapping[str, Any] = field(default_factory=dict)
    max_cost: float | None = None

    def __post_init__(self) -> None:
        """Holds the figures to the limits that the API's specification publishes."""
        _within("n_epochs", self.n_epochs, 1, 50)
        _within("batch_size", self.batch_size, 1, 256)
        _within("seed", self.seed, 0, 2**31 - 1)
        _above_zero("learning_rate_multiplier", self.learning_rate_multiplier)
        _above_zero("beta", self.beta)
        if self.max_cost is not None and not self.max_cost >= 0:
            raise ValueError(f"max_cost must be 0 or more; found {self.max_cost}.")
        if self.suffix is not None and not 1 <= len(self.suffix) <= 64:
            raise ValueError(f"suffix must have 1 to 64 characters; found {len(self.suffix)}.")
        for key, value in self.metadata.items():
            if not 1 <= len(key) <= 64 or len(value) > 512:
                raise ValueError(
                    f"metadata {key!r}: keys have 1 to 64 characters and values at most 512."
                )


@dataclass(frozen=True)
class TrainingSpec(TrainingOptions):
    """What to train and how, as a trainer is told: the model and the method are settled."""

    model: str = DEFAULT_MODEL
    method: Method = "supervised"


@dataclass(frozen=True)
class Estimate:
    """What a job is expected to take, before it is submitted.

    Attributes:
        tokens: tokens in the training file.
        epochs: passes over it, after the ``auto`` rule.
        cost: US dollars, or None when the model has no known price.
        source: where the price comes from and when it was read; and how tokens were counted.
        seconds: how long training is expected to take, or None when nobody can say.
    """

    tokens: int
    epochs: int
    cost: float | None
    source: str
    seconds: float | None = None


@dataclass(frozen=True)
class Job:
    """A fine-tuning job as the service last described it.

    Attributes:
        id: the service's identifier.
        status: the service's word, known to us or not.
        model: the base model.
        fine_tuned_model: the tuned model's name, once there is one.
        created_at: Unix seconds.
        finished_at: Unix seconds, or None.
        trained_tokens: tokens billed, or None.
        error: the service's message for a failed job, with its code and parameter.
        training_file: identifier of the uploaded training file.
        validation_file: identifier of the uploaded validation file, or None.
        result_files: identifiers of the result files.
        seed: the seed in use.
        hyperparameters: as the service reports them.
        metadata: the pairs given at creation.
    """

    id: str
    status: str
    model: str
    fine_tuned_model: str | None = None
    created_at: int = 0
    finished_at: int | None = None
    trained_tokens: int | None = None
    error: str | None = None
    training_file: str | None = None
    validation_file: str | None = None
    result_files: tuple[str, ...] = ()
    seed: int | None = None
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def done(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status in TERMINAL_STATUSES


@dataclass(frozen=True)
class JobEvent:
    """One line of a job's history.

    Attributes:
        id: the service's identifier; an event is the same event exactly when this is equal.
        created_at: Unix seconds.
        level: "info", "warn" or "error".
        message: the service's words.
        type: "message" or "metrics".
        data: figures of a metrics event (step, train_loss, ...).
    """

    id: str
    created_at: int
    level: str
    message: str
    type: str = "message"
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Checkpoint:
    """A model kept from the middle of a job.

    Attributes:
        id: the service's identifier.
        model: a name that answers like any tuned model's.
        step: the training step it was taken at.
        metrics: figures at that step.
    """

    id: str
    model: str
    step: int
    metrics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class TrainedModel:
    """A tuned model and the contract to ask it by.

    Attributes:
        name: what to put in a request's ``model``.
        base: the model it was tuned from.
        trainer: registered name of the trainer that made it.
        contract: how its training records were written.
        job: identifier of its job, or None when it was not trained here.
        trained_tokens: tokens billed, or None.
        checkpoints: the models kept on the way.
    """

    name: str
    base: str
    trainer: str
    contract: Contract
    job: str | None = None
    trained_tokens: int | None = None
    checkpoints: tuple[Checkpoint, ...] = ()


@dataclass(frozen=True)
class Request:
    """One question to a model, complete but for the model's name.

    Attributes:
        endpoint: which of the API's two generating endpoints it is for.
        body: the JSON body without ``model``.
    """

    endpoint: Literal["completions", "chat.completions"]
    body: Mapping[str, Any]


@dataclass(frozen=True)
class Prediction:
    """One answer.

    Attributes:
        text: the model's words, unparsed.
        finish_reason: the service's word for why it ended.
        alternatives: tokens that could have come first, with their natural-log probabilities,
            likeliest first; empty where the service gives none.
        calls: the tools that the model calls, in its order; ``text`` is what it says besides.
    """

    text: str
    finish_reason: str | None = None
    alternatives: tuple[tuple[str, float], ...] = ()
    calls: tuple[Call, ...] = ()

    def probability(self, token: str) -> float:
        """The probability that ``token`` came first, 0 when it is not among the alternatives."""
        return next((math.exp(log) for text, log in self.alternatives if text == token), 0.0)


@dataclass(frozen=True)
class RunInfo:
    """Which run an observer is told about.

    Attributes:
        name: the run's name, that of its folder.
        folder: where everything is kept.
    """

    name: str
    folder: Path
