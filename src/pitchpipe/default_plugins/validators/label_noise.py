"""Whether one label is written in several ways."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd

from pitchpipe.default_plugins.validators._fields import (
    MESSAGES,
    as_text,
    cells,
    is_empty,
    words_of,
)
from pitchpipe.default_plugins.validators._labels import MANY, CountingLabels, LabelCounts
from pitchpipe.default_plugins.validators._places import rows, shortened
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
        column = MESSAGES if MESSAGES in chunk.columns else COMPLETION
        if column not in chunk.columns:
            return chunk
        write = _with_label if column == MESSAGES else _written
        written = [write(cell, labels) for cell in cells(chunk, column)]
        return chunk.assign(**{column: pd.Series(written, index=chunk.index, dtype=object)})


@dataclass(frozen=True)
class LabelNoise(CountingLabels):
    """Finds labels that differ in case, white space or Unicode form only, learnt as different ones.

    The Unicode forms are NFC and NFD, which write an accented letter as one character or as two.
    Forms that merely look alike, such as full-width letters, may differ in meaning, and are other
    labels. Of several ways to write a label the most frequent is right, and of equally frequent
    ones NFC, unless the formatter's ``labels`` have it: then theirs. Lists and objects are left
    alone.

    Attributes:
        level: whether all are written the right way on request, or only when this rule is named.
    """

    scope: ClassVar[Scope] = "source"
    fixes: ClassVar[bool] = True
    most: ClassVar[int] = MANY

    level: FixLevel = "recommended"

    def conclude(self, state: LabelCounts) -> Sequence[Finding]:
        """One warning for all of them, with a fix."""
        counts = self._labels(state)
        known = self._contract.options.get("labels") or {}
        groups: dict[str, list[str]] = {}
        for label in sorted(counts):
            groups.setdefault(_meant(label), []).append(label)
        chosen: dict[str, str] = {}
        noisy: list[Sequence[str]] = []
        for group in groups.values():
            # of equally frequent ones in NFC the first in order of the alphabet
            best = max(group, key=lambda label: (label in known, counts[label], _is_nfc(label)))
            odd = {label: best for label in group if label != best and label not in known}
            if odd and not any(map(_is_structure, group)):
                noisy.append(group)
                chosen.update(odd)
        if not chosen:
            return []
        count = sum(counts[label] for label in chosen)
        first = min(chosen, key=state.first)
        listed = "; ".join(", ".join(map(_shown, group)) for group in noisy[:5])
        forms = any(len(set(map(_is_nfc, group))) > 1 for group in noisy)
        aspects = "case, white space or Unicode form" if forms else "case or white space"
        return [
            Finding(
                "label-noise",
                self.severity,
                f"labels that differ in {aspects} only: {listed}" + "; ..." * (len(noisy) > 5),
                count=count,
                lines=state.lowest(chosen),
                unit=state.unit,
                expected="one way to write each label",
                before=_shown(first),
                after=_shown(chosen[first]),
                fix=Fix(
                    f"write {rows(count)} as the most frequent of its kind",
                    Relabel(tuple(sorted(chosen.items()))),
                    self.level,
                ),
            )
        ]


def _meant(label: str) -> str:
    """What all ways to write a label have in common."""
    return _nfc(_nfc(" ".join(words_of(label))).lower())


def _nfc(label: str) -> str:
    return unicodedata.normalize("NFC", label)


def _is_nfc(label: str) -> bool:
    return unicodedata.is_normalized("NFC", label)


def _shown(label: str) -> str:
    """The label shortened; one that is not NFC would look like one that is, but for escapes."""
    text = shortened(label)
    return text if _is_nfc(label) else text.encode("ascii", "backslashreplace").decode()


def _is_structure(label: str) -> bool:
    try:
        return label.startswith(("[", "{")) and isinstance(json.loads(label), list | dict)
    except ValueError:
        return False


def _written(cell: Any, labels: Mapping[str, str]) -> Any:
    if type(cell) is str:
        return labels.get(cell, cell)
    return cell if is_empty(cell) else labels.get(as_text(cell), cell)


def _with_label(messages: Any, labels: Mapping[str, str]) -> Any:
    if not isinstance(messages, list) or not messages or not isinstance(messages[-1], dict):
        return messages
    content = messages[-1].get("content")
    label = _written(content, labels)
    if messages[-1].get("role") != "assistant" or label is content:
        return messages
    return [*messages[:-1], {**messages[-1], "content": label}]
