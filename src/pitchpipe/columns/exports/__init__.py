"""Exports of annotation tools, told by what they hold."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import pandas as pd

from pitchpipe.columns.exports.argilla import ArgillaFlat, ArgillaNested, ArgillaOne
from pitchpipe.columns.exports.base import Export, Unpacked
from pitchpipe.columns.exports.label_studio import LabelStudioRows, LabelStudioTasks
from pitchpipe.columns.exports.lists import JoinedLabels, LabelledSpans, ListedLabels
from pitchpipe.columns.exports.prodigy import ProdigyTasks
from pitchpipe.columns.exports.spacy import SpacyCategories
from pitchpipe.records import GROUP

__all__ = ["Export", "Unpacked", "recognised"]

_KINDS: Sequence[type[Export]] = (
    LabelStudioTasks,
    LabelStudioRows,
    ArgillaNested,
    ArgillaFlat,
    ArgillaOne,
    ProdigyTasks,
    SpacyCategories,
    LabelledSpans,
    ListedLabels,
    JoinedLabels,
)


def recognised(
    table: str, sample: pd.DataFrame, answers: bool, named: Collection[str] = ()
) -> Export | None:
    """The export that a table is; None for any other table.

    Args:
        table: what to call it in messages.
        sample: its first rows.
        answers: whether rows without an answer are left out.
        named: the columns that the user named; an export that has no such columns once it is read
            is taken at the user's word.
    """
    for kind in _KINDS:
        export = kind.recognised(table, sample, answers)
        if export is None:
            continue
        hidden = export.consumed(list(sample.columns)).intersection(named)
        if not hidden or hidden <= set(export.label_columns(sample)):
            return replace(export, kept=(GROUP, *(c for c in named if c not in hidden)))
    return None
