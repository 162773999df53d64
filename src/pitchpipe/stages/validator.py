"""The validator: a fold over chunks that ends in findings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Generic, Literal, Self, TypeVar

import pandas as pd

from pitchpipe.records import Contract, Finding, Severity, TrainingSpec
from pitchpipe.stages.capabilities import ValidatorCapabilities

State = TypeVar("State")

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

    @property
    def capabilities(self) -> ValidatorCapabilities:
        """Which promises it can keep; by default all."""
        return ValidatorCapabilities()

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
