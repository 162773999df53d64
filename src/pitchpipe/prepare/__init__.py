"""The data stages: read, validate, format, split - from a table to the files a trainer uploads."""

from __future__ import annotations

from pathlib import Path
from tempfile import gettempdir

import numpy as np

from pitchpipe.config import AUTO
from pitchpipe.errors import DataError
from pitchpipe.files import remove_abandoned, scratch
from pitchpipe.prepare.output import distribute, write_changes
from pitchpipe.prepare.passes import Plan, Spools, run
from pitchpipe.prepare.settling import Decide, Settled, none, recommended, settle
from pitchpipe.prepare.splitting import SplitCheck, held_out, leave_enough
from pitchpipe.prepare.tasks import Task
from pitchpipe.prepared import Origin, Outputs, recorded_files, remove_unchanged, save_manifest
from pitchpipe.records import PreparedData
from pitchpipe.selection import Selection
from pitchpipe.tables import Table
from pitchpipe.tables.identity import TableChangedError
from pitchpipe.tables.jsonl import is_uploadable
from pitchpipe.watch import Watch

__all__ = ["Decide", "none", "prepare", "recommended"]


def prepare(
    table: Table,
    selection: Selection,
    outputs: Outputs,
    watch: Watch,
    decide: Decide | None = None,
    dry_run: bool = False,
) -> PreparedData:
    """Takes a table through the data stages and writes the files.

    Args:
        table: what to read.
        selection: the stages.
        outputs: where the files go; they appear when all are whole, the manifest last.
        watch: hears of the stages.
        decide: asked in each round which of the fixes that are not required to apply; by default
            those that are recommended, or none where the configuration says so.
        dry_run: write nothing.

    Raises:
        InvalidDataError: a validator found an error that cannot be, or may not be, fixed.
        DataError: the table cannot be read or its columns cannot be told apart.
        TableChangedError: the table changed while it was read; nothing is written.
    """
    try:
        return _prepared(table, selection, outputs, watch, decide, dry_run)
    except DataError as error:
        try:  # half of one table and half of another look damaged, too
            table.check_unchanged()
        except TableChangedError as change:
            raise TableChangedError(f"{change} Nothing was written.") from error
        raise


def _prepared(
    table: Table,
    selection: Selection,
    outputs: Outputs,
    watch: Watch,
    decide: Decide | None,
    dry_run: bool,
) -> PreparedData:
    if decide is None:
        decide = recommended if selection.config.data.fix else none
    with watch.stage("read"):
        plan = Plan.of(table, selection)
    if not dry_run:
        for path in outputs.files:
            remove_abandoned(path)
    beside = Path(gettempdir()) / outputs.train.name if dry_run else outputs.train
    with scratch(beside) as folder:
        spools = Spools.within(folder)
        with watch.stage("validate"):
            settled = settle(plan, decide, watch, spools)
        with watch.stage("format"):
            task = Task.of(plan, settled.seen)
            if not settled.seen.written and not _is_untouched(plan, settled, task):
                run(plan, settled.fixes, "format", watch, spools)
            watch.progressed("format", len(settled.seen.index))
        with watch.stage("split"):
            return _written(plan, settled, task, outputs, spools, watch, dry_run)


def _written(
    plan: Plan,
    settled: Settled,
    task: Task,
    outputs: Outputs,
    spools: Spools,
    watch: Watch,
    dry_run: bool,
) -> PreparedData:
    rows = len(settled.seen.index)
    valid, order, note = np.zeros(rows, dtype=bool), None, ""
    if task.splits:
        splitter = plan.selection.splitter(plan.schema, task.classes)
        index = settled.seen.index.frame(task.labels)
        valid, note = held_out(splitter, index), splitter.note
        if not plan.verbatim and plan.selection.config.splitter.name == AUTO:
            valid, fewer = leave_enough(valid, index)
            note = " ".join(filter(None, (note, fewer)))
        order = splitter.stage.order(rows) if valid.any() else None
        order = None if order is None else order[~valid[order]]
    else:
        index = settled.seen.index.frame(task.labels)
    check = SplitCheck(plan, index, valid, watch)
    n_valid = int(valid.sum())
    untouched = _is_untouched(plan, settled, task)
    origin = None if dry_run or untouched else _origin(plan)
    plan.table.check_unchanged()  # nothing is read from it any more, and nothing is written yet
    train = plan.table.path if untouched and plan.table.path else outputs.train_of(n_valid)
    changes = None if untouched or not settled.applied else outputs.changes
    if not untouched:
        distribute(
            spools.records,
            valid,
            order,
            None if dry_run else (train, outputs.valid if n_valid else None),
            check,
        )
    prepared = PreparedData(
        train=train,
        valid=outputs.valid if n_valid else None,
        train_rows=rows - n_valid,
        valid_rows=n_valid,
        contract=task.contract,
        findings=(*settled.findings, *check.findings),
        notes=tuple(filter(None, (*plan.notes, *plan.notes_on(settled.seen), task.note, note))),
        applied=settled.applied,
        changes=changes,
        samples=settled.samples,
        changed=settled.changed,
        model=plan.fit.training.model,
        method=plan.fit.training.method,
    )
    if not dry_run and not untouched:
        earlier = recorded_files(outputs.manifest)
        if changes:
            write_changes(spools.changes, settled.uniform, changes)
        save_manifest(prepared, outputs.manifest, origin)
        kept = {prepared.train, prepared.valid, prepared.changes}
        for left in earlier.keys() - kept:
            remove_unchanged(left, earlier[left])
    return prepared


def _origin(plan: Plan) -> Origin | None:
    path, profile = plan.table.path, plan.selection.profile.name
    return Origin(str(path), plan.table.fingerprint(), profile) if path else None


def _is_untouched(plan: Plan, settled: Settled, task: Task) -> bool:
    """Whether the file can be trained on as it stands, so that there is nothing to write."""
    path = plan.table.path
    return (
        plan.verbatim
        and not settled.fixed
        and not task.splits
        and settled.seen.as_read
        and is_uploadable(plan.table)
        and path is not None
        and path.suffix.lower() == ".jsonl"
    )
