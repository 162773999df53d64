"""Whether one label is written in several ways."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd

from pitchpipe.default_plugins.validators._fields import MESSAGES, cells
from pitchpipe.default_plugins.validators._labels import CountingLabels, LabelCounts
from pitchpipe.default_plugins.validators._places import lowest, rows, shortened
from pitchpipe.records import COMPLETION, Finding, Fix, FixLevel
from pitchpipe.stages import Scope


@dataclass(frozen=True)
class Relabel:
    """Writes labels in another way.

    Attributes:
        labels: what to write in place of each, sorted.
    """

    labels: tuple[tuple[str, str], ...]

    def __call__(self, chunk: pd.DataFrame) -> pd.DataFrame:
        """The chunk with them."""
        labels = dict(self.labels)
        changed = chunk.copy(deep=False)
        if MESSAGES in chunk.columns:
            talks = [_relabelled(cell, labels) for cell in cells(chunk, MESSAGES)]
            changed[MESSAGES] = pd.Series(talks, index=chunk.index, dtype=object)
        elif COMPLETION in chunk.columns:
            words = [
                labels.get(cell, cell) if isinstance(cell, str) else cell
                for cell in cells(chunk, COMPLETION)
            ]
            changed[COMPLETION] = pd.Series(words, index=chunk.index, dtype=object)
        return changed


@dataclass(frozen=True)
class LabelNoise(CountingLabels):
    """Finds labels that differ in case or white space only, and are learnt as different ones.

    Attributes:
        level: whether all are written as the most frequent one on request, or only when this rule
            is named.
    """

    scope: ClassVar[Scope] = "source"
    fixes: ClassVar[bool] = True
    most: ClassVar[int] = 200

    level: FixLevel = "recommended"

    def conclude(self, state: LabelCounts) -> Sequence[Finding]:
        """One warning for all of them, with a fix."""
        counts = self._labels(state)
        groups: dict[str, list[str]] = {}
        for label in sorted(counts):
            groups.setdefault(" ".join(label.split()).casefold(), []).append(label)
        noisy = [group for group in groups.values() if len(group) > 1]
        if not noisy:
            return []
        chosen: dict[str, str] = {}
        for group in noisy:
            best = max(group, key=lambda label: (counts[label], [-ord(c) for c in label]))
            chosen.update({label: best for label in group if label != best})
        count = sum(counts[label] for label in chosen)
        first = min(chosen, key=lambda label: state.first[label])
        listed = "; ".join(", ".join(map(shortened, group)) for group in noisy[:5])
        return [
            Finding(
                "label-noise",
                self.severity,
                f"labels that differ in case or white space only: {listed}"
                + "; ..." * (len(noisy) > 5),
                count=count,
                lines=lowest(state.first[label] for label in chosen),
                unit=state.unit,
                expected="one way to write each label",
                before=shortened(first),
                after=shortened(chosen[first]),
                fix=Fix(
                    f"write {rows(count)} as the most frequent of its kind",
                    Relabel(tuple(sorted(chosen.items()))),
                    self.level,
                ),
            )
        ]


def _relabelled(messages: Any, labels: Mapping[str, str]) -> Any:
    if not isinstance(messages, list) or not messages or not isinstance(messages[-1], dict):
        return messages
    content = messages[-1].get("content")
    if messages[-1].get("role") != "assistant" or not isinstance(content, str):
        return messages
    if content not in labels:
        return messages
    return [*messages[:-1], {**messages[-1], "content": labels[content]}]
