"""What a job will take: tokens, epochs, dollars and time, before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import orjson

from pitchpipe.errors import DataError
from pitchpipe.tokens import DEFAULT_ENCODING, count_records

OFFLINE_RECORDS_A_SECOND = 6_000
"""What the offline service's default learner gets through, measured on two cores."""

_WHOLE = 2 * 2**20
_PARTS = 64
_PART = _WHOLE // _PARTS


@dataclass(frozen=True)
class TokenCount:
    """The tokens of a file.

    Attributes:
        tokens: how many.
        sample: of how many records they were counted; None for all.
        encoding: the model's own; None where it is not known.
    """

    tokens: int
    sample: int | None
    encoding: str | None

    def __str__(self) -> str:
        how = "exactly"
        if self.sample is not None:
            how += f" in {self.sample:,} records spread over the file, and scaled"
        if self.encoding is None:
            how += f", in {DEFAULT_ENCODING}: the model's encoding is not known"
        return f"tokens counted {how}"


def auto_epochs(n_epochs: int | Literal["auto"], rows: int) -> int:
    """The epochs that ``auto`` comes to for so many records.

    Three, but more for less than 34 records (up to 25) and fewer for more than 8,333: the rule
    that the service used to publish with its data checks.
    """
    if n_epochs != "auto":
        return n_epochs
    rows = max(1, rows)
    if 3 * rows < 100:
        return min(25, 100 // rows)
    if 3 * rows > 25_000:
        return max(1, 25_000 // rows)
    return 3


def count_tokens(path: Path, encoding: str | None = None) -> TokenCount:
    """The tokens that the records of a JSONL file hold.

    Up to 2 MiB are counted whole. Of more, 64 parts of 32 KiB or one record, spread evenly over the
    file, are, and the rest is taken to have as many a byte.

    Args:
        path: the file.
        encoding: of the tokens; None where it is not known, for o200k_base.

    Raises:
        DataError: a line is not a JSON object; names it.
    """
    size = path.stat().st_size
    whole = size <= _WHOLE
    lines = list(_all_lines(path) if whole else _some_lines(path, size))
    records = [_parsed(path, number, line) for number, line in lines]
    tokens = sum(count_records(records, encoding or DEFAULT_ENCODING))
    if whole or not lines:
        return TokenCount(tokens, None, encoding)
    read = sum(len(line) + 1 for _, line in lines)
    return TokenCount(round(tokens * size / read), len(lines), encoding)


def seconds_of(rows: int, epochs: int) -> float:
    """What the offline service takes to train on so many records, in seconds."""
    return rows * epochs / OFFLINE_RECORDS_A_SECOND


def _all_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
        if line.strip():
            yield number, line


def _some_lines(path: Path, size: int) -> Iterator[tuple[int, bytes]]:
    with path.open("rb") as stream:
        for part in range(_PARTS):
            offset = size * part // _PARTS
            if offset < stream.tell():
                continue  # a long record that was read before
            if offset:
                stream.seek(offset - 1)
                stream.readline()  # the rest of a line that begins before
            end = stream.tell() + _PART
            while stream.tell() < end and (line := stream.readline()):
                if line.strip():
                    yield 0, line.removesuffix(b"\n")


def _parsed(path: Path, number: int, line: bytes) -> dict[str, object]:
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        where = f"{path}, line {number}" if number else str(path)
        raise DataError(f"{where}: expected a JSON object; {error}.") from None
    return record if isinstance(record, dict) else {"": record}
