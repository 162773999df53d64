"""What a JSON text says and its values cannot hold is told, wherever it is, and nothing else is."""

from __future__ import annotations

import json
import math
import pickle

import orjson
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pitchpipe.errors import DataError
from pitchpipe.tables import open_table
from pitchpipe.tables.faults import faults_of, is_lossless

quick = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

TEXTS = st.text(st.sampled_from('ab":,\\ {}null0.e-13\u00e9\n'), max_size=6)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
RECORDS = st.dictionaries(TEXTS, VALUES, min_size=1, max_size=4)

BEYOND = ["1e999", "-1e999", "1e-999", "-2.5E-400", "1" + "0" * 400, "9" * 5000, "1" * 310 + ".5"]
BEYOND += ["0." + "0" * 400 + "1", "Infinity", "-Infinity"]


def faults(path, chunk_rows=10_000):
    """Those that each way to read the records finds, which are the same."""
    table = open_table(path, chunk_rows=chunk_rows)
    segments = [pickle.loads(pickle.dumps(segment)) for segment in table.segments()]
    chunks = [chunk for segment in segments for chunk in segment.chunks()]
    found = [fault for chunk in pickle.loads(pickle.dumps(chunks)) for fault in faults_of(chunk)]
    assert found == [fault for chunk in table.chunks(faulty=True) for fault in faults_of(chunk)]
    return found


def spelled(value, draw):
    """A value as JSON, with blanks, escapes and exponents of all kinds."""
    blank = draw(st.sampled_from(["", "", " ", "\t"]))
    if isinstance(value, dict):
        inner = f",{blank}".join(
            f"{spelled(k, draw)}{blank}:{spelled(v, draw)}" for k, v in value.items()
        )
        return f"{{{blank}{inner}}}"
    if isinstance(value, list):
        return f"[{','.join(spelled(item, draw) for item in value)}{blank}]"
    if isinstance(value, str) and draw(st.booleans()):
        return '"' + "".join(f"\\u{ord(letter):04x}" for letter in value) + '"'
    return json.dumps(value, ensure_ascii=draw(st.booleans()))


@quick
@given(data=st.data(), records=st.lists(RECORDS, min_size=1, max_size=4))
def test_records_without_faults_have_none(tmp_path, data, records):
    (tmp_path / "a.jsonl").write_text("\n".join(spelled(r, data.draw) for r in records))
    assert not faults(tmp_path / "a.jsonl", 2)


@quick
@given(
    data=st.data(),
    records=st.lists(RECORDS, min_size=1, max_size=4),
    key=TEXTS,
    values=st.tuples(VALUES, VALUES),
    depth=st.integers(0, 3),
)
@example(data=None, records=[{"x": 1}, {"y": 2}], key="a\\", values=("no: ", '\\":'), depth=1)
def test_a_key_that_comes_again_is_found(tmp_path, data, records, key, values, depth):
    write = json.dumps if data is None else lambda value: spelled(value, data.draw)
    twice = f"{{{write(key)}:{write(values[0])},{write(key)} :{write(values[1])}}}"
    for _ in range(depth):
        twice = f'{{"in": [{twice}]}}'
    (tmp_path / "a.jsonl").write_text("\n".join([*map(write, records), twice, '{"z": 0}']))
    [fault] = faults(tmp_path / "a.jsonl", 2)
    assert (fault.rule, fault.locator) == ("duplicate-keys", len(records) + 1)
    assert fault.path == "in[0]." * depth + (key if key.strip() else repr(key))


@pytest.mark.parametrize("literal", BEYOND)
@pytest.mark.parametrize("name", ["a.jsonl", "a.json"])
def test_a_number_that_no_float_holds_is_found(tmp_path, literal, name):
    lines = ['{"a": 0.0}', f'{{"a": 0, "b": [{{"c": {literal}}}]}}', '{"a": 1e-9}']
    text = "\n".join(lines) if name == "a.jsonl" else f"[{','.join(lines)}]"
    (tmp_path / name).write_text(text)
    [fault] = faults(tmp_path / name)
    assert (fault.rule, fault.locator, fault.path) == ("number-range", 2, "b[0].c")
    assert fault.found[:40] == literal[:40]
    [chunk] = open_table(tmp_path / name).chunks(faulty=True)
    [number] = [row[0]["c"] for row in chunk["b"] if row]
    assert type(number) is float
    assert math.isinf(number) or number == 0


@pytest.mark.parametrize("literal", ["0e999", "-0.0", "1e-300", "1.7e308", str(2**80), "5e-324"])
def test_other_numbers_are_kept(tmp_path, literal):
    (tmp_path / "a.jsonl").write_text(f'{{"a": [{literal}, 0.0]}}\n')
    assert not faults(tmp_path / "a.jsonl")
    [chunk] = open_table(tmp_path / "a.jsonl").chunks()
    assert chunk["a"][1][0] == json.loads(literal)


def test_every_fault_of_a_file_is_told_with_its_place(tmp_path):
    lines = ['{"a": {"b": 1, "b": 2}, "a": {"c": 1, "c": 2}}', "", '{"d": 1e999, "d": "x"}'] * 3
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    found = [(fault.locator, fault.path, fault.found) for fault in faults(tmp_path / "a.jsonl", 2)]
    assert found == [
        one
        for line in (1, 4, 7)
        for one in (
            (line, "a", '{"b": 2}, {"c": 2}'),
            (line, "a.c", "1, 2"),
            (line + 2, "d", '"1e999", "x"'),
        )
    ]


def test_who_has_no_validators_gets_an_error(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"a": 1}\n{"a": 1, "a": 2}\n{"a": 1e999}\n')
    with pytest.raises(DataError, match=r"a\.jsonl: line 2 \(1 of 2 such values\): a comes more"):
        list(open_table(path).chunks())


@pytest.mark.parametrize(
    "text",
    [
        '{"rows": [{"a": 1}], "rows": [{"a": 2}]}',
        '{"a": ["x"], "a": ["y"], "b": ["z"]}',
        '{"a": {"0": "x"}, "b": {"0": "y", "0": "z"}}',
    ],
)
def test_a_repeated_key_around_the_records_is_an_error(tmp_path, text):
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(DataError, match=r"the key '.+' comes more than once in the object"):
        open_table(path)


def test_secret_keys_are_not_shown(tmp_path):
    secret = "sk-" + "a1B2" * 10
    (tmp_path / "a.jsonl").write_text(f'{{"a": "{secret}", "a": 1}}\n')
    [fault] = faults(tmp_path / "a.jsonl")
    assert secret[:20] not in fault.found


def test_faults_go_with_their_rows(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"a": 1, "a": 2}\n{"a": 3}\n{"a": 4, "a": 5}\n')
    [chunk] = open_table(tmp_path / "a.jsonl").chunks(faulty=True)
    assert [fault.locator for fault in faults_of(chunk.iloc[1:])] == [3]
    assert not faults_of(pd.DataFrame({"a": [1]}))


@quick
@given(record=RECORDS)
def test_what_one_parser_writes_another_finds_whole(record):
    try:
        data = orjson.dumps(record)
    except TypeError:
        return
    if b"u003" not in data and b"e-" not in data and b"null" not in data and b"0" * 300 not in data:
        assert is_lossless(data, orjson.loads(data))
