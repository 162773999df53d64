"""Which records are held out, what there is to say about that, and the files."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pitchpipe.errors import DataError, InvalidDataError
from pitchpipe.prepare.output import Bools, Ints
from pitchpipe.prepare.passes import Plan, lenient
from pitchpipe.records import MIN_EXAMPLES, Finding, Severity
from pitchpipe.selection import Named
from pitchpipe.stages import Splitter
from pitchpipe.watch import Watch


def held_out(splitter: Named[Splitter], index: pd.DataFrame) -> Bools:
    """Which records are for validation.

    Raises:
        DataError: the splitter breaks its promises, or leaves nothing to train on.
    """
    valid = splitter.stage.split(index)
    if not (valid.index.equals(index.index) and valid.dtype == bool):
        raise DataError(
            f"splitter {splitter.name}: gave {len(valid)} answers of type {valid.dtype} for "
            f"{len(index)} rows; expected one boolean a row under the same index."
        )
    if len(valid) and valid.all():
        raise DataError(f"splitter {splitter.name}: held out every row; nothing is left to train.")
    sides: Bools = valid.to_numpy(dtype=bool)
    return sides


def leave_enough(valid: Bools, index: pd.DataFrame) -> tuple[Bools, str]:
    """Holds out fewer of a few records, so that as many are left as a job needs.

    Args:
        valid: which are held out.
        index: as splitters see it.

    Returns:
        Which are held out then, and what there is to say about it.
    """
    rows, held = len(valid), int(valid.sum())
    spare = rows - MIN_EXAMPLES
    if held <= spare or spare < 0:
        return valid, ""
    fewer = np.zeros(rows, dtype=bool)
    # of equal prompts all or none are held out, as of a group
    together = index["prompt"] if index["group"].isna().all() else index["group"]
    for _, places in index.assign(place=range(rows))[valid].groupby(together[valid], sort=False):
        if fewer.sum() + len(places) <= spare:
            fewer[places["place"]] = True
    kept = int(fewer.sum())
    said = f"Only {kept} of the {rows} records" if kept else f"None of the {rows} records"
    verb = "is" if kept < 2 else "are"
    return fewer, f"{said} {verb} held out, because a job needs {MIN_EXAMPLES} to train on."


_SOME = 50_000
_SIDES = pd.CategoricalDtype(["train", "valid"])


class SplitCheck:
    """The validators of scope ``split``, which see records as they are written.

    Attributes:
        findings: what they found, once ``conclude`` was called.
    """

    def __init__(self, plan: Plan, index: pd.DataFrame, valid: Bools, watch: Watch) -> None:
        self.findings: list[Finding] = []
        self._plan = plan
        self._index = index
        self._valid = valid
        self._watch = watch
        self._rules = plan.only("split")
        self._states: list[Any] = [rule.validator.start() for rule in self._rules]
        self._waiting: list[Ints] = []
        self._seen = 0

    def observe(self, here: slice, sizes: Ints) -> None:
        """Shows the validators some records, by position, with the bytes of each."""
        self._waiting.append(sizes)
        if here.stop - self._seen >= _SOME:
            self._show(here.stop)

    def _show(self, stop: int) -> None:
        here = slice(self._seen, stop)
        chunk = self._index.iloc[here].assign(
            bytes=np.concatenate(self._waiting).astype(np.uint32),
            split=pd.Categorical.from_codes(self._valid[here].astype(np.int8), dtype=_SIDES),
        )
        self._waiting.clear()
        self._seen = stop
        self._states = [
            rule.validator.observe(state, chunk)
            for rule, state in zip(self._rules, self._states, strict=True)
        ]
        self._watch.progressed("split", stop)

    def conclude(self) -> None:
        """Gathers what they found.

        Raises:
            InvalidDataError: an error is among it.
        """
        if self._waiting:
            self._show(len(self._index))
        self.findings = [
            lenient(self._plan, finding)
            for rule, state in zip(self._rules, self._states, strict=True)
            for finding in rule.named(rule.validator.conclude(state))
        ]
        fatal = [f for f in self.findings if f.severity is Severity.ERROR]
        if fatal:
            raise InvalidDataError(self._plan.name, fatal, self._plan.schema.legend, self.findings)
