"""The learner: what the offline service trains and asks."""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, Self

from pitchpipe.errors import ConfigError, UsageError
from pitchpipe.records import Format
from pitchpipe.stages.capabilities import LearnerCapabilities


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
        part: what it is part of: the answer's text; the calls of tools, which together are the line
            that ``pitchpipe.calls.calls_text`` writes, behind all text; or a refusal.
    """

    text: str
    logprob: float
    alternatives: tuple[tuple[str, float], ...] = ()
    part: Literal["text", "calls", "refusal"] = "text"


class Learner(ABC):
    """What the offline service trains and asks: one object is one model.

    Promises: deterministic for a seed; ``load(save())`` answers as the original does; training on
    from a loaded checkpoint gives what training without a break gives; the tokens of calls come
    behind the text, and are calls; no input makes it crash.
    """

    quick: ClassVar[bool] = False
    """Whether an answer takes well under a millisecond, so that a server need not hand it to a
    thread."""

    concurrent: ClassVar[bool] = False
    """Whether several threads may ask one model at once; where not, they take turns."""

    language_model: ClassVar[bool] = False
    """Whether it is a language model. Where it is not, every summary says so."""

    @classmethod
    def configured(cls, options: Mapping[str, str]) -> type[Self]:
        """The class as a user's options set it up; by default it takes none.

        Raises:
            ConfigError: an option is unknown, or its value cannot be.
        """
        if options:
            raise ConfigError(
                f"the learner {cls.__name__} has no option {next(iter(options))!r}; it has none."
            )
        return cls

    @classmethod
    def bases(cls) -> Mapping[str, Format]:
        """Base models of its own by name, each with the format that it is trained on and asked in.

        They are added to those that every service knows; of equal names these count.
        """
        return {}

    @classmethod
    def base_for(cls, name: str) -> str:
        """The base model that stands behind a name: names with the same answer train the same.

        By default all names do, unless ``create_from`` tells them apart.
        """
        # the two functions are compared as they stand in the classes, not as they are bound
        own = getattr(cls.create_from, "__func__", None)
        return "" if own is Learner.create_from.__func__ else name  # type: ignore[attr-defined]

    @property
    def capabilities(self) -> LearnerCapabilities:
        """Which promises it can keep; by default all."""
        return LearnerCapabilities()

    @classmethod
    @abstractmethod
    def create(cls) -> Self:
        """An untrained model."""

    @classmethod
    def create_from(cls, base: str) -> Self:
        """An untrained model of the base model of that name; by default all are the same."""
        del base
        return cls.create()

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

    def stream(
        self, request: Mapping[str, Any], temperature: float = 0.0, seed: int = 0
    ) -> Iterator[Token]:
        """What ``answer`` gives, each token as soon as it is there."""
        yield from self.answer(request, temperature, seed)

    def export(self, folder: Path, form: str) -> None:
        """Writes the model into an existing empty folder, for other programs to load.

        Args:
            folder: where.
            form: which of the forms that it knows, such as "adapter" or "merged".

        Raises:
            UsageError: it does not know that form; says which it knows.
        """
        del folder
        raise UsageError(f"a model of {type(self).__name__} cannot be exported, as {form!r} or so.")

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


class Learners(Protocol):
    """Where learners are looked up: among the plugins of whoever holds the host."""

    def __call__(self, name: str, /) -> tuple[str, type[Learner]]:
        """The one spelling of a learner's name, and its class.

        Raises:
            UsageError: no plugin offers it, or several do.
        """
