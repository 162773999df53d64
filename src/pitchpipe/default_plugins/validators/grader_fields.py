"""Whether the grader of a reinforcement job can grade answers to the records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from pitchpipe.default_plugins.validators._fields import FormatAware
from pitchpipe.default_plugins.validators._places import Places, rows
from pitchpipe.records import Finding, Severity
from pitchpipe.stages import Scope
from pitchpipe.tables import frame_to_records

if TYPE_CHECKING:
    from pitchpipe.service.graders.grading import Grader

_PLACE = "training.method_options.grader"
_OWN = ("string_check", "text_similarity", "multi")
"""The kinds of graders that can be looked at here; others run at the vendor's service only."""


@dataclass(frozen=True)
class GraderFields(FormatAware[Places]):
    """Finds a grader that is not defined as it must be, and records without what it reads.

    The job would be refused, or fail, once everything is uploaded. Records are looked at as they
    are written.
    """

    scope: ClassVar[Scope] = "records"
    severity: ClassVar[Severity] = Severity.ERROR

    def start(self) -> Places:
        """No rows."""
        return Places()

    def observe(self, state: Places, chunk: pd.DataFrame) -> Places:
        """Adds the rows of the chunk that lack something."""
        grader, _ = self._grader()
        if grader is None:
            return state
        troubles = [grader.trouble(record) for record in frame_to_records(chunk)]
        hits = np.array([trouble is not None for trouble in troubles], dtype=np.bool_)
        return state + Places.at(chunk, hits, [_Plain(trouble or "") for trouble in troubles])

    def merge(self, a: Places, b: Places) -> Places:
        """The rows of both."""
        return a + b

    def conclude(self, state: Places) -> Sequence[Finding]:
        """An error for the grader, or one for the rows that it cannot grade."""
        _, wrong = self._grader()
        if wrong:
            return [
                Finding(
                    "grader-fields",
                    Severity.ERROR,
                    f"the grader is not defined as it must be: {wrong}",
                    expected=f"a grader that the API takes ({_PLACE}); see the page on graders",
                )
            ]
        if not state.count:
            return []
        return [
            Finding(
                "grader-fields",
                Severity.ERROR,
                f"{rows(state.count)} without a field that the grader reads",
                count=state.count,
                lines=state.lines,
                unit=state.unit,
                expected=f"every field that {_PLACE} names as item in every row; correct the name "
                "there, or fill in the field",
                before=state.example,
            )
        ]

    def _grader(self) -> tuple[Grader | None, str]:
        """The grader, or what is wrong with it; neither where there is nothing to look at."""
        definition: Any = self._training.method_options.get("grader")
        if self._training.method != "reinforcement" or definition is None:
            return None, ""
        if isinstance(definition, dict) and definition.get("type") not in _OWN:
            return None, ""
        from pitchpipe.service.http import ApiError
        from pitchpipe.service.protocol.graders import check_grader

        try:
            return check_grader(definition, _PLACE), ""
        except ApiError as error:
            place = error.body["error"]["param"] or _PLACE
            return None, str(error) if place in str(error) else f"{place}: {error}"


class _Plain(str):
    """A text that is shown as it is, without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)
