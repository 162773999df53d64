"""No client writes a line of the log, or makes one without bounds."""

from __future__ import annotations

import json
import logging
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitchpipe.service.server.keys import KeyFile
from pitchpipe.service.server.logs import JsonFormatter, TextFormatter
from pitchpipe.service.server.loopback import serve
from pitchpipe.service.service import Service
from raw_http import RawClient

FORGED = "2026-01-01T00:00:00.000Z info    GET /v1/models 200"


def record(message, error=None, **more):
    caught = None
    if error is not None:
        try:
            raise error
        except type(error):
            caught = sys.exc_info()
    made = logging.LogRecord("pitchpipe.access", logging.INFO, "f.py", 1, "%s", (message,), caught)
    vars(made).update(more)
    return made


@pytest.mark.parametrize(
    "sign", ["\n", "\r", "\r\n", "\x0b", "\x85", "\u2028", "\x1b[2J", "\u202e", "\0", "\ud800"]
)
def test_signs_that_a_terminal_obeys_are_escaped(sign):
    for formatter in (TextFormatter(), JsonFormatter()):
        text = formatter.format(record(f"GET /x{sign}{FORGED} 404", path=f"/x{sign}{FORGED}"))
        assert sign not in text
        assert len(text.splitlines()) == 1


@given(st.text())
def test_whatever_a_client_writes_is_one_line_of_printable_signs(text):
    line = TextFormatter().format(record(text))
    assert line.isprintable()
    assert JsonFormatter().format(record(text, path=text)).isprintable()
    if len(text) < 1000:
        assert json.loads(JsonFormatter().format(record(text)))["message"] == text


@given(st.text(max_size=200))
def test_no_line_of_a_traceback_looks_like_a_line_of_the_log(text):
    lines = TextFormatter().format(record("oh", ValueError(f"{text}\n{FORGED}\x1b[2J"))).split("\n")
    assert all(line.startswith("  ") for line in lines[1:])
    assert all(line.isprintable() for line in lines)


def test_lines_have_an_end():
    long = "x" * 10_000_000
    for formatter in (TextFormatter(), JsonFormatter()):
        text = formatter.format(record(long, ValueError(long), path=long, method=long))
        assert len(text) < 30_000


def test_a_request_is_one_short_line_whatever_it_asks_for(caplog):
    service = Service()
    with caplog.at_level(logging.INFO), serve(service) as url:
        for path in (
            f"/v1/{'x' * 50_000}",
            f"/v1/x%0A%0D{FORGED.replace(' ', '%20')}%1b[2J",
            "/\\n",
        ):
            with RawClient(url) as client:
                assert client.get(path)[0] == 404
    service.close()
    records = [found for found in caplog.records if found.name == "pitchpipe.access"]
    lines = [TextFormatter().format(found) for found in records]
    lines += [JsonFormatter().format(found) for found in records]
    assert len(lines) == 6
    assert all(line.isprintable() and len(line) < 5000 for line in lines)


@pytest.mark.parametrize(
    "lines",
    [
        ["Authorization: Bearer \xe4\xf6\xfc"],
        ["Authorization: Bearer \xc3\xa4\xe2\x82\xac"],
        ["Authorization: \xff\xfe"],
        ["Authorization: Bearer"],
        ["Authorization: Bearer   "],
        ["Authorization: Basic eDp5"],
        ["api-key: \xe4"],
        [f"Authorization: Bearer {'k' * 50_000}"],
        ["Authorization: Bearer a", "Authorization: Bearer b"],
    ],
)
def test_what_is_no_key_is_answered_401_and_not_logged(lines, tmp_path, caplog):
    keys = KeyFile(tmp_path / "keys")
    keys.add("ann")
    service = Service()
    with caplog.at_level(logging.DEBUG), serve(service, keys=keys) as url:
        for path in ("/v1/models", "/_pitchpipe/state", "/metrics"):
            with RawClient(url) as client:
                assert client.get(path, *lines)[0] == 401
    service.close()
    written = " ".join(str(vars(found)) for found in caplog.records if found.name != "asyncio")
    assert "kkk" not in written
    assert "\xe4" not in written


def test_a_damaged_key_file_lets_nobody_in_and_says_why_in_the_log(tmp_path, caplog):
    path = tmp_path / "keys"
    keys = KeyFile(path)
    key = keys.add("ann")
    service = Service()
    with serve(service, keys=keys) as url:
        path.write_text("damaged by hand\n")
        for _ in range(30):
            with RawClient(url) as client:
                status, _, answer = client.get("/v1/models", f"Authorization: Bearer {key}")
                assert (status, answer["error"]["type"]) == (503, "server_error")
                assert str(path) not in answer["error"]["message"]
    service.close()
    told = [found.getMessage() for found in caplog.records if found.levelno >= logging.WARNING]
    assert all("keys, line 1" in text for text in told)
    assert 0 < len(told) < 5
