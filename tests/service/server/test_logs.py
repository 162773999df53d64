from __future__ import annotations

import json
import logging
import sys

import pytest

from pitchpipe.service.server.logs import JsonFormatter, TextFormatter, log_to_stderr


def record(message="GET %s", *words, error=None, **more):
    try:
        if error:
            raise error
        caught = None
    except ValueError:
        caught = sys.exc_info()
    made = logging.LogRecord("pitchpipe.access", logging.INFO, "f.py", 1, message, words, caught)
    made.created = 1_700_000_000.25
    vars(made).update(more)
    return made


def test_a_line_of_json_has_all_that_the_record_carries():
    line = json.loads(JsonFormatter().format(record("GET %s", "/é\n", status=200, key="ann")))
    assert line == {
        "time": "2023-11-14T22:13:20.250Z",
        "level": "info",
        "logger": "pitchpipe.access",
        "message": "GET /é\n",
        "status": 200,
        "key": "ann",
    }


def test_a_line_of_text_is_one_line_whatever_a_client_wrote():
    line = TextFormatter().format(record("GET %s", "/a\nforged", milliseconds=1.5))
    assert line == "2023-11-14T22:13:20.250Z info    GET /a\\nforged 1.5 ms"


@pytest.mark.parametrize("formatter", [JsonFormatter(), TextFormatter()])
def test_an_exception_is_shown_where_it_arose(formatter):
    text = formatter.format(record("oh", error=ValueError("deep")))
    assert "Traceback" in text
    assert "ValueError: deep" in text
    if isinstance(formatter, JsonFormatter):
        assert "\n" not in text


def test_a_program_logs_to_stderr_from_a_level_on(capfd):
    root = logging.getLogger()
    before = (root.handlers[:], root.level, logging.getLogger("uvicorn").level)
    try:
        log_to_stderr("json", "warning")
        logging.getLogger("pitchpipe.x").info("quiet")
        logging.getLogger("pitchpipe.x").warning("loud")
        out, err = capfd.readouterr()
    finally:
        root.handlers[:], root.level = before[:2]
        logging.getLogger("uvicorn").setLevel(before[2])
    assert (out, json.loads(err)["message"]) == ("", "loud")
