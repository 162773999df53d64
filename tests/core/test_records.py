from __future__ import annotations

import json
import math
from typing import Any

import pytest

from pitchpipe.errors import InvalidDataError, PitchpipeError, UnknownNameError, UsageError
from pitchpipe.records import (
    Contract,
    Finding,
    Fix,
    Job,
    Prediction,
    Severity,
    TrainingSpec,
)


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({}, "f.csv: r: odd."),
        ({"lines": (3,)}, "f.csv, line 3: r: odd."),
        ({"lines": (3, 5), "count": 9, "unit": "row"}, "f.csv, row 3, 5, ...: r: odd."),
        ({"expected": "even.", "before": "7"}, "f.csv: r: odd. Expected even. Example: 7."),
    ],
)
def test_a_finding_says_where_and_what(fields: dict[str, Any], line: str) -> None:
    finding = Finding("r", Severity.ERROR, "odd.", **fields)
    assert finding.describe("f.csv") == line


def test_a_finding_is_json_with_its_fix_in_words() -> None:
    fixed = Finding("r", Severity.NOTE, "m", lines=(1,), fix=Fix("mend it", lambda chunk: chunk))
    assert json.loads(json.dumps(fixed.to_json())) == {
        "rule": "r",
        "severity": "note",
        "message": "m",
        "count": 1,
        "lines": [1],
        "unit": "line",
        "expected": "",
        "before": "",
        "after": "",
        "fix": "mend it",
    }
    assert Finding("r", Severity.NOTE, "m").to_json()["fix"] is None


def test_a_contract_survives_json() -> None:
    contract = Contract("chat", "chat", {"system": "s"}, ("a", "b"), ("\n",), 4)
    assert Contract.from_json(json.loads(json.dumps(contract.to_json()))) == contract


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"n_epochs": 0}, "n_epochs must be from 1 to 50; found 0"),
        ({"batch_size": 257}, "batch_size must be from 1 to 256; found 257"),
        ({"seed": -1}, "seed must be from 0 to 2147483647; found -1"),
        ({"learning_rate_multiplier": 0.0}, "learning_rate_multiplier must be above 0"),
        ({"learning_rate_multiplier": math.nan}, "learning_rate_multiplier must be above 0"),
        ({"beta": math.inf}, "beta must be above 0; found inf"),
        ({"suffix": ""}, "suffix must have 1 to 64 characters; found 0"),
        ({"suffix": "x" * 65}, "suffix must have 1 to 64 characters; found 65"),
        ({"metadata": {"": "v"}}, "metadata ''"),
        ({"metadata": {"k": "v" * 513}}, "metadata 'k'"),
    ],
)
def test_figures_beyond_the_apis_limits_are_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TrainingSpec("m", **fields)


def test_figures_at_the_limits_are_taken() -> None:
    edge = {"n_epochs": 50, "batch_size": 256, "seed": 2**31 - 1, "suffix": "x" * 64}
    assert TrainingSpec("m", metadata={"k" * 64: "v" * 512}, **edge).seed == 2**31 - 1


@pytest.mark.parametrize(
    ("status", "done"),
    [
        ("succeeded", True),
        ("failed", True),
        ("cancelled", True),
        ("running", False),
        ("new", False),
    ],
)
def test_an_unknown_status_is_not_the_end(status: str, done: bool) -> None:
    assert Job("j", status, "m").done is done


def test_a_predictions_probability_is_that_of_the_token() -> None:
    got = Prediction(" a", alternatives=((" a", math.log(0.75)), (" b", math.log(0.25))))
    assert got.probability(" b") == pytest.approx(0.25)
    assert got.probability("b") == 0.0


def test_errors_are_readable_and_have_exit_codes() -> None:
    findings = [Finding("r", Severity.ERROR, "m"), Finding("s", Severity.ERROR, "n", lines=(2,))]
    error = InvalidDataError("f", findings)
    assert str(error) == "f: r: m.\nf, line 2: s: n."
    assert error.findings == tuple(findings)
    assert (PitchpipeError.exit_code, UsageError.exit_code, UnknownNameError.exit_code) == (1, 2, 2)
