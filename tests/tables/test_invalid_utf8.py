"""Bytes that are no UTF-8 are told by line and offset, whatever the kind of file."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pitchpipe.errors import DataError
from pitchpipe.tables import open_table

LINES = {
    "csv": lambda texts: ["prompt,completion", *(f"{text},x" for text in texts)],
    "tsv": lambda texts: ["prompt\tcompletion", *(f"{text}\tx" for text in texts)],
    "txt": lambda texts: texts,
    "jsonl": lambda texts: [orjson.dumps({"prompt": text}).decode() for text in texts],
    "json": lambda texts: ["[", *(f'"{text}",' for text in texts), '""]'],
}


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("kind", LINES)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(st.text("aé\u2019\U0001f600", min_size=1, max_size=9), min_size=1),
    bad=st.sampled_from([b"\xff", b"\xc0", b"\x80", b"\xe2\x80", b"\xed\xa0\x80"]),
    data=st.data(),
)
def test_the_first_such_byte_is_told_by_line_and_offset(
    tmp_path: Path, zipped: bool, kind: str, texts: list[str], bad: bytes, data: st.DataObject
) -> None:
    lines = LINES[kind](texts)
    content = "\n".join([*lines, ""]).encode()
    at = data.draw(st.integers(len(lines[0].encode()), len(content)))
    content = content[:at] + bad + content[at:]
    with pytest.raises(UnicodeDecodeError) as wrong:
        content.decode()
    start = wrong.value.start
    path = tmp_path / f"table.{kind}{'.gz' * zipped}"
    path.write_bytes(gzip.compress(content) if zipped else content)
    says = (
        f"line {content[:start].count(10) + 1}: the byte 0x{content[start]:02X} at offset {start} "
    )
    with pytest.raises(DataError, match=re.escape(says)):
        list(open_table(path).chunks())
