"""What reading a table loses is an error of a rule, which names lines and keys; not silence."""

from __future__ import annotations

import json
import math

import pandas as pd
import pytest

from pitchpipe.cli import main
from pitchpipe.errors import DataError, InvalidDataError
from pitchpipe.pipeline import Pipeline

TWICE = '{"messages":[{"role":"user","content":"a %d","content":"b %d"},%s]}'
ANSWER = '{"role":"assistant","content":"ok %d"}'


def write(path, odd=(), beside="1"):
    """Twenty conversations; some have a key twice, and something beside their messages."""
    lines = []
    for n in range(20):
        once = {"messages": [{"role": "user", "content": f"q {n}"}]}
        line = TWICE % (n, n, ANSWER % n) if n in odd else json.dumps(once)
        line = line if n in odd else f"{line[:-2]},{ANSWER % n}]}}"
        lines.append(f'{line[:-1]},"score":{beside if n == 5 else n}}}')
    text = "\n".join(lines) if path.suffix == ".jsonl" else f"[{','.join(lines)}]"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(("name", "unit"), [("a.jsonl", "line"), ("a.json", "record")])
@pytest.mark.parametrize("chunk_rows", [1, 3, 100])
def test_duplicate_keys_are_told_all_at_once(tmp_path, name, unit, chunk_rows) -> None:
    path = write(tmp_path / name, odd=(3, 4, 17))
    pipeline = Pipeline.from_config({"data": {"chunk_rows": chunk_rows}})
    with pytest.raises(InvalidDataError) as caught:
        pipeline.prepare(path, tmp_path / "out")
    [finding] = [f for f in caught.value.findings if f.rule == "duplicate-keys"]
    assert (finding.count, finding.lines, finding.unit) == (3, (4, 5, 18), unit)
    assert finding.message.endswith(": messages[0].content")
    assert finding.before == 'messages[0].content: "a 3", "b 3"'


def test_what_the_message_advises_trains_on_the_last(tmp_path, capsys) -> None:
    path = write(tmp_path / "a.jsonl", odd=range(20))
    words = ["prepare", str(path), "-q", "--model", "gpt-4o-mini"]
    assert main(words) == 1
    said = capsys.readouterr().err
    assert "or pass --ignore duplicate-keys to train on the last" in said
    assert main([*words, "--ignore", "duplicate-keys"]) == 0
    records = (tmp_path / "a_prepared_train.jsonl").read_text("utf-8").splitlines()
    asked = {json.loads(record)["messages"][0]["content"][:2] for record in records}
    assert asked == {"b "}


@pytest.mark.parametrize("beside", ["1e999", "-1e999", "[1, 1e-999]", "-Infinity", "9" * 5000])
@pytest.mark.parametrize("name", ["a.jsonl", "a.json"])
def test_numbers_out_of_range_are_told(tmp_path, name, beside) -> None:
    with pytest.raises(InvalidDataError) as caught:
        Pipeline().prepare(write(tmp_path / name, beside=beside), tmp_path / "out")
    [finding] = [f for f in caught.value.findings if f.rule == "number-range"]
    assert (finding.count, finding.lines) == (1, (6,))
    assert finding.before.startswith("score")


@pytest.mark.parametrize("profile", ["article", "legacy"])
@pytest.mark.parametrize("where", ["prompt", "completion", "more"])
def test_infinite_numbers_of_other_tables_are_told(tmp_path, profile, where) -> None:
    rows = [{"prompt": f"q {n}", "completion": f"a {n}", "more": 0.5} for n in range(20)]
    rows[7][where] = math.inf
    pipeline = Pipeline.from_config({"data": {"profile": profile}})
    with pytest.raises(InvalidDataError) as caught:
        pipeline.prepare(pd.DataFrame(rows), tmp_path)
    [finding] = [f for f in caught.value.findings if f.rule == "number-range"]
    assert (finding.lines, finding.before) == ((8,), f"{where}: inf")


def test_legacy_takes_the_last_as_the_old_tool_did(tmp_path) -> None:
    path = tmp_path / "a.jsonl"
    lines = [
        f'{{"prompt": "a {n}", "prompt": "b {n} ->", "completion": " c {n}\\n"}}' for n in range(20)
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    prepared = Pipeline.from_config({"data": {"profile": "legacy"}}).prepare(path, tmp_path / "o")
    assert '"b 3 ->"' in prepared.train.read_text("utf-8").replace('":"', '": "')


def test_predictions_and_conversions_refuse_such_rows_too(tmp_path) -> None:
    from pitchpipe.tables import open_table

    with pytest.raises(DataError, match=r"line 4 \(1 of 2 such values\): messages\[0\]\.content"):
        list(open_table(write(tmp_path / "a.jsonl", odd=(3, 4))).chunks())
