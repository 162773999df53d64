"""The formatter: source rows to records, and answers back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import pandas as pd

from pitchpipe.records import Contract, Format, Request
from pitchpipe.stages.capabilities import FormatterCapabilities


class Formatter(ABC):
    """Turns source rows into records of one format, and answers back into labels.

    Promises: the chunk given is not changed; every row comes out, in order, under its index; the
    same rows give the same records, however they are cut into chunks; ``parse(reference(record))``
    is the row's completion.
    """

    format: ClassVar[Format]

    @property
    def capabilities(self) -> FormatterCapabilities:
        """Which promises it can keep; by default all."""
        return FormatterCapabilities()

    @abstractmethod
    def required_columns(self, available: Sequence[str]) -> tuple[str, ...]:
        """The columns it needs for training, given those that there are.

        One that needs others than prompt, completion and those of our records is given the user's
        own columns, and its records are all that validators see.
        """

    @abstractmethod
    def apply(self, chunk: pd.DataFrame) -> pd.DataFrame:
        """Source rows to records: one column a key of the JSON record.

        Without a completion column it makes records to predict from. Rows given are complete:
        no nulls in the columns it needs.
        """

    def left_out(self, chunk: pd.DataFrame) -> Sequence[str]:
        """What ``apply`` leaves out of the columns that it reads, by name; by default nothing.

        Such as keys of nested objects: "conversations[].id". It is told once for all rows.
        """
        del chunk
        return ()

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
