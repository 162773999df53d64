"""Rules that look at the job, whatever the rows are."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import pandas as pd

from pitchpipe.default_plugins.validators._fields import FormatAware
from pitchpipe.records import Finding


class JobRule(FormatAware[None]):
    """A rule that sees every row and looks at none."""

    def start(self) -> None:
        """Nothing."""

    def observe(self, state: None, chunk: pd.DataFrame) -> None:
        """Nothing."""

    def merge(self, a: None, b: None) -> None:
        """Nothing."""

    def conclude(self, state: None) -> Sequence[Finding]:
        """What is wrong with the job."""
        del state
        return self._findings()

    @abstractmethod
    def _findings(self) -> list[Finding]:
        """What is wrong with the job."""
