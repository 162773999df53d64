import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

LABELLED = [(f"film number {n}", ("pos", "neg")[n % 2]) for n in range(20)]


def _failed(result, *expected):
    assert result.code == 1
    assert result.out == ""
    assert "Traceback" not in result.err
    last = result.err[result.err.rindex("pitchpipe: error: ") :]
    for part in expected:
        assert part in last


@pytest.mark.parametrize("verb", ["run", "prepare"])
def test_missing_file(cli, verb):
    _failed(cli(verb, "none.csv"), "none.csv: no such file")


@pytest.mark.parametrize("verb", ["run", "prepare"])
def test_empty_file(cli, verb):
    Path("empty.csv").touch()
    _failed(cli(verb, "empty.csv"), "empty.csv: is empty")


def test_header_only(cli, write_rows):
    _failed(cli("run", write_rows("head.csv", [])), "head.csv", "no rows", "text, tag")


def test_one_row(cli, write_rows):
    _failed(cli("run", write_rows("one.csv", LABELLED[:1])), "one.csv", "only 1 row")


def test_missing_column(cli, reviews):
    found = cli("run", reviews, "--prompt-column", "texd")
    _failed(found, "reviews.csv: there is no column 'texd'", "Did you mean 'text'?", "'tag'")


def test_all_null_column(cli, write_rows):
    path = write_rows("null.csv", [(text, "") for text, _ in LABELLED])
    _failed(cli("run", path), "null.csv", "line 2", "empty-fields", "'tag'")


def test_one_class_only(cli, write_rows):
    path = write_rows("same.csv", [(text, "pos") for text, _ in LABELLED])
    _failed(cli("run", path), "same.csv", "class-counts", "'pos'")


def test_ragged_rows(cli):
    Path("ragged.csv").write_text("text,tag\na,pos\nb,neg,more\n", encoding="utf-8")
    _failed(cli("run", "ragged.csv"), "ragged.csv", "line 3")


def test_invalid_json(cli):
    Path("bad.jsonl").write_text('{"prompt": "a", "completion": "b"}\n{"prom\n', encoding="utf-8")
    _failed(cli("run", "bad.jsonl"), "bad.jsonl", "line 2")


def test_unwritable_run_folder(cli, reviews):
    Path("taken").touch()
    _failed(cli("run", reviews, "--run-dir", "taken/here"), "taken/here", "cannot be written")


# whatever day it is
WHENEVER = ["--set", 'validators.skip=["model-retirement"]', "--set", "trainer.allow_retired=true"]


def test_no_key(cli, reviews):
    result = cli("run", reviews, "--trainer", "openai", *WHENEVER)
    _failed(result, "no key", "OPENAI_API_KEY", "--trainer fake")


def test_unreachable_service(cli, reviews, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-test")
    words = ["--trainer", "openai", "--base-url", "http://127.0.0.1:9/v1"]
    result = cli("run", reviews, *words, "--set", "trainer.max_retries=0")
    _failed(result, "http://127.0.0.1:9/v1: cannot be reached")
    assert "sk-of-the-test" not in result.err


class Doorkeeper(BaseHTTPRequestHandler):
    """Refuses every key, and quotes it, as the hosted service does."""

    def do_GET(self):
        self.rfile.read(int(self.headers.get("content-length") or 0))
        said = f"Incorrect API key provided: {self.headers['authorization'].split()[1]}."
        error = {"message": said, "type": "invalid_request_error", "code": "invalid_api_key"}
        body = json.dumps({"error": error}).encode()
        self.send_response(401)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - likewise

    def log_message(self, *args):
        """Keeps the test's output clean."""


def test_a_wrong_key(cli, reviews, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong-key-of-the-test")
    with HTTPServer(("127.0.0.1", 0), Doorkeeper) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            url = f"http://127.0.0.1:{server.server_address[1]}/v1"
            result = cli("run", reviews, "--trainer", "openai", "--base-url", url, "--run-dir", "r")
        finally:
            server.shutdown()
            thread.join()
    _failed(result, url, "key", "OPENAI_API_KEY")
    assert "wrong-key" not in result.err
    kept = [path for path in Path("r").rglob("*") if path.is_file()]
    assert kept
    assert all(b"wrong-key" not in path.read_bytes() for path in kept)


def test_a_model_the_service_refuses(cli, reviews):
    _failed(cli("run", reviews, "--model", "gpt-99"), "gpt-99", "not available")


def test_too_expensive(cli, reviews, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-test")
    words = ["--trainer", "openai", "--max-cost", "0.000001", *WHENEVER]
    _failed(cli("run", reviews, *words), "above max_cost")


def test_a_model_that_has_retired(cli, reviews, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-test")
    words = ["--trainer", "openai", "--model", "babbage-002"]
    _failed(cli("run", reviews, *words), "model babbage-002 is not answered for since 2026-09-28")
    skipped = [*words, *WHENEVER[:2]]
    _failed(cli("run", reviews, *skipped), "nothing was submitted", "trainer.allow_retired")


@pytest.mark.parametrize("verb", ["follow", "cancel", "pause", "resume"])
def test_unknown_job(cli, verb):
    _failed(cli(verb, "ftjob-none"), "ftjob-none")


def test_train_on_a_table_that_is_not_prepared(cli, reviews):
    _failed(cli("train", reviews), "reviews.csv", "line 2", "pitchpipe prepare")


def test_score_what_are_no_predictions(cli, reviews):
    _failed(cli("score", reviews), "reviews.csv, line 1: not a prediction")
    _failed(cli("score", "none.jsonl"), "none.jsonl: cannot be read")


def test_unknown_positive_class_gets_the_close_match(cli, reviews):
    result = cli("run", reviews, "--positive-class", "poz")
    assert result.code == 2
    assert "unknown positive class 'poz'. Did you mean 'pos'?" in result.err


def test_a_model_whose_words_nobody_knows(cli, reviews):
    result = cli("predict", reviews, "--model", "ft:unknown")
    assert result.code == 2
    assert "'ft:unknown': the service does not know how its records were written" in result.err
