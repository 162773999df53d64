"""The embedding example, started and asked as its users do."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from pitchpipe.samples import film_reviews

ROOT = Path(__file__).resolve().parents[2]
Ask = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def ask(tmp_path: Path) -> Iterator[Ask]:
    """Asks the service: ask(method, path, body)."""
    script = ROOT / "examples/fine_tuning_service.py"
    with (
        (tmp_path / "log").open("w") as log,
        subprocess.Popen(
            [sys.executable, "-W", "error", str(script), "--folder", "tunings", "--port", "0"],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        opener = build_opener(ProxyHandler({}))

        def send(method: str, path: str, body: bytes | None = None) -> tuple[int, dict[str, Any]]:
            request = Request(f"{url}/tunings/{path}", data=body, method=method)
            try:
                with opener.open(request) as answer:
                    return answer.status, json.load(answer)
            except HTTPError as refusal:
                with refusal:
                    return refusal.code, json.load(refusal)

        yield send
        process.terminate()
        process.wait()
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_it_tunes_on_request_and_answers(ask: Ask) -> None:
    table = film_reviews().read_bytes()
    assert ask("GET", "films")[0] == 404
    assert ask("PUT", "films", table)[0] == 202
    assert ask("POST", "films/answers", b'{"prompts": ["too soon"]}')[0] in {200, 409}
    _, status = ask("GET", "films?wait=1")
    assert status["state"] == "done", status
    assert status["accuracy"] > 0.6
    _, said = ask("POST", "films/answers", b'{"prompts": ["a lovely film", "a dull mess"]}')
    assert len(said["answers"]) == 2
    assert set(said["answers"]) <= {"pos", "neg"}


def test_what_was_stopped_goes_on(ask: Ask, tmp_path: Path) -> None:
    ask("PUT", "films", film_reviews().read_bytes())
    _, status = ask("DELETE", "films")
    assert status["state"] in {"stopped", "done"}
    assert ask("PUT", "films")[0] == 202
    assert ask("GET", "films?wait=1")[1]["state"] == "done"
    jobs = (tmp_path / "tunings/films/run/journal.jsonl").read_text().count('"step":"job"')
    assert jobs <= 2  # one intention and one outcome, however often it was stopped


def test_what_cannot_be_is_refused(ask: Ask) -> None:
    assert ask("PUT", "No-Such-Name", b"")[0] == 400
    assert ask("PUT", "bad", b"text\n")[0] == 202
    _, status = ask("GET", "bad?wait=1")
    assert status["state"] == "stopped"
    assert "no rows below the header" in status["error"]
