"""Whether prompts are nearly the same."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd

from pitchpipe.default_plugins.validators._fields import FormatAware, as_text, hollow, questions
from pitchpipe.default_plugins.validators._places import lowest, rows, shortened, unit_of
from pitchpipe.errors import UsageError
from pitchpipe.records import Finding
from pitchpipe.stages import Scope

_WORD = re.compile(r"\w+")
_WORDS = 3

Sketch = tuple[int, str, Any]
"""A row's number, the beginning of its prompt, and the prompt's MinHash."""


@dataclass(frozen=True)
class NearDuplicates(FormatAware[tuple[str, tuple[Sketch, ...]]]):
    """Finds prompts that are nearly those of an earlier row, and may come to both sides of a split.

    Two are near when they share most of their runs of three words, by datasketch's MinHash. Equal
    prompts are another rule's. It remembers about 600 bytes a row, so it runs only when asked for
    (``validators.also``), and needs ``pip install 'pitchpipe[dedup]'``.

    Attributes:
        threshold: the share of runs from which two prompts are near.
        permutations: how many hashes a prompt's sketch has; more are more exact.
    """

    scope: ClassVar[Scope] = "source"

    threshold: float = 0.8
    permutations: int = 64

    def __post_init__(self) -> None:
        """Holds the options to their ranges.

        Raises:
            UsageError: datasketch is not installed.
        """
        if not 0 < self.threshold <= 1:
            raise ValueError(f"threshold must be above 0 and at most 1; found {self.threshold}.")
        if not 16 <= self.permutations <= 1024:
            raise ValueError(f"permutations must be from 16 to 1024; found {self.permutations}.")
        try:
            import datasketch  # noqa: F401 - to know at once
        except ImportError as error:
            raise UsageError(
                "rule near-duplicates needs datasketch, which is not installed. "
                "Install it with: pip install 'pitchpipe[dedup]'"
            ) from error

    def start(self) -> tuple[str, tuple[Sketch, ...]]:
        """No rows."""
        return "", ()

    def observe(
        self, state: tuple[str, tuple[Sketch, ...]], chunk: pd.DataFrame
    ) -> tuple[str, tuple[Sketch, ...]]:
        """Adds the chunk's rows."""
        from datasketch import MinHash

        asked = questions(chunk, self._contract.format)
        sketches = []
        for line, cell in zip(chunk.index[~hollow(asked)], _without_empty(asked), strict=True):
            text = as_text(cell)
            sketch = MinHash(num_perm=self.permutations, seed=1)
            sketch.update_batch(_runs(text))
            sketches.append((int(line), text[:61], sketch))
        return self.merge(state, (unit_of(chunk), tuple(sketches)))

    def merge(
        self, a: tuple[str, tuple[Sketch, ...]], b: tuple[str, tuple[Sketch, ...]]
    ) -> tuple[str, tuple[Sketch, ...]]:
        """The rows of both."""
        return max(a[0], b[0]), (*a[1], *b[1])

    def conclude(self, state: tuple[str, tuple[Sketch, ...]]) -> Sequence[Finding]:
        """One warning for all rows that are near an earlier one."""
        from datasketch import MinHashLSH

        unit, sketches = state
        near: list[tuple[Sketch, Sketch]] = []
        index = MinHashLSH(threshold=self.threshold, num_perm=self.permutations)
        seen: dict[bytes, Sketch] = {}
        for sketch in sorted(sketches, key=lambda one: one[0]):
            hashed = sketch[2]
            key = hashed.hashvalues.tobytes()
            if key in seen:
                continue  # the same words
            others = [seen[other] for other in index.query(hashed)]
            alike = [one for one in others if hashed.jaccard(one[2]) >= self.threshold]
            if alike:
                near.append((min(alike, key=lambda one: one[0]), sketch))
            seen[key] = sketch
            index.insert(key, hashed)
        if not near:
            return []
        first, second = near[0]
        return [
            Finding(
                "near-duplicates",
                self.severity,
                f"{rows(len(near))} whose prompt is nearly that of an earlier one, "
                f"such as {unit} {second[0]} that of {unit} {first[0]}",
                count=len(near),
                lines=lowest(two[0] for _, two in near),
                unit=unit,
                expected="rows that are alike on one side of the split; name what they share in a "
                "group column, or drop them",
                before=shortened(second[1]),
            )
        ]


def _without_empty(asked: Sequence[Any]) -> list[Any]:
    empty = hollow(asked)
    return [cell for cell, none in zip(asked, empty.tolist(), strict=True) if not none]


def _runs(text: str) -> list[bytes]:
    words = _WORD.findall(text.casefold()) or [text]
    last = max(1, len(words) - _WORDS + 1)
    return [" ".join(words[at : at + _WORDS]).encode("utf-8", "replace") for at in range(last)]
