"""The server under load, against a bare Starlette application that answers a constant."""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import openai

from benchmarks.figure import Figure
from benchmarks.serving.load import Load, press

ROUNDS = 5
SECONDS = 2.0
CLIENTS = 16
MANY_CLIENTS, MANY_REQUESTS = 64, 10_000
JOBS = 1000


def measure() -> Iterator[Figure]:
    """Completions and polls per second; many clients; a long queue; memory over all of it."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        pid, url = stack.enter_context(_serving(folder))
        client = stack.enter_context(openai.OpenAI(api_key="benchmark", base_url=url))
        job_id, model = _trained(client)
        before = _resident(pid)
        question = {"model": model, "prompt": "a fine film ->", "max_tokens": 1, "temperature": 0}
        ask = json.dumps(question | {"stop": ["\n"]}).encode()
        loads = {
            "completions": Load("POST", "/v1/completions", ask),
            "polls of a job": Load("GET", f"/v1/fine_tuning/jobs/{job_id}"),
        }
        for name, load in loads.items():
            yield from _against_bare(name, load, url)
        answer = press(url, loads["completions"], MANY_CLIENTS, requests=MANY_REQUESTS)
        title = f"{MANY_CLIENTS} clients, {MANY_REQUESTS:,} completions"
        yield Figure("serving", f"{title}: errors", answer.errors, "", "<= 0")
        yield Figure("serving", f"{title}: answers", answer.good / answer.seconds, "1/s")
        middle = _resident(pid)
        yield from _queue(client)
        after = _resident(pid)
    yield Figure("serving", "server's memory at first", before / 2**20, "MB")
    yield Figure("serving", "after the requests / at first", middle / before, "x", "<= 1.2")
    yield Figure("serving", f"after {JOBS:,} jobs / at first", after / before, "x", "<= 1.2")


def _against_bare(name: str, load: Load, url: str) -> Iterator[Figure]:
    body = press(url, load, 1, requests=1).body
    with _bare(body) as bare_url:
        rates: dict[str, list[float]] = {"ours": [], "bare": []}
        for _ in range(ROUNDS):
            for who, where in (("bare", bare_url), ("ours", url)):
                answer = press(where, load, CLIENTS, seconds=SECONDS)
                if answer.errors:
                    raise RuntimeError(f"{who}: {answer.errors} errors under load")
                rates[who].append(answer.good / answer.seconds)
    ours, bare = (statistics.median(rates[who]) for who in ("ours", "bare"))
    ratio = statistics.median(
        mine / his for mine, his in zip(rates["ours"], rates["bare"], strict=True)
    )
    yield Figure("serving", f"{name}: bare Starlette, {len(body)} bytes", bare, "1/s")
    yield Figure("serving", f"{name}: pitchpipe serve", ours, "1/s")
    yield Figure("serving", f"{name}: ours / bare", ratio, "x", ">= 0.5")


def _queue(client: openai.OpenAI) -> Iterator[Figure]:
    """Many jobs at once, until all have ended."""
    file_id = client.files.create(file=("queue.jsonl", _records(10)), purpose="fine-tune").id
    begin = time.perf_counter()
    ids = {
        client.fine_tuning.jobs.create(
            model="babbage-002", training_file=file_id, hyperparameters={"n_epochs": 1}
        ).id
        for _ in range(JOBS)
    }
    queued = time.perf_counter()
    while not _all_ended(client, ids):
        time.sleep(0.5)
    ended = time.perf_counter()
    yield Figure("serving", f"{JOBS:,} jobs created", JOBS / (queued - begin), "1/s")
    yield Figure("serving", f"{JOBS:,} jobs: from first creation to last end", ended - begin, "s")


def _all_ended(client: openai.OpenAI, ids: set[str]) -> bool:
    jobs = [job for job in client.fine_tuning.jobs.list(limit=1000) if job.id in ids]
    if any(job.status in ("failed", "cancelled") for job in jobs):
        raise RuntimeError("a job of the queue did not succeed")
    return sum(job.status == "succeeded" for job in jobs) == len(ids)


def _trained(client: openai.OpenAI) -> tuple[str, str]:
    file_id = client.files.create(file=("films.jsonl", _records(200)), purpose="fine-tune").id
    job = client.fine_tuning.jobs.create(model="babbage-002", training_file=file_id)
    while job.fine_tuned_model is None:
        time.sleep(0.1)
        job = client.fine_tuning.jobs.retrieve(job.id)
    return job.id, job.fine_tuned_model


def _records(count: int) -> bytes:
    words = ("a fine film", "a dull film")
    rows = (
        {"prompt": f"{words[n % 2]} {n} ->", "completion": (" pos", " neg")[n % 2]}
        for n in range(count)
    )
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


@contextmanager
def _serving(folder: Path) -> Iterator[tuple[int, str]]:
    command = ["serve", "--port", "0", "--data-dir", str(folder), "--log-level", "warning"]
    with _process([sys.executable, "-m", "pitchpipe", *command, "--json"]) as process:
        assert process.stdout is not None
        yield process.pid, json.loads(process.stdout.readline())["url"]


@contextmanager
def _bare(body: bytes) -> Iterator[str]:
    with _process([sys.executable, "-m", "benchmarks.serving.bare", body.decode()]) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()


@contextmanager
def _process(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)


def _resident(pid: int) -> int:
    """Bytes that a process keeps in memory; Linux only."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
