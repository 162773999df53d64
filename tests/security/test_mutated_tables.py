"""Files of every kind with flipped bits, cut, and with repeated parts, in bounded memory.

``PITCHPIPE_FUZZ_EXAMPLES`` sets how many there are of each kind.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import subprocess
import sys
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

EXAMPLES = int(os.environ.get("PITCHPIPE_FUZZ_EXAMPLES", "150"))
MEMORY = 6 << 30
RECORDS = [
    {"prompt": f'question "{n}", and\nmore', "completion": "yn"[n % 2], "n": n} for n in range(60)
]

_CHILD = """
import contextlib, io, os, random, resource, sys, warnings
from pathlib import Path
from pitchpipe.cli import main

warnings.simplefilter("ignore")
name, examples, memory = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
whole = Path(name).read_bytes()
draw = random.Random(name)
for number in range(examples):
    data = bytearray(whole)
    for _ in range(draw.randint(1, 3)):
        at, to = sorted(draw.randrange(len(data) + 1) for _ in range(2))
        to = min(to, at + draw.choice([1, 8, 400]))
        change = draw.randrange(6)
        if change == 0 and data:
            data[at % len(data)] ^= 1 << draw.randrange(8)
        elif change == 1:
            data = data[:at] or data
        elif change == 2:
            data[at:at] = data[at:to] * draw.choice([1, 3, 50])
        elif change == 3:
            del data[at:to]
        elif change == 4:
            data[at:to] = draw.randbytes(to - at)
        else:
            data[at:to] = b"\\xff" * (to - at)
    Path(f"mutated-{name}").write_bytes(data)
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = main(
            ["prepare", f"mutated-{name}", "-q", "--dry-run", "--set", "engine.workers=1"]
            + (["--profile", "legacy"] if number % 3 == 0 else [])
        )
    told = said.getvalue()
    if code not in (0, 1) or "unexpected " in told or "Traceback" in told:
        sys.exit(f"{name}, mutation {number}: exit {code}: {told[-500:]}")
    if code == 1 and f"mutated-{name}" not in told:
        sys.exit(f"{name}, mutation {number} is refused without its name: {told[-500:]}")
"""


def _files() -> dict[str, bytes]:
    book, sheet, out = openpyxl.Workbook(), io.BytesIO(), io.BytesIO()
    active = book.active
    assert active is not None
    active.append(list(RECORDS[0]))
    for record in RECORDS:
        active.append(list(record.values()))
    book.save(sheet)
    table = pa.Table.from_pylist([{**r, "l": [{"a": r["prompt"]}]} for r in RECORDS])
    pq.write_table(table, out, compression="zstd")
    plain = io.BytesIO()
    pq.write_table(table, plain, compression="none", use_dictionary=False)
    rows = [list(map(str, record.values())) for record in RECORDS]
    quoted = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    csv = "\n".join(["prompt,completion,n", *quoted, ""]).encode()
    jsonl = "".join(json.dumps(record) + "\n" for record in RECORDS).encode()
    return {
        "t.csv": csv,
        "t.jsonl": jsonl,
        "t.json": json.dumps(RECORDS, indent=1).encode(),
        "t.xlsx": sheet.getvalue(),
        "t.parquet": out.getvalue(),
        "plain.parquet": plain.getvalue(),
        "t.csv.gz": gzip.compress(csv, mtime=0),
        "t.jsonl.bz2": bz2.compress(jsonl),
        "t.csv.xz": lzma.compress(csv),
        "utf16.csv": csv.decode().encode("utf-16"),
    }


@pytest.mark.parametrize("name", _files())
def test_mutations_end_well_or_are_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(_files()[name])
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, name, str(EXAMPLES), str(MEMORY)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
