"""The data stages: read, validate, format, split - from a table to the files a trainer uploads."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pandas as pd

from pitchpipe.errors import DataError, InvalidDataError
from pitchpipe.prepared import Outputs, save_manifest
from pitchpipe.records import GROUP, Contract, Finding, Fix, PreparedData, Severity
from pitchpipe.schema import MOST_LABELS, Schema, infer, task_of
from pitchpipe.selection import Named, Selection
from pitchpipe.stages import Formatter, Scope, Splitter, Validator
from pitchpipe.tables import Table, frame_to_records, write_jsonl
from pitchpipe.watch import Watch

CACHE_BYTES = 32 * 2**20
"""Tables up to this size are read once and kept; larger ones are read once a pass."""

MOST_ROUNDS = 10

Chunks = Callable[[], Iterator[pd.DataFrame]]


def prepare(table: Table, selection: Selection, outputs: Outputs, watch: Watch) -> PreparedData:
    """Takes a table through the data stages and writes the files.

    Args:
        table: what to read.
        selection: the stages.
        outputs: where the files go; they appear all at once, the manifest last.
        watch: hears of the stages.

    Raises:
        InvalidDataError: a validator found an error that cannot be, or may not be, fixed.
        DataError: the table cannot be read or its columns cannot be told apart.
    """
    config = selection.config.data
    with watch.stage("read"):
        chunks = _cached(table)
        sample = next(chunks(), None)
        if sample is None:
            raise DataError(f"{table.name}: holds no rows.")
        schema = infer(str(table.path or table.name), sample, config)
        formatter = selection.formatter(schema)
    with watch.stage("validate"):
        checks = _Checks(table, schema, selection, formatter, watch)
        fixes = checks.source(chunks)
        cleaned = _Cleaned(chunks, _Clean(schema, tuple(fixes)))
    with watch.stage("format"):
        formatting = _Formatting(formatter, schema, config.task, cleaned)
        checks.fold("records", formatting.indexed)
        labels, task_note = formatting.labels()
        contract = formatter.stage.contract(formatter.name, labels)
    with watch.stage("split"):
        splitter = selection.splitter(schema, labels)
        valid = _split(splitter, formatting.index(labels))
        rows = _write(formatting, valid, outputs, checks)
    notes = (*schema.notes, formatter.note, formatting.note, task_note, splitter.note)
    prepared = PreparedData(
        train=outputs.train,
        valid=outputs.valid if rows[1] else None,
        train_rows=rows[0],
        valid_rows=rows[1],
        contract=contract,
        findings=tuple(checks.findings),
        notes=tuple(note for note in notes if note),
    )
    save_manifest(prepared, outputs.manifest)
    return prepared


@dataclass(frozen=True)
class _Clean:
    """Puts raw chunks under the stages' names and corrects them; can be pickled."""

    schema: Schema
    fixes: tuple[Fix, ...] = ()

    def __call__(self, raw: pd.DataFrame) -> pd.DataFrame:
        chunk = self.schema.apply(raw)
        for fix in self.fixes:
            chunk = fix.apply(chunk)
        return chunk


@dataclass(frozen=True)
class _Cleaned:
    raw: Chunks
    clean: _Clean

    def __call__(self) -> Iterator[pd.DataFrame]:
        for raw in self.raw():
            chunk = self.clean(raw)
            if len(chunk):
                yield chunk


class _Checks:
    """Runs validators by scope and gathers what they find."""

    def __init__(
        self,
        table: Table,
        schema: Schema,
        selection: Selection,
        formatter: Named[Formatter],
        watch: Watch,
    ) -> None:
        self.findings: list[Finding] = []
        self._table = table
        self._schema = schema
        self._selection = selection
        self._watch = watch
        self._contract = formatter.stage.contract(formatter.name)

    def source(self, chunks: Chunks) -> list[Fix]:
        """The fixes after which the source validators find nothing more to fix."""
        fixes: list[Fix] = []
        for _ in range(MOST_ROUNDS):
            clean = _Clean(self._schema, tuple(fixes))
            found = self._run("source", chunks, clean)
            fixable = [f for f in found if f.fix] if self._selection.config.data.fix else []
            # what is fixed now is not found again; the rest is reported by the last round
            self._stop_on_errors(found, fixable)
            self.findings += fixable or found
            if not fixable:
                return fixes
            fixes += [f.fix for f in fixable if f.fix]
        rules = ", ".join(sorted({f.rule for f in fixable}))
        raise DataError(
            f"{self._table.name}: the fixes of {rules} do not come to an end. "
            "Fixes must be idempotent; leave out the validators at fault (validators.skip)."
        )

    def fold(self, scope: Scope, chunks: Chunks, contract: Contract | None = None) -> None:
        """Runs the validators of a later scope, where nothing can be fixed any more."""
        self._contract = contract or self._contract
        found = self._run(scope, chunks, _same)
        self._stop_on_errors(found, [])
        self.findings += found

    def _run(
        self, scope: Scope, chunks: Chunks, clean: Callable[[pd.DataFrame], pd.DataFrame]
    ) -> list[Finding]:
        validators: list[Validator[Any]] = [
            v.stage.bind(self._contract)
            for v in self._selection.validators
            if v.stage.scope == scope
        ]
        stage = {"source": "validate", "records": "format", "split": "split"}[scope]
        watched = self._watch.counting(stage, chunks())
        states = [v.start() for v in validators]
        for chunk in self._selection.engine.map(clean, watched):
            states = [v.observe(state, chunk) for v, state in zip(validators, states, strict=True)]
        results = (v.conclude(state) for v, state in zip(validators, states, strict=True))
        return [finding for findings in results for finding in findings]

    def _stop_on_errors(self, found: Sequence[Finding], fixable: Sequence[Finding]) -> None:
        fatal = [f for f in found if f.severity is Severity.ERROR and f not in fixable]
        if fatal:
            name = str(self._table.path or self._table.name)
            raise InvalidDataError(name, fatal, self._schema.legend)


