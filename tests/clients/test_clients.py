"""The published clients, each in an environment of its own, see the same service."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import openai
import pytest

from pitchpipe.service.server.loopback import serve
from pitchpipe.service.service import Service
from pitchpipe.service.transports import (
    BASE_URL,
    openai_async_http_client,
    openai_http_client,
)

HERE = Path(__file__).parent
NODE = "PITCHPIPE_NODE_OPENAI"


def load_flow():
    spec = importlib.util.spec_from_file_location("clients_flow", HERE / "flow.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


flow = load_flow()


def message(role, content):
    return {"role": role, "content": content}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What the clients upload."""
    folder = tmp_path_factory.mktemp("clients")

    def write(name, rows):
        (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))

    pairs = [
        (f"{'good' if n % 2 else 'bad'} film {n}", "yes" if n % 2 else "no") for n in range(20)
    ]
    write("train.jsonl", [{"prompt": f"{a} ->", "completion": f" {b}"} for a, b in pairs])
    write(
        "chat.jsonl",
        [{"messages": [message("user", f"{a}?"), message("assistant", b)]} for a, b in pairs],
    )
    request = {"method": "POST", "url": "/v1/completions"}
    body = {"prompt": "bad film 2 ->", "temperature": 0, "max_tokens": 5}
    write(
        "batch.jsonl",
        [
            {"custom_id": name, **request, "body": body | {"model": name}}
            for name in ("TUNED", "gone")
        ],
    )
    return folder


@pytest.fixture
def service():
    """Time stands still, so that nothing depends on it."""
    with closing(Service(seed=1, clock=lambda: 1_700_000_000.0)) as service:
        yield service


def in_process(service, folder, kind):
    make, http = {
        "sync": (openai.OpenAI, openai_http_client),
        "async": (openai.AsyncOpenAI, openai_async_http_client),
    }[kind]

    async def run():
        client = make(api_key="k", base_url=BASE_URL, max_retries=0, http_client=http(service))
        report = await flow.run(client, folder)
        await flow.settle(client.close())
        return report

    return asyncio.run(run())


@pytest.fixture(scope="module")
def expected(folder):
    with closing(Service(seed=1, clock=lambda: 1_700_000_000.0)) as service:
        return in_process(service, folder, "sync")


def over_loopback(service, *command):
    with serve(service) as url:
        told = subprocess.run(
            command,
            env={"PATH": os.environ["PATH"], "OPENAI_API_KEY": "k", "OPENAI_BASE_URL": url}
            | {NODE: os.environ.get(NODE, "")},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    assert told.returncode == 0, told.stderr[-3000:]
    assert told.stderr == ""
    report = json.loads(told.stdout)
    return report.pop("version"), report


def test_what_a_user_is_told(expected):
    train, complete, chat, batch = (
        expected[part] for part in ("train", "complete", "chat", "batch")
    )
    assert train["created"][1:] == ["validating_files", "babbage-002"]
    assert train["too early"] == ["BadRequestError", 400, "invalid_status", None]
    assert [train[when] for when in ("queued", "paused", "still paused", "resumed")] == [
        "queued",
        "paused",
        "paused",
        "queued",
    ]
    assert train["states"] == ["running", "succeeded"]
    assert train["trained tokens"] > 0
    assert train["events"][0] == "The job has successfully completed"
    assert train["events"][-1].startswith("Created fine-tuning job")
    assert [step for step, _ in train["checkpoints"]] == [6, 4, 2]
    assert train["result"][0].startswith("step,train_loss")
    assert len(train["result"]) == 7
    assert train["cancelled"] == "cancelled"
    assert len(train["jobs"]) == 2
    assert complete["text"] == complete["streamed"] == "".join(complete["tokens"]) == " yes"
    assert complete["finish"] == complete["last"] == "stop"
    assert chat["content"] == chat["streamed"] == "".join(chat["tokens"]) == "yes"
    assert chat["usage"][1] == len(chat["tokens"])
    assert batch["states"] == ["in_progress", "finalizing", "completed"]
    assert (batch["counts"], batch["errors"]) == ([1, 1], ["model_not_found"])
    assert [text for _, text in batch["answers"]] == [" no"]
    assert batch["cancelled"] == "cancelling"
    assert len(batch["batches"]) == 2
    assert {name: refused[:2] for name, refused in expected["refusals"].items()} == {
        "file": ["NotFoundError", 404],
        "model": ["NotFoundError", 404],
        "job": ["NotFoundError", 404],
        "training file": ["BadRequestError", 400],
        "base model": ["BadRequestError", 400],
        "prompt": ["BadRequestError", 400],
        "wrong endpoint": ["NotFoundError", 404],
        "deleting": ["PermissionDeniedError", 403],
    }
    assert expected["delete"]["model"][1] is True
    assert expected["delete"]["asked again"] == ["NotFoundError", 404, "model_not_found", None]
    assert len(expected["delete"]["files"]) == 8
    assert set(expected["delete"]["gone"]) == {True}
    assert expected["delete"]["left"] == 0


def test_the_async_client_is_told_the_same(service, folder, expected):
    assert in_process(service, folder, "async") == expected


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_socket_changes_nothing(service, folder, expected, kind):
    version, report = over_loopback(
        service, sys.executable, str(HERE / "flow.py"), kind, str(folder)
    )
    assert (version, report) == (openai.__version__, expected)


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("major", [1, 2, 3])
def test_every_version_of_the_python_package(service, folder, expected, major, kind):
    variable = f"PITCHPIPE_OPENAI{major}_PYTHON"
    python = os.environ.get(variable)
    if not python:
        pytest.skip(f"{variable} names no Python with openai {major}; see tox run -e clients")
    asked = [python, "-c", "import openai; print(openai.__version__)"]
    found = subprocess.run(asked, capture_output=True, text=True, check=False)
    if not found.stdout.startswith(f"{major}."):
        pytest.skip(f"{python} has no openai {major}: {found.stdout}{found.stderr[-500:]}")
    version, report = over_loopback(service, python, str(HERE / "flow.py"), kind, str(folder))
    assert version.startswith(f"{major}.")
    assert report == expected


def test_the_npm_package(service, folder, expected):
    place = os.environ.get(NODE)
    if not place:
        pytest.skip(
            f"{NODE} names no folder with the openai package of npm; see tox run -e clients"
        )
    node = shutil.which("node")
    if not node or not (Path(place) / "node_modules" / "openai").is_dir():
        pytest.skip(f"node or its package is missing: node is {node}, the folder is {place}")
    _, report = over_loopback(service, node, str(HERE / "flow.mjs"), str(folder))
    assert report == expected
