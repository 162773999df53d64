"""A server that is killed again and again loses and doubles nothing that it acknowledged."""

from __future__ import annotations

import base64
import json
import logging
import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import openai

CLIENTS = 3
MODEL = "babbage-002"


def lines(rng, count):
    rows = [
        {"prompt": f"{rng.choice(['good', 'bad'])} {rng.random()} ->", "completion": f" {n % 3}"}
        for n in range(count)
    ]
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def questions(rng, count):
    body = {"model": MODEL, "prompt": str(rng.random()), "max_tokens": 4}
    return "".join(
        json.dumps({"custom_id": f"q{n}", "method": "POST", "url": "/v1/completions", "body": body})
        + "\n"
        for n in range(count)
    ).encode()


class Books:
    """What the server has acknowledged."""

    def __init__(self):
        self.lock = threading.Lock()
        self.files = {}
        self.jobs = []
        self.batches = {}
        self.events = {}
        self.refused = []

    def note_events(self, job_id, ids):
        """Oldest first; what was shown before must be shown again, in its place."""
        with self.lock:
            known = self.events.get(job_id, [])
            if len(ids) > len(known):
                self.events[job_id], known, ids = ids, ids, known
            assert known[: len(ids)] == ids, job_id
            assert len(set(known)) == len(known), job_id


def press(client, books, rng, stop):
    """One client's load, until the server is gone or it is told to stop."""
    while not stop.is_set():
        try:
            step(client, books, rng)
        except openai.APIConnectionError:
            return
        except openai.APIStatusError as error:
            books.refused.append(f"{error.status_code} {error}")
            return


def step(client, books, rng):
    kind = rng.randrange(5)
    if kind == 0:
        content = lines(rng, rng.randrange(20, 400))
        file = client.files.create(file=("train.jsonl", content), purpose="fine-tune")
        books.files[file.id] = content
        options = {"n_epochs": rng.randrange(1, 6), "batch_size": rng.randrange(1, 9)}
        job = client.fine_tuning.jobs.create(
            model=MODEL, training_file=file.id, hyperparameters=options
        )
        books.jobs.append(job.id)
    elif kind == 1:
        count = rng.randrange(1, 60)
        content = questions(rng, count)
        file = client.files.create(file=("ask.jsonl", content), purpose="batch")
        books.files[file.id] = content
        batch = client.batches.create(
            input_file_id=file.id, endpoint="/v1/completions", completion_window="24h"
        )
        books.batches[batch.id] = count
    elif books.jobs:
        job_id = rng.choice(books.jobs)
        if kind == 2:
            client.fine_tuning.jobs.retrieve(job_id)
        else:
            page = client.fine_tuning.jobs.list_events(job_id, limit=1000)
            books.note_events(job_id, [event.id for event in page.data][::-1])


def load_then_kill(server, books, rng):
    stop = threading.Event()
    enough = rng.randrange(1, 40)
    with ThreadPoolExecutor(CLIENTS) as pool:
        clients = [
            openai.OpenAI(api_key="k", base_url=server.url, max_retries=0) for _ in range(CLIENTS)
        ]
        seeds = [random.Random(rng.random()) for _ in clients]
        futures = [
            pool.submit(press, client, books, seed, stop)
            for client, seed in zip(clients, seeds, strict=True)
        ]
        # the moment is a number of further requests, not of seconds
        for _ in range(enough):
            clients[0].files.list(limit=1)
        server.kill()
        stop.set()
        for future in futures:
            future.result()
        for client in clients:
            client.close()


def test_nothing_acknowledged_is_lost_or_doubled(serving, tmp_path, kills):
    rng = random.Random(7)
    books = Books()
    for _ in range(kills):
        load_then_kill(serving("--workers", "2", data_dir=tmp_path), books, rng)
    server = serving("--workers", "2", data_dir=tmp_path)
    assert not books.refused
    with openai.OpenAI(api_key="k", base_url=server.url) as client:
        jobs = finish(client.fine_tuning.jobs.list, {"succeeded", "failed", "cancelled"})
        batches = finish(client.batches.list, {"completed", "failed", "cancelled", "expired"})
        assert Counter(job.status for job in jobs.values()) == {"succeeded": len(jobs)}
        assert Counter(batch.status for batch in batches.values()) == {"completed": len(batches)}
        assert set(books.jobs) <= set(jobs)
        assert set(books.batches) <= set(batches)
        files = [file.id for file in client.files.list(limit=10_000)]
        assert len(set(files)) == len(files)
        for file_id, content in books.files.items():
            assert client.files.content(file_id).content == content
        for job_id, job in jobs.items():
            events = list(client.fine_tuning.jobs.list_events(job_id, limit=1000))[::-1]
            books.note_events(job_id, [event.id for event in events])
            content = client.files.content(job.result_files[0]).text
            metrics = base64.b64decode(content).decode().splitlines()[1:]
            assert [int(line.split(",")[0]) for line in metrics] == [*range(1, len(metrics) + 1)]
            steps = [event.data["step"] for event in events if event.data]
            assert len(set(steps)) == len(steps)
            assert [e.message for e in events].count("The job has successfully completed") == 1
        for batch_id, count in books.batches.items():
            output = client.files.content(batches[batch_id].output_file_id).text.splitlines()
            assert [json.loads(line)["custom_id"] for line in output] == [
                f"q{n}" for n in range(count)
            ]
    code, log = server.end()
    assert code == 0, log
    logging.getLogger(__name__).info(
        "%d kills: %d files, %d of %d jobs, %d of %d batches acknowledged; none lost or doubled",
        *(kills, len(books.files), len(books.jobs), len(jobs), len(books.batches), len(batches)),
    )


def finish(listed, ends):
    """All of a list, once every one of them has ended; looking costs no work but ours."""
    while True:
        found = list(listed(limit=100))
        by_id = {one.id: one for one in found}
        assert len(by_id) == len(found)
        if all(one.status in ends for one in found):
            return by_id