@dataclass
class _Formatting:
    """Formats cleaned chunks, and keeps of each record what the splitter needs."""

    formatter: Named[Formatter]
    schema: Schema
    task: str
    cleaned: Chunks
    note: str = ""
    _answers: dict[str, int] = field(default_factory=dict)
    _parts: list[pd.DataFrame] = field(default_factory=list)

    def __post_init__(self) -> None:
        sample = next(self.cleaned(), None)
        if sample is None:
            raise DataError("no row is left after the fixes; see the findings of the validators.")
        # formatters pass rows of their own shape through; of plain columns they cannot tell
        plain = self.schema.shape is None
        self._formatted = plain and self.formatter.stage.is_formatted(_ungrouped(sample))
        if self._formatted:
            self.note = f"The rows are {self.formatter.name} records already; taken as they are."

    def chunks(self) -> Iterator[pd.DataFrame]:
        """The records."""
        for chunk in self.cleaned():
            yield self._apply(chunk)

    def indexed(self) -> Iterator[pd.DataFrame]:
        """The records, filling the index on the way."""
        for chunk in self.cleaned():
            records = self._apply(chunk)
            self._parts.append(self._describe(chunk, records))
            yield records

    def labels(self) -> tuple[tuple[str, ...], str]:
        """The distinct answers if they are labels, and how that was decided."""
        rows = sum(map(len, self._parts))
        distinct = len(self._answers)
        task = task_of(distinct, rows) if self.task == "auto" else self.task
        if self.formatter.stage.format == "preference":
            return (), ""
        if task == "text":
            return (), "The answers are free text." if self.task == "auto" else ""
        note = f"The answers are {distinct} labels: {_listed(sorted(self._answers))}."
        return tuple(sorted(self._answers)), note

    def index(self, labels: Sequence[str]) -> pd.DataFrame:
        """What splitters see."""
        index = pd.concat(self._parts)
        if not labels:
            index["label"] = None
        return index

    def _apply(self, chunk: pd.DataFrame) -> pd.DataFrame:
        rows = _ungrouped(chunk)
        if not self._formatted:
            return self.formatter.stage.apply(rows)
        if not self.formatter.stage.is_formatted(rows):
            raise DataError(
                f"{rows.index.name} {rows.index[0]} to {rows.index[-1]}: some rows are "
                f"{self.formatter.name} records already and some are not; expected all or none."
            )
        return rows

    def _describe(self, chunk: pd.DataFrame, records: pd.DataFrame) -> pd.DataFrame:
        labels: list[str | None] = []
        prompts: list[int] = []
        formatter = self.formatter.stage
        for record in frame_to_records(records):
            reference = formatter.reference(record)
            answer = None if reference is None else formatter.parse(reference)
            if answer is not None and (
                self.task == "classification" or len(self._answers) <= MOST_LABELS
            ):
                self._answers.setdefault(answer, len(self._answers))
            labels.append(answer if answer in self._answers else None)
            prompts.append(_hash(formatter.request(record).body))
        groups = chunk.get(GROUP)
        return pd.DataFrame(
            {
                "label": pd.Series(labels, index=records.index, dtype=object),
                "group": groups,
                "prompt": pd.Series(prompts, index=records.index, dtype="uint64"),
            }
        )


def _write(
    formatting: _Formatting, valid: pd.Series[bool], outputs: Outputs, checks: _Checks
) -> tuple[int, int]:
    n_valid = int(valid.sum())
    with ExitStack() as stack:
        train = stack.enter_context(write_jsonl(outputs.train))
        valid_file = stack.enter_context(write_jsonl(outputs.valid)) if n_valid else None

        def written() -> Iterator[pd.DataFrame]:
            for records in formatting.chunks():
                held_out = valid.loc[records.index]
                train.write(frame_to_records(records[~held_out]))
                if valid_file:
                    valid_file.write(frame_to_records(records[held_out]))
                yield records.assign(split=held_out.map({True: "valid", False: "train"}))

        checks.fold("split", written)
    if not n_valid:
        outputs.valid.unlink(missing_ok=True)
    return len(valid) - n_valid, n_valid


def _split(splitter: Named[Splitter], index: pd.DataFrame) -> pd.Series[bool]:
    valid = splitter.stage.split(index)
    if not (valid.index.equals(index.index) and valid.dtype == bool):
        raise DataError(
            f"splitter {splitter.name}: gave {len(valid)} answers of type {valid.dtype} for "
            f"{len(index)} rows; expected one boolean a row under the same index."
        )
    if len(valid) and valid.all():
        raise DataError(f"splitter {splitter.name}: held out every row; nothing is left to train.")
    return valid


def _cached(table: Table) -> Chunks:
    size = table.path.stat().st_size if table.path else 0
    chunks = partial(table.chunks, table.columns)
    return chunks if size > CACHE_BYTES else partial(iter, list(chunks()))


def _ungrouped(chunk: pd.DataFrame) -> pd.DataFrame:
    return chunk.drop(columns=GROUP) if GROUP in chunk else chunk


def _hash(body: object) -> int:
    text = json.dumps(body, sort_keys=True).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest())


def _listed(labels: Sequence[str]) -> str:
    shown = ", ".join(map(repr, labels[:5]))
    return shown if len(labels) <= 5 else f"{shown} and {len(labels) - 5} more"


def _same(chunk: pd.DataFrame) -> pd.DataFrame:
    return chunk
