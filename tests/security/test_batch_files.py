"""A batch's file costs its length, and its errors cost next to nothing."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostile import ask
from pitchpipe.service.engine import batch_files
from pitchpipe.service.engine.batch_files import MAX_ERRORS, check, lines
from pitchpipe.service.service import Service

PATH = "/v1/completions"
Run = Callable[[bytes], Any]


def line(custom_id: Any = "r", **change: Any) -> bytes:
    body = {"model": "davinci-002", "prompt": "x", "temperature": 0}
    request = {"custom_id": custom_id, "method": "POST", "url": PATH, "body": body}
    return json.dumps(request | change).encode() + b"\n"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    service = Service(tmp_path, seed=0)
    yield service
    service.close()


@pytest.fixture
def run(service: Service) -> Run:
    """Makes a batch of a file and looks at it until it has ended."""

    def until_its_end(content: bytes) -> Any:
        part = b'--b\r\ncontent-disposition: form-data; name="%b"%b\r\n\r\n%b\r\n'
        form = part % (b"purpose", b"", b"batch") + part % (b"file", b';filename="f"', content)
        kind = "multipart/form-data; boundary=b"
        _, file = ask(service, "POST", "/v1/files", form + b"--b--", kind)
        body = {"input_file_id": file["id"], "endpoint": PATH, "completion_window": "24h"}
        _, batch = ask(service, "POST", "/v1/batches", json.dumps(body).encode())
        for _ in range(10):
            _, batch = ask(service, "GET", f"/v1/batches/{batch['id']}")
            if batch["status"] in ("completed", "failed"):
                return batch
        raise AssertionError(batch)

    return until_its_end


def test_errors_are_few_whatever_the_file(service: Service, run: Run, tmp_path: Path) -> None:
    for content in (b"x\n" * 500_000, line("i" * 100_000) * 50):
        batch = run(content)
        errors = batch["errors"]["data"]
        assert len(errors) == MAX_ERRORS + 1
        assert errors[-1]["code"] == "too_many_errors"
        assert "was not checked" in errors[-1]["message"]
        assert len(json.dumps(batch)) < 10_000
    _, listed = ask(service, "GET", "/v1/batches")
    assert len(json.dumps(listed)) < 20_000
    kept = sum(path.stat().st_size for path in tmp_path.glob("service.sqlite3*"))
    assert kept < 1_000_000


def test_checking_stops_at_the_last_error_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    read = []
    parse = batch_files.parse
    monkeypatch.setattr(
        batch_files, "parse", lambda text, endpoint: read.append(text) or parse(text, endpoint)
    )
    check(b"x\n" * 10_000, PATH)
    assert len(read) == MAX_ERRORS + 1


@pytest.mark.parametrize("blank", [b"\n", b" \n", b"\r\n", b" "])
def test_blank_lines_cost_nothing(blank: bytes) -> None:
    content = blank * 5_000_000 + line()
    tracemalloc.start()
    try:
        (found,) = lines(content)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
    assert found[0] == 1 + 5_000_000 * blank.count(b"\n")


@given(st.lists(st.sampled_from([b"", b" ", b"a", b" b ", b"\r", b"\x85", b"\x00"]), max_size=8))
def test_lines_are_those_that_are_not_blank(texts: list[bytes]) -> None:
    expected = [(n, text.lstrip()) for n, text in enumerate(texts, 1) if text.strip()]
    assert list(lines(b"\n".join(texts))) == expected


@pytest.mark.parametrize(
    ("content", "code", "message"),
    [
        (line(""), "missing_required_parameter", "Missing required parameter: 'custom_id'."),
        (line(None), "missing_required_parameter", "Missing required parameter: 'custom_id'."),
        (line(7), "missing_required_parameter", "invalid parameter: 'custom_id'"),
        (line([[]]), "missing_required_parameter", "invalid parameter: 'custom_id'"),
        (line(body=None), "missing_required_parameter", "'body'"),
        (line(body=[]), "missing_required_parameter", "'body'"),
        (b"\xef\xbb\xbf" + line(), "invalid_json_line", "byte order mark"),
        (line().decode().encode("utf-16"), "invalid_json_line", "not parseable"),
        (line(x="\ud800"), "invalid_json_line", "surrogate"),
        (b"[" * 100_000, "invalid_json_line", "nested 100000 levels deep"),
        (line()[:-2] + b',"url":"x"}', "invalid_json_line", 'the key "url" twice'),
        (line(x=0).replace(b": 0}", b": 1e400}"), "invalid_json_line", "not parseable"),
        (line(x=0).replace(b": 0}", b": NaN}"), "invalid_json_line", "not parseable"),
        (b"\x00" * 100, "invalid_json_line", "not parseable"),
        (b" \n\r\n\t\n", "empty_file", "no requests"),
    ],
)
def test_what_is_refused(run: Run, content: bytes, code: str, message: str) -> None:
    batch = run(content)
    assert batch["status"] == "failed"
    error = batch["errors"]["data"][0]
    assert (error["code"], message in error["message"]) == (code, True), error


def test_the_line_of_an_error_counts_blank_lines(run: Run) -> None:
    batch = run(b"\n\n" + line("a") + b"\n" + line("a"))
    (error,) = batch["errors"]["data"]
    assert (error["code"], error["line"], error["param"]) == ("duplicate_custom_id", 5, "custom_id")


def test_a_file_beyond_the_limit_is_not_read(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_files, "MAX_BYTES", 100)
    batch = run(line("a") + line("b"))
    assert batch["status"] == "failed"
    assert "at most 100" in batch["errors"]["data"][0]["message"]


def test_requests_beyond_the_model_fail_by_themselves(service: Service, run: Run) -> None:
    body = {"model": "davinci-002", "prompt": "x", "max_tokens": 1_000_000}
    batch = run(line("good") + line("long", body=body) + line("deep", body={"model": [[[]]]}))
    assert batch["status"] == "completed"
    counts = batch["request_counts"]
    assert (counts["completed"], counts["failed"]) == (1, 2)
    _, content = ask(service, "GET", f"/v1/files/{batch['error_file_id']}/content")
    long, deep = (json.loads(text)["response"] for text in content.splitlines())
    assert long["body"]["error"]["message"] == (
        "max_tokens is too large: 1000000. This model supports at most 16384 completion tokens, "
        "whereas you provided 1000000."
    )
    assert (long["status_code"], deep["status_code"]) == (400, 400)
