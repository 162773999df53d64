"""Whether prompts are nearly the same."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from pitchpipe.digests import Hashes, digest
from pitchpipe.records import Finding, Fix, FixLevel
from pitchpipe.stages import Scope
from pitchpipe.validators import (
    DropLines,
    FormatAware,
    as_text,
    hollow,
    lowest,
    questions,
    rows,
    shortened,
    unit_of,
)

_WORD = re.compile(r"\w+")
_WORDS = 3
_SEED = 1
_KEPT = 400


@dataclass(frozen=True)
class Sketches:
    """Some rows' prompts, as far as they are remembered.

    Attributes:
        lines: the rows' numbers.
        texts: a hash of each prompt: equal prompts, equal hashes.
        starts: how each prompt begins.
        values: each prompt's MinHash, a row of numbers.
        unit: what the rows' numbers count.
    """

    lines: npt.NDArray[np.int64]
    texts: Hashes
    starts: Sequence[str]
    values: npt.NDArray[Any]
    unit: str


@dataclass(frozen=True)
class NearDuplicates(FormatAware[tuple[Sketches, ...]]):
    """Finds prompts that are nearly those of an earlier row, and may come to both sides of a split.

    Two are near when they share most of their runs of three words, case and punctuation aside, by
    datasketch's MinHash. Of messages the system's do not count. Equal prompts are another rule's.
    It remembers about 400 bytes a row, and 3 KB a row at the end, so it runs only when asked
    for (``validators.also``).

    Attributes:
        threshold: the share of runs from which two prompts are near.
        permutations: how many hashes a prompt's sketch has; more are more exact.
        level: whether all but the first of those that are near are dropped on request, or only when
            this rule is named.
    """

    scope: ClassVar[Scope] = "source"
    fixes: ClassVar[bool] = True

    threshold: float = 0.8
    permutations: int = 64
    level: FixLevel = "optional"

    def __post_init__(self) -> None:
        """Holds the options to their ranges."""
        if not 0 < self.threshold <= 1:
            raise ValueError(f"threshold must be above 0 and at most 1; found {self.threshold}.")
        if not 16 <= self.permutations <= 1024:
            raise ValueError(f"permutations must be from 16 to 1024; found {self.permutations}.")

    def start(self) -> tuple[Sketches, ...]:
        """No rows."""
        return ()

    def observe(self, state: tuple[Sketches, ...], chunk: pd.DataFrame) -> tuple[Sketches, ...]:
        """Adds the chunk's rows."""
        from datasketch import MinHash

        asked = questions(chunk, self._contract.format)
        there = np.flatnonzero(~hollow(asked))
        if not len(there):
            return state
        texts = [_said(asked[at]) for at in there]
        sketch, values = MinHash(num_perm=self.permutations, seed=_SEED), []
        for text in texts:
            sketch.clear()
            sketch.update_batch(_runs(text))
            values.append(sketch.hashvalues)
        sketches = Sketches(
            chunk.index.to_numpy(np.int64)[there],
            digest([texts]),
            [text[:_KEPT] for text in texts],
            np.array(values),
            unit_of(chunk),
        )
        return self.merge(state, (sketches,))

    def merge(self, a: tuple[Sketches, ...], b: tuple[Sketches, ...]) -> tuple[Sketches, ...]:
        """The rows of both."""
        return a + b

    def conclude(self, state: tuple[Sketches, ...]) -> Sequence[Finding]:
        """One warning for all rows that are near an earlier one."""
        near = sorted(self._near(state))
        if not near:
            return []
        line, other, start = near[0]
        lines = [line for line, _, _ in near]
        unit = max(part.unit for part in state)
        return [
            Finding(
                "near-duplicates",
                self.severity,
                f"{rows(len(near))} whose prompt is nearly that of an earlier one, "
                f"such as {unit} {line} that of {unit} {other}",
                count=len(near),
                lines=lowest(lines),
                unit=unit,
                expected="rows that are alike on one side of the split; name what they share in a "
                "group column, or drop them",
                before=shortened(start),
                fix=Fix(
                    f"drop {rows(len(near))}", DropLines(np.array(lines, np.int64)), self.level
                ),
            )
        ]

    def _near(self, state: tuple[Sketches, ...]) -> Iterator[tuple[int, int, str]]:
        """The rows that are near an earlier one, each with that one and with its own beginning."""
        from datasketch import MinHash, MinHashLSH

        index = MinHashLSH(threshold=self.threshold, num_perm=self.permutations)
        sketch = MinHash(num_perm=self.permutations, seed=_SEED)
        others: dict[int, int | None] = {}
        kept: dict[int, npt.NDArray[Any]] = {}
        firsts: dict[bytes, int] = {}
        for line, text, start, values in _in_order(state):
            if text not in others:  # equal prompts fare alike
                sketch.hashvalues = values
                key = values.tobytes()
                same = [firsts[key]] if key in firsts else index.query(sketch)
                near = [one for one in same if self._are_near(kept[one], values)]
                others[text] = min(near, default=None)
                if key not in firsts:
                    firsts[key] = line
                    kept[line] = values
                    index.insert(line, sketch)
            other = others[text]
            if other is not None:
                yield line, other, start

    def _are_near(self, a: npt.NDArray[Any], b: npt.NDArray[Any]) -> bool:
        return int(np.count_nonzero(a == b)) >= self.threshold * self.permutations


def _in_order(
    state: tuple[Sketches, ...],
) -> Iterator[tuple[int, int, str, npt.NDArray[Any]]]:
    places = [
        (int(line), part, at) for part in state for at, line in enumerate(part.lines.tolist())
    ]
    for line, part, at in sorted(places, key=lambda place: place[0]):
        yield line, int(part.texts[at]), part.starts[at], part.values[at]


def _said(question: Any) -> str:
    """What is asked as text: of messages what others than the system say, if anything."""
    messages: Any = None
    if isinstance(question, dict):
        messages = question.get("messages")
    elif isinstance(question, list):
        messages = question[0]
    if isinstance(messages, list):
        contents = [
            message.get("content")
            for message in messages
            if isinstance(message, dict) and message.get("role") not in ("system", "developer")
        ]
        text = "\n".join(part for content in contents for part in _parts(content))
        if text.strip():
            return text
    return as_text(question)


def _parts(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        for part in content:
            if isinstance(part, dict) and isinstance(part.get("text"), str):
                yield part["text"]


def _runs(text: str) -> list[bytes]:
    words = _WORD.findall(text.casefold()) or [text]
    last = max(1, len(words) - _WORDS + 1)
    return [" ".join(words[at : at + _WORDS]).encode("utf-8", "replace") for at in range(last)]
