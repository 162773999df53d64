"""Passes over a table: every validator sees every row, and records are made on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from pitchpipe.errors import DataError, UsageError
from pitchpipe.formats.fitting import Fit
from pitchpipe.listing import listed
from pitchpipe.prepare.batches import Accepted, Batch, Rule, Work
from pitchpipe.prepare.changes import Changes
from pitchpipe.prepare.ends import Ends
from pitchpipe.prepare.output import Spool
from pitchpipe.prepare.rowindex import IndexPart, RowIndex
from pitchpipe.records import GROUP, Finding, Severity
from pitchpipe.schema import Schema, infer
from pitchpipe.selection import Named, Selection
from pitchpipe.stages import Engine, Formatter
from pitchpipe.stages.validator import bound
from pitchpipe.tables import Table
from pitchpipe.tables.delimited import LinesTable
from pitchpipe.tables.limits import MAX_COLUMNS, too_many_keys
from pitchpipe.watch import Watch

IN_WORKERS = ("table", "source", "records")
"""The scopes whose validators look at chunks where these are read."""


@dataclass(frozen=True)
class Plan:
    """What every pass over a table has in common.

    Attributes:
        table: what is read.
        name: what to call it in messages.
        schema: what its columns are.
        formatter: what makes the records.
        ready: whether the rows are its records already.
        fit: which records they become, and for which model and method.
        rules: the validators, knowing the contract, in their order.
        sample: the first rows, as far as sieves leave them.
        selection: where they come from.
    """

    table: Table
    name: str
    schema: Schema
    formatter: Named[Formatter]
    ready: bool
    fit: Fit
    rules: tuple[Rule, ...]
    sample: pd.DataFrame
    selection: Selection

    @classmethod
    def of(cls, table: Table, selection: Selection) -> Plan:
        """What the first rows of a table and the configuration come to.

        Raises:
            DataError: there are no rows, or their columns cannot be told apart.
            UsageError: the model or the method that the user named does not fit the rows, or labels
                are asked for where records have none.
        """
        sample = next(table.chunks(faulty=True), None)
        if sample is None:
            raise DataError(f"{table.name}: holds no rows.")
        name = str(table.path or table.name)
        lines = isinstance(table, LinesTable)
        data, own = selection.config.data, selection.named_formatter
        with table.explaining():
            schema = infer(name, sample, data, lines=lines, formatter=own)
        fitted = selection.fit(selection.rows(name, schema, schema.read(sample)))
        formatter = selection.formatter(schema, fitted)
        contract = replace(formatter.stage.contract(formatter.name), task=data.task)
        if contract.format == "preference" and data.task == "classification":
            raise UsageError(
                f"{name}: the task is classification, but preference records have no labels: each "
                "has two answers to compare. Leave out --task (data.task), or set it to text."
            )
        rules = tuple(
            Rule(v.name, bound(v.stage, contract, fitted.training)) for v in selection.validators
        )
        # formatters pass rows of their own shape through; of plain columns they cannot tell
        plain = schema.shape is None and not selection.profile.verbatim
        rows = _first_rows(schema, rules, sample)
        ready = schema.reader is not None or (
            plain and formatter.stage.is_formatted(rows.drop(columns=GROUP, errors="ignore"))
        )
        return cls(table, name, schema, formatter, ready, fitted, rules, rows, selection)

    def only(self, *scopes: str) -> tuple[Rule, ...]:
        """The rules of some scopes, in their order."""
        return tuple(rule for rule in self.rules if rule.validator.scope in scopes)

    @property
    def verbatim(self) -> bool:
        """Whether the fixed rows are the records."""
        return self.selection.profile.verbatim

    @property
    def notes(self) -> tuple[str, ...]:
        """What was inferred, in sentences."""
        taken = f"The rows are {self.formatter.name} records already; taken as they are."
        return (
            *self.table.notes,
            *self.schema.notes,
            *(self.fit.notes if self.selection.named_formatter is None else self.fit.notes[1:]),
            taken if self.ready and self.schema.reader is None else "",
        )

    def notes_on(self, seen: Seen) -> tuple[str, ...]:
        """What a pass left out of the records, in sentences.

        Columns go unnamed where the rows themselves are the records: a rule names them there.
        """
        notes = []
        if seen.skipped:
            rows = ", ".join(
                f"{count} row{'s' if count > 1 else ''} {reason}"
                for reason, count in sorted(seen.skipped.items())
            )
            notes.append(f"Left out of the table: {rows}.")
        if seen.left_out and not self.verbatim:
            names = listed(list(seen.left_out))
            unknown = self.schema.reader and self.formatter.stage.capabilities.reads is None
            notes.append(
                f"Formatter {self.formatter.name} is given {names} as well; it does not say "
                "whether it reads them."
                if unknown
                else f"Left out of the records: {names}."
            )
        return tuple(notes)


@dataclass
class Seen:
    """What a pass came to.

    Attributes:
        findings: of all rules but those that see the split, in the order of the rules.
        index: what is remembered of each record.
        changes: how many rows fixes and sieves changed, with the first few.
        ends: what all records begin and end with.
        as_read: whether all cells of the records are the text that was read.
        rows: how many rows were read.
        written: whether the records are in the spool.
        refusal: why no records could be made of some rows.
        left_out: the columns that have no part in the records, in the order in which they appear.
        skipped: how many rows of an export have no answer, by the reason.
        in_force: the rules of those findings whose required fixes this pass has done already.
    """

    findings: list[Finding] = field(default_factory=list)
    in_force: set[str] = field(default_factory=set)
    index: RowIndex = field(default_factory=RowIndex)
    changes: Changes = field(default_factory=Changes)
    ends: Ends | None = None
    as_read: bool = True
    rows: int = 0
    written: bool = False
    refusal: DataError | None = None
    left_out: dict[str, None] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)


def run(
    plan: Plan, fixes: Sequence[Accepted], stage: str, watch: Watch, spools: Spools | None
) -> Seen:
    """One pass.

    Args:
        plan: what is read and how.
        fixes: what earlier passes found, to be applied.
        stage: which stage's progress it is.
        watch: hears of the progress.
        spools: where records and changes go; None when records are not wanted yet.

    Raises:
        DataError: a row cannot be read.
    """
    engine: Engine = plan.selection.engine
    near = plan.only(*IN_WORKERS)
    far = plan.only("index")
    states: list[Any] = [rule.validator.start() for rule in near]
    index_states: list[Any] = [rule.validator.start() for rule in far]
    work = Work(
        plan.schema,
        near,
        tuple(fixes),
        plan.formatter.stage,
        plan.ready,
        plan.verbatim,
        spools is not None,
        spools.folder if spools and engine.shares_files else None,
    )
    seen = Seen(written=spools is not None)
    if spools:
        spools.clear()
    for batch in engine.map(work, plan.table.segments()):
        states = [
            rule.validator.merge(a, b)
            for rule, a, b in zip(near, states, batch.states, strict=True)
        ]
        _take(seen, batch, spools, plan.name)
        for part in batch.index:
            for whole in seen.index.add(part):
                index_states = _observed(far, index_states, whole)
        watch.progressed(stage, seen.rows)
    plan.table.check_unchanged()
    for whole in seen.index.finish():
        index_states = _observed(far, index_states, whole)
    found = {
        rule.id: rule.named(rule.validator.conclude(state))
        for rule, state in zip((*near, *far), (*states, *index_states), strict=True)
    }
    seen.in_force = {f.rule for rule in near if rule.in_force for f in found[rule.id]}
    seen.findings = [
        lenient(plan, finding) for rule in plan.rules for finding in found.get(rule.id, ())
    ]
    return seen


def _observed(rules: Sequence[Rule], states: Sequence[Any], part: IndexPart) -> list[Any]:
    chunk = part.chunk()
    return [rule.validator.observe(state, chunk) for rule, state in zip(rules, states, strict=True)]


def lenient(plan: Plan, finding: Finding) -> Finding:
    """The finding, an error being but a warning where the profile says so."""
    errors = plan.selection.profile.errors
    own = finding.rule.removeprefix("pitchpipe:")
    if errors is None or finding.severity is not Severity.ERROR or own in errors:
        return finding
    return replace(finding, severity=Severity.WARNING)


@dataclass(frozen=True)
class Spools:
    """Where a pass leaves what it writes.

    Attributes:
        folder: for scratch files.
        records: the records.
        changes: the entries of the change log.
    """

    folder: Path
    records: Spool
    changes: Spool

    @classmethod
    def within(cls, folder: Path) -> Spools:
        """Spools in a folder for scratch files."""
        return cls(folder, Spool(folder / "records"), Spool(folder / "changes"))

    def clear(self) -> None:
        """Forgets what an earlier pass left."""
        self.records.clear()
        self.changes.clear()


def _take(seen: Seen, batch: Batch, spools: Spools | None, name: str) -> None:
    seen.rows += batch.rows
    seen.refusal = seen.refusal or batch.refusal
    seen.left_out.update(dict.fromkeys(batch.left_out))
    if len(seen.left_out) > MAX_COLUMNS:
        raise too_many_keys(f"{name}: row {seen.rows}")
    for reason, count in batch.skipped.items():
        seen.skipped[reason] = seen.skipped.get(reason, 0) + count
    if batch.ends is not None:
        seen.ends = batch.ends if seen.ends is None else seen.ends + batch.ends
        seen.as_read = seen.as_read and batch.as_read
    if spools:
        spools.records.add(batch.records, sum(len(part.places) for part in batch.index))
        spools.changes.add(batch.log, 0)
    seen.changes.extend(batch.changes)


def _first_rows(schema: Schema, rules: Sequence[Rule], sample: pd.DataFrame) -> pd.DataFrame:
    rows = schema.read(sample)
    for rule in rules:
        if rule.validator.scope == "source":
            rows = rule.validator.sieve(rows)
    return rows
