"""Prompt and completion, told apart by a separator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import compress
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from pitchpipe.default_plugins.formatters._cells import check_stops, column_cells, texts
from pitchpipe.default_plugins.formatters._labels import (
    check_labels,
    mapped,
    most_tokens,
    unmapped,
)
from pitchpipe.records import COMPLETION, PROMPT, Contract, Format, Request
from pitchpipe.stages import Formatter


@dataclass(frozen=True)
class CompletionFormatter(Formatter):
    """Writes ``prompt + separator`` and ``prefix + completion + suffix``.

    A row that is written so already passes as it is: its prompt ends with the separator and has it
    nowhere else, its completion begins with the prefix and ends with the suffix. Any other prompt
    gets one separator at its end, whatever is in it.

    Attributes:
        separator: ends every prompt.
        prefix: begins every completion.
        suffix: ends every completion, and is then a further stop.
        stop: strings at which the service ends an answer.
        labels: what to train in place of a label; answers are mapped back.
        max_tokens: the most tokens of an answer; None bounds known labels by their length and
            leaves free text to the service, which gives 16 tokens unless asked for more.
    """

    format: ClassVar[Format] = "completion"

    separator: str = "\n\n###\n\n"
    prefix: str = " "
    suffix: str = ""
    stop: tuple[str, ...] = ("\n",)
    labels: Mapping[str, str] = field(default_factory=dict)
    max_tokens: int | None = None

    def __post_init__(self) -> None:
        """Refuses labels written alike, and stops that the API does not take."""
        check_labels(self.labels)
        check_stops(self._stops())

    def required_columns(self, available: Sequence[str]) -> tuple[str, ...]:
        """Always ``prompt`` and ``completion``."""
        del available
        return (PROMPT, COMPLETION)

    def apply(self, chunk: pd.DataFrame) -> pd.DataFrame:
        """Source rows to ``prompt`` and ``completion``; without a completion, to ``prompt``.

        Numbers and booleans become text as JSON writes them.

        Raises:
            DataError: a cell is empty or is no text; names its line.
        """
        prompts = texts(chunk, PROMPT)
        if COMPLETION not in chunk.columns:
            asked = [text if self._is_asked(text) else text + self.separator for text in prompts]
            return pd.DataFrame({PROMPT: asked}, index=chunk.index, dtype=object)
        completions = texts(chunk, COMPLETION)
        if not self.separator or self.separator not in "\0".join(prompts):
            trained = mapped(self.labels, completions, chunk, COMPLETION)
            fields = (
                [text + self.separator for text in prompts],
                [self.prefix + text + self.suffix for text in trained],
            )
            return _frame(chunk.index, fields)
        ready = list(map(self._is_record, prompts, completions))
        fresh = [not done for done in ready]
        words = iter(
            mapped(self.labels, list(compress(completions, fresh)), chunk[fresh], COMPLETION)
        )
        fields = (
            [
                text if done else text + self.separator
                for text, done in zip(prompts, ready, strict=True)
            ],
            [
                text if done else self.prefix + next(words) + self.suffix
                for text, done in zip(completions, ready, strict=True)
            ],
        )
        return _frame(chunk.index, fields)

    def is_formatted(self, chunk: pd.DataFrame) -> bool:
        """Whether every row is written so already; of prompts alone, whether each prompt is."""
        if PROMPT not in chunk.columns:
            return False
        prompts = column_cells(chunk, PROMPT)
        if COMPLETION not in chunk.columns:
            return all(map(self._is_asked, prompts))
        return all(map(self._is_record, prompts, column_cells(chunk, COMPLETION)))

    def request(self, record: Mapping[str, Any]) -> Request:
        """The record's prompt, likeliest answer first, with the probabilities of five tokens."""
        body: dict[str, Any] = {"prompt": record[PROMPT], "temperature": 0, "logprobs": 5}
        if self._stops():
            body["stop"] = list(self._stops())
        if self.max_tokens is not None:
            body["max_tokens"] = self.max_tokens
        return Request("completions", body)

    def reference(self, record: Mapping[str, Any]) -> str | None:
        """The record's completion as it is trained, suffix and all."""
        completion: str | None = record.get(COMPLETION)
        return completion

    def questions(self, records: pd.DataFrame) -> Sequence[Any]:
        """The prompts."""
        return column_cells(records, PROMPT)

    def answers(self, records: pd.DataFrame) -> Sequence[Any]:
        """The completions as they are trained."""
        return column_cells(records, COMPLETION)

    def parse(self, answer: str) -> str:
        """The answer without prefix and suffix (a stop may have cut it off), as the user's label.

        Only one of each is taken off, so that a completion that holds either comes back whole.
        """
        text = answer.removeprefix(self.prefix).removesuffix(self.suffix)
        return unmapped(self.labels, text)

    def contract(self, name: str, labels: Sequence[str] = ()) -> Contract:
        """All of it that prediction needs.

        ``labels`` and those of the contract are in the user's words. Without a ``max_tokens`` of
        its own, it gets the number of bytes of the longest label as it is trained, which no
        tokenizer of the API exceeds.
        """
        limit = self.max_tokens
        if limit is None:
            limit = most_tokens(self.labels, labels, self.prefix + self.suffix)
        options = asdict(self) | {
            "stop": list(self.stop),
            "labels": dict(self.labels),
            "max_tokens": limit,
        }
        return Contract(self.format, name, options, tuple(sorted(labels)), self._stops(), limit)

    def _stops(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.stop, *([self.suffix] if self.suffix else []))))

    def _is_asked(self, prompt: object) -> bool:
        return (
            isinstance(prompt, str)
            and bool(self.separator)
            and prompt.endswith(self.separator)
            and prompt.count(self.separator) == 1
        )

    def _is_record(self, prompt: object, completion: object) -> bool:
        return (
            self._is_asked(prompt)
            and isinstance(completion, str)
            and completion.startswith(self.prefix)
            and completion.endswith(self.suffix)
        )


def _frame(index: pd.Index[Any], fields: tuple[list[str], list[str]]) -> pd.DataFrame:
    cells = np.empty((2, len(index)), dtype=object)
    for at, texts_ in enumerate(fields):
        cells[at, :] = texts_
    names = pd.Index((PROMPT, COMPLETION), dtype=object)
    return pd.DataFrame(cells.T, index, names, dtype=object, copy=False)
