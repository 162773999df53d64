"""What is done to a segment of the table in one pass, in whatever process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from pitchpipe.errors import DataError
from pitchpipe.prepare.changes import Changes
from pitchpipe.prepare.ends import Ends
from pitchpipe.prepare.output import Written, leave
from pitchpipe.prepare.rowindex import IndexPart, index_part
from pitchpipe.records import COMPLETION, GROUP, PROMPT, Finding, Fix
from pitchpipe.schema import Schema
from pitchpipe.stages import Formatter, Validator
from pitchpipe.tables import encode_records
from pitchpipe.tables.base import Segment
from pitchpipe.tasks import has_conversations


@dataclass(frozen=True)
class Rule:
    """A validator under the id it goes by."""

    id: str
    validator: Validator[Any]

    def named(self, findings: Iterable[Finding]) -> list[Finding]:
        """Its findings; those that have the id without its distribution are given the whole."""
        short = self.id.rpartition(":")[2]
        return [
            replace(finding, rule=self.id) if finding.rule == short else finding
            for finding in findings
        ]

    @property
    def in_force(self) -> bool:
        """Whether a required fix is done in the pass that finds it: by the schema or a sieve."""
        return self.validator.scope == "table" or type(self.validator).sieve is not Validator.sieve


@dataclass(frozen=True)
class Accepted:
    """A fix that is to be applied, with the rule that offered it."""

    rule: str
    fix: Fix


@dataclass(frozen=True)
class Batch:
    """What one pass made of a segment.

    Attributes:
        rows: how many rows were read.
        states: of the validators, in the order of the work's rules.
        changes: what sieves and fixes did.
        index: what to remember of each record, a part a chunk; empty where none were made.
        records: the records as JSON lines, or where these are.
        log: the entries of the change log, or where these are.
        ends: what all of them begin and end with, where the fixed rows are the records.
        as_read: whether all cells of these are the text that was read, where they are not written.
        refusal: why no records could be made of some rows, which their findings may explain.
        left_out: the columns that have no part in the records, and what the formatter leaves out of
            those that it reads.
        skipped: how many rows of an export have no answer, by the reason.
    """

    rows: int
    states: tuple[Any, ...]
    changes: Changes
    index: tuple[IndexPart, ...] = ()
    records: bytes | Written = b""
    log: bytes | Written = b""
    ends: Ends | None = None
    as_read: bool = True
    refusal: DataError | None = None
    left_out: tuple[str, ...] = ()
    skipped: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Work:
    """One pass over a segment; it can be pickled.

    Attributes:
        schema: what the columns are.
        rules: all validators but those that see the index or the split, in their order.
        fixes: what earlier passes found and the user accepted, in the order of the rules.
        formatter: makes the records.
        ready: whether the rows are its records already.
        verbatim: whether the rows are the records, whatever they are.
        writes: whether the records are wanted as JSON lines.
        folder: for scratch files, where whoever gathers the batches can read them; else None.
    """

    schema: Schema
    rules: tuple[Rule, ...]
    fixes: tuple[Accepted, ...]
    formatter: Formatter
    ready: bool
    verbatim: bool
    writes: bool
    folder: Path | None

    def __call__(self, segment: Segment) -> Batch:
        """What the pass makes of it.

        Raises:
            DataError: a record cannot be read.
        """
        progress = _Progress([rule.validator.start() for rule in self.rules])
        for raw in segment.chunks():
            self._chunk(raw, progress)
        return Batch(
            progress.rows,
            tuple(progress.states),
            progress.changes.without_entries(),
            tuple(progress.index),
            leave(b"".join(progress.records), self.folder, "records"),
            leave(progress.changes.log(), self.folder, "changes"),
            progress.ends,
            progress.as_read,
            progress.refusal,
            tuple(progress.left_out),
            progress.skipped,
        )

    def _chunk(self, raw: pd.DataFrame, progress: _Progress) -> None:
        progress.rows += len(raw)
        self._observe("table", raw, progress)
        read = self.schema.unpacked(raw)
        progress.left_out.update(dict.fromkeys(read.others))
        for reason, count in read.skipped.items():
            progress.skipped[reason] = progress.skipped.get(reason, 0) + count
        if not len(read.rows):
            return
        chunk = self.schema.apply(read.rows)
        if self.schema.reader:
            progress.left_out |= dict.fromkeys(self.schema.reader.formatter.left_out(read.rows))
        if self.fixes:
            chunk = self._fixed(chunk, progress.changes)
        chunk = self._observe("source", chunk, progress)
        if not len(chunk) or progress.refusal:
            return
        groups = chunk[GROUP].tolist() if GROUP in chunk else None
        try:
            records = self._records(chunk.drop(columns=GROUP) if GROUP in chunk else chunk)
            if self.writes:
                progress.records.append(encode_records(records))
        except DataError as refusal:
            progress.refusal = refusal
            return
        if not self.verbatim:
            left_out = self.schema.left_out(read.rows, records, self.formatter)
            progress.left_out.update(dict.fromkeys(left_out))
        if self.verbatim:
            ends = Ends.of(records[PROMPT].tolist(), records[COMPLETION].tolist())
            progress.ends = ends if progress.ends is None else progress.ends + ends
            if not self.writes:
                progress.as_read = progress.as_read and self.schema.keeps(raw)
        self._observe("records", records, progress)
        progress.index.append(
            index_part(
                records.index,
                self.formatter.questions(records),
                self.formatter.answers(records),
                groups,
                has_conversations(records),
            )
        )

    def _observe(self, scope: str, chunk: pd.DataFrame, progress: _Progress) -> pd.DataFrame:
        """Shows a chunk to the validators of a scope; gives the rows that their sieves leave."""
        for at, rule in enumerate(self.rules):
            if rule.validator.scope == scope:
                progress.states[at] = rule.validator.observe(progress.states[at], chunk)
                chunk = _sieved(rule, chunk, progress.changes)
        return chunk

    def _fixed(self, chunk: pd.DataFrame, changes: Changes) -> pd.DataFrame:
        for rule in self.rules:
            if rule.validator.scope == "source":
                chunk = _sieved(rule, chunk, changes)
        for accepted in self.fixes:
            chunk = changes.apply(accepted.rule, accepted.fix, chunk)
        return chunk

    def _records(self, rows: pd.DataFrame) -> pd.DataFrame:
        if self.verbatim:
            _check_text(rows)
            return rows
        if not self.ready:
            return self.formatter.apply(rows)
        if not self.formatter.is_formatted(rows):
            raise DataError(
                f"{rows.index.name} {rows.index[0]} to {rows.index[-1]}: some rows are "
                f"{self.formatter.format} records already and some are not; expected all or none."
            )
        return rows


@dataclass
class _Progress:
    states: list[Any]
    rows: int = 0
    changes: Changes = field(default_factory=Changes)
    index: list[IndexPart] = field(default_factory=list)
    records: list[bytes] = field(default_factory=list)
    ends: Ends | None = None
    as_read: bool = True
    refusal: DataError | None = None
    left_out: dict[str, None] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)


def _check_text(rows: pd.DataFrame) -> None:
    for column in (PROMPT, COMPLETION):
        if column not in rows:
            raise DataError(f"column {column!r} is missing.")
        cells = rows[column].tolist()
        if set(map(type, cells)) != {str}:
            line, cell = next(
                (line, cell)
                for line, cell in zip(rows.index, cells, strict=True)
                if not isinstance(cell, str)
            )
            raise DataError(
                f"{rows.index.name} {line}, column {column!r}: expected text; found "
                f"{'nothing' if cell is None else f'a {type(cell).__name__}'}."
            )


def _sieved(rule: Rule, chunk: pd.DataFrame, changes: Changes) -> pd.DataFrame:
    kept = rule.validator.sieve(chunk)
    if len(kept) < len(chunk):
        changes.note(rule.id, chunk, kept)
    return kept
