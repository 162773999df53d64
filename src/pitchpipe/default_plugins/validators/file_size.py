"""Whether the files are small enough to upload."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import pandas as pd

from pitchpipe.records import Finding, Severity
from pitchpipe.stages import Scope, Validator

Sizes = tuple[int, int]
"""Bytes of the training file and of the validation file."""


@dataclass(frozen=True)
class FileSize(Validator[Sizes]):
    """Finds files that are larger than the service takes.

    Attributes:
        most: bytes of a file; the API's specification gives 512 MB for a file.
    """

    scope: ClassVar[Scope] = "split"
    severity: ClassVar[Severity] = Severity.ERROR

    most: int = 512_000_000

    def start(self) -> Sizes:
        """No records."""
        return 0, 0

    def observe(self, state: Sizes, chunk: pd.DataFrame) -> Sizes:
        """Adds the chunk's records."""
        valid = int(chunk.loc[(chunk["split"] == "valid").to_numpy(), "bytes"].sum())
        return state[0] + int(chunk["bytes"].sum()) - valid, state[1] + valid

    def merge(self, a: Sizes, b: Sizes) -> Sizes:
        """The records of both."""
        return a[0] + b[0], a[1] + b[1]

    def conclude(self, state: Sizes) -> Sequence[Finding]:
        """An error for each file that is too large."""
        return [
            Finding(
                "file-size",
                Severity.ERROR,
                f"the {name} file would have {size:,} bytes",
                expected=f"at most {self.most:,} bytes, which is what the API takes; "
                "use fewer records, or shorter ones",
            )
            for name, size in zip(("training", "validation"), state, strict=True)
            if size > self.most
        ]
