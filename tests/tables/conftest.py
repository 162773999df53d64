from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pitchpipe.tables import Table, frame_to_records


@pytest.fixture
def save(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    """Writes a file of that name and content, and gives its path."""

    def write(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.fixture(scope="session")
def records_of() -> Callable[[Table], list[dict[str, object]]]:
    """All records of a table, without what is missing."""

    def read(table: Table) -> list[dict[str, object]]:
        return [record for chunk in table.chunks() for record in frame_to_records(chunk)]

    return read


@pytest.fixture(scope="session")
def places_of() -> Callable[[Table], list[int]]:
    """Where all records of a table start."""

    def read(table: Table) -> list[int]:
        return [int(place) for chunk in table.chunks() for place in chunk.index]

    return read
