"""Workers that die apart from their server, and servers that die apart from their workers."""

from __future__ import annotations

import fcntl
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from datafolders import MODEL, Server, calling, is_alive, is_sound, locked, serving, until
from pitchpipe.service.server import workers as module
from pitchpipe.service.server.worker import Orders, Worker
from pitchpipe.service.server.workers import Workers
from pitchpipe.service.storage.errors import FullError

LONG = "".join(
    f'{{"prompt": "part {n} and {n * 7919} ->", "completion": " {("a", "b")[n % 2]}"}}\n'
    for n in range(1500)
).encode()


def start_job(server: Server, epochs: int = 3) -> str:
    order = {
        "model": MODEL,
        "training_file": server.upload(LONG),
        "hyperparameters": {"n_epochs": epochs, "batch_size": 1},
    }
    return str(server.call("POST", "fine_tuning/jobs", order)["id"])


def job(server: Server, job_id: str) -> Any:
    return server.call("GET", f"fine_tuning/jobs/{job_id}")


def train(server: Server, job_id: str) -> None:
    """Waits until a worker trains the job."""
    until(lambda: job(server, job_id)["status"] == "running")


def kill_workers(server: Server) -> set[int]:
    """Their process ids."""
    pids: list[int] = until(lambda: server.workers)
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    until(lambda: not any(map(is_alive, pids)))
    return set(pids)


def is_held(lock: Path) -> bool:
    """Whether a worker has something in hand."""
    if not lock.exists():
        return False
    with lock.open("rb") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def test_a_job_goes_on_when_its_worker_is_killed(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as server:
        job_id = start_job(server)
        train(server, job_id)
        kill_workers(server)
        assert server.request("GET", "/healthz")[0] == 200
        assert job(server, job_id)["status"] == "running"
        ended = until(lambda: job(server, job_id)["finished_at"] and job(server, job_id))
        assert ended["status"] == "succeeded"
        checkpoints = server.call("GET", f"fine_tuning/jobs/{job_id}/checkpoints")["data"]
        steps = [checkpoint["step_number"] for checkpoint in checkpoints]
        assert sorted(set(steps), reverse=True) == steps
    assert is_sound(tmp_path / "data" / "service.sqlite3")


def test_a_job_whose_workers_are_killed_again_and_again_fails_with_the_reason(
    tmp_path: Path,
) -> None:
    with serving(tmp_path / "data") as server:
        job_id = start_job(server, epochs=50)
        lock = tmp_path / "data" / "locks" / f"{job_id}.worker"
        killed: set[int] = set()
        while not job(server, job_id)["finished_at"]:
            if is_held(lock):
                killed |= kill_workers(server)
        # one that dies before it said what it has in hand is not put down to the job
        assert 3 <= len(killed) <= 6
        ended = job(server, job_id)
        assert ended["status"] == "failed"
        assert "ended its process" in ended["error"]["message"]
        # the queue behind it goes on
        next_id = start_job(server, epochs=1)
        assert until(lambda: job(server, next_id)["finished_at"])
        assert job(server, next_id)["status"] == "succeeded"


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_no_worker_outlives_its_server(tmp_path: Path, how: signal.Signals) -> None:
    folder = tmp_path / "data"
    with serving(folder, "--workers", "2") as server:
        job_id = start_job(server, epochs=50)
        train(server, job_id)
        pids = until(lambda: len(server.workers) == 2 and server.workers)
        server.end(how)
        until(lambda: not any(map(is_alive, pids)))
    with calling(folder) as caller:
        assert caller.job(job_id)["status"] == "running"
        with caller.service.blobs.claim(job_id) as mine:
            assert mine


def test_a_locked_database_ends_no_worker(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with serving(folder) as server:
        job_id = start_job(server, epochs=5)
        train(server, job_id)
        before = until(lambda: server.workers)
        with locked(folder / "service.sqlite3"):
            # as long as a request that has to wait, and the worker like it
            assert server.request("POST", f"/v1/fine_tuning/jobs/{job_id}/pause", b"")[0] == 503
        ended = until(lambda: job(server, job_id)["finished_at"] and job(server, job_id))
        assert ended["status"] == "succeeded"
        assert server.workers == before


def test_a_job_that_cannot_be_given_up_does_not_end_the_keeper(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tried: list[str] = []

    def give_up(object_id: str, reason: str) -> None:
        tried.append(reason)
        raise FullError("/data/service.sqlite3: cannot be written: No space left on device.")

    pool = Workers(1, Orders(str(tmp_path), "ngram", {}, "text", "error"), give_up)
    monkeypatch.setattr(pool, "_live_and_die", lambda: (-signal.SIGKILL, "ftjob-x"))
    monkeypatch.setattr(module, "_REST_SECONDS", 0.0)
    with pool:
        until(lambda: len(tried) > 2)


def test_a_process_that_cannot_be_started_does_not_end_the_keeper(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tried: list[int] = []

    def refuse() -> tuple[int, str]:
        tried.append(1)
        raise BlockingIOError(11, "Resource temporarily unavailable")

    pool = Workers(1, Orders(str(tmp_path), "ngram", {}, "text", "error"), lambda *_: None)
    monkeypatch.setattr(pool, "_live_and_die", refuse)
    monkeypatch.setattr(module, "_REST_SECONDS", 0.0)
    with pool:
        until(lambda: len(tried) > 2)


def test_a_worker_says_that_it_is_done_though_its_work_raised(tmp_path: Path) -> None:
    """Otherwise its next death would be put down to what it worked on before."""
    said: list[str] = []
    with calling(tmp_path) as caller:
        job_id = caller.create_job()
        worker = Worker(caller.service, said.append)

        def refuse(object_id: str) -> None:
            raise FullError("/data/service.sqlite3: cannot be written: No space left on device.")

        caller.service.advance = refuse  # type: ignore[method-assign, assignment]
        with pytest.raises(FullError):
            worker._finish(job_id)
        assert said == [job_id, ""]


def test_an_interrupt_while_workers_start_ends_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Otherwise the threads that keep them alive would keep the server's process alive."""
    pool = Workers(3, Orders(str(tmp_path), "ngram", {}, "text", "error"), lambda *_: None)
    monkeypatch.setattr(pool, "_live_and_die", lambda: pool._stopping.wait(60) and (0, ""))
    last = pool._keepers[-1]

    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(last, "start", interrupted)
    with pytest.raises(KeyboardInterrupt), pool:
        pass
    assert not any(keeper.is_alive() for keeper in pool._keepers)
