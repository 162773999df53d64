"""The kinds of files that tables are read from, and the endings of names that promise them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from pitchpipe.tables.packing import PACKINGS

Kind = Literal["jsonl", "json", "csv", "tsv", "lines", "xlsx", "parquet"]

KINDS: tuple[Kind, ...] = get_args(Kind)

LABELS: Mapping[Kind, str] = {
    "jsonl": "JSON lines",
    "json": "one JSON document",
    "csv": "delimited text",
    "tsv": "tab-separated text",
    "lines": "lines of plain text",
    "xlsx": "an Excel workbook",
    "parquet": "Parquet data",
}

ENDINGS: Mapping[str, Kind] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".txt": "lines",
    ".text": "lines",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".jsonlines": "jsonl",
    ".ldjson": "jsonl",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".parquet": "parquet",
    ".pq": "parquet",
}

EXPECTED = "a name that ends with .csv, .tsv, .txt, .json, .jsonl (or any of these and " + (
    f"{', '.join(PACKINGS)}), .xlsx or .parquet"
)


@dataclass(frozen=True)
class Name:
    """What a file's name says.

    Attributes:
        stem: the name without its endings, for files made from it.
        ending: the ending that says the kind, in lower case; perhaps none.
        packing: the ending that says how it is compressed; None where it is not.
    """

    stem: str
    ending: str
    packing: str | None

    @classmethod
    def of(cls, path: Path) -> Name:
        """What the name of a file says."""
        packing = path.suffix.lower() if path.suffix.lower() in PACKINGS else None
        inner = path.with_suffix("") if packing else path
        return cls(inner.stem, inner.suffix.lower(), packing)

    @property
    def kind(self) -> Kind | None:
        """The kind that the ending promises."""
        return ENDINGS.get(self.ending)
