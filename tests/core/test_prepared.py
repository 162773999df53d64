from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pitchpipe.errors import DataError
from pitchpipe.prepared import Outputs, load_manifest, manifest_of, save_manifest, sha256
from pitchpipe.records import Contract, Finding, Fix, PreparedData, Severity


def drop(chunk: pd.DataFrame) -> pd.DataFrame:
    return chunk.iloc[1:]


@pytest.fixture
def outputs(tmp_path: Path) -> Outputs:
    return Outputs.inside(tmp_path)


@pytest.fixture
def data(outputs: Outputs) -> PreparedData:
    outputs.train.write_text('{"prompt": "a"}\n', encoding="utf-8")
    outputs.valid.write_text('{"prompt": "b"}\n', encoding="utf-8")
    made = PreparedData(
        outputs.train,
        outputs.valid,
        1,
        1,
        Contract("completion", "completion", {"suffix": "."}, ("neg", "pos"), ("\n",), 3),
        (
            Finding("r", Severity.WARNING, "m", 2, (1, 4), fix=Fix("drop 2 rows", drop)),
            Finding("s", Severity.NOTE, "n"),
        ),
        ("a note",),
    )
    save_manifest(made, outputs.manifest)
    return made


def test_a_manifest_says_what_the_files_are(data: PreparedData, outputs: Outputs) -> None:
    loaded = load_manifest(outputs.manifest)
    assert loaded is not None
    fix = loaded.findings[0].fix
    assert fix is not None
    assert fix.description == "drop 2 rows"
    rows = pd.DataFrame({"a": [1, 2]})
    assert pickle.loads(pickle.dumps(fix)).apply(rows).equals(rows), "the files are fixed already"
    findings = (replace(loaded.findings[0], fix=data.findings[0].fix), loaded.findings[1])
    assert replace(loaded, findings=findings) == data


def test_without_validation_records_there_is_no_file(data: PreparedData, outputs: Outputs) -> None:
    alone = replace(data, valid=None, valid_rows=0)
    save_manifest(alone, outputs.manifest)
    loaded = load_manifest(outputs.manifest)
    assert loaded is not None
    assert (loaded.valid, loaded.valid_rows) == (None, 0)


@pytest.mark.parametrize("side", ["train", "valid"])
@pytest.mark.parametrize("change", ["gone", "other"])
@pytest.mark.usefixtures("data")
def test_files_that_have_changed_are_not_those(outputs: Outputs, side: str, change: str) -> None:
    path: Path = getattr(outputs, side)
    if change == "gone":
        path.unlink()
    else:
        path.write_text("{}\n", encoding="utf-8")
    assert load_manifest(outputs.manifest) is None


def test_the_folder_can_be_moved(data: PreparedData, outputs: Outputs, tmp_path: Path) -> None:
    moved = tmp_path / "moved"
    moved.mkdir()
    for path in (outputs.train, outputs.valid, outputs.manifest):
        path.rename(moved / path.name)
    loaded = load_manifest(moved / outputs.manifest.name)
    assert loaded is not None
    assert loaded.train == moved / "train.jsonl"


def test_no_manifest_is_none(outputs: Outputs) -> None:
    assert load_manifest(outputs.manifest) is None


@pytest.mark.parametrize(
    "edit",
    [
        lambda m: [],
        lambda m: {},
        lambda m: {**m, "contract": {}},
        lambda m: {**m, "train": {"file": 3}},
        lambda m: {**m, "findings": [{**m["findings"][0], "severity": "loud"}]},
        lambda m: {**m, "findings": [{**m["findings"][0], "colour": "red"}]},
    ],
)
@pytest.mark.usefixtures("data")
def test_a_damaged_manifest_is_named(outputs: Outputs, edit: Any) -> None:
    manifest = json.loads(outputs.manifest.read_text(encoding="utf-8"))
    outputs.manifest.write_text(json.dumps(edit(manifest)), encoding="utf-8")
    with pytest.raises(DataError, match=r"manifest\.json: not a manifest .* prepare again"):
        load_manifest(outputs.manifest)


def test_a_manifest_that_cannot_be_read_is_named(outputs: Outputs, tmp_path: Path) -> None:
    outputs.manifest.write_bytes(b"\xff")
    with pytest.raises(DataError, match="not a manifest"):
        load_manifest(outputs.manifest)
    with pytest.raises(DataError, match="cannot be read: Is a directory"):
        load_manifest(tmp_path)


def test_the_manifest_lies_beside_the_training_file(tmp_path: Path) -> None:
    for outputs in (Outputs.inside(tmp_path), Outputs.beside(tmp_path, "films")):
        assert manifest_of(outputs.train) == outputs.manifest
    assert Outputs.beside(tmp_path, "films").valid.name == "films_prepared_valid.jsonl"


def test_the_digest_is_of_the_bytes(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"abc")
    assert sha256(path).startswith("ba7816bf8f01cfea414140de5dae2223")
