"""A small web service that fine-tunes on request: Pitchpipe inside another program.

    python examples/fine_tuning_service.py --folder tunings --port 8010

Every tuning has a name, a thread, a folder and plugins of its own:

    PUT    /tunings/NAME           a CSV as the body; begins, or goes on where it was stopped
    GET    /tunings/NAME           how it stands; with ?wait=1 once it has ended
    DELETE /tunings/NAME           stops it; what was done is kept
    POST   /tunings/NAME/answers   {"prompts": ["..."]}; asks the tuned model
"""

from __future__ import annotations

import argparse
import re
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from pitchpipe import Pipeline, PitchpipeError, PluginHost, Run, hookimpl
from pitchpipe.records import JobEvent


class Tuning:
    """One fine-tuning on request; an observer of its own run.

    Args:
        folder: keeps the table and the run; a tuning of the same folder goes on from there.
    """

    def __init__(self, folder: Path) -> None:
        self.table = folder / "table.csv"
        self._run_folder = folder / "run"
        self._pipeline = Pipeline.from_config(
            {"trainer": {"name": "fake", "base_url": f"offline:{folder / 'service'}"}},
            PluginHost([self]),
        )
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name=folder.name)
        self._run: Run | None = None
        self._stage = ""
        self._last_event = ""
        self._error = ""

    @hookimpl
    def stage_started(self, stage: str) -> None:
        """Notes how far the run is."""
        self._stage = stage

    @hookimpl
    def job_event(self, event: JobEvent) -> None:
        """Notes what the job said last."""
        self._last_event = event.message

    def start(self) -> None:
        """Begins, or goes on."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the work soon, and waits until it has ended."""
        self._stop.set()
        self.wait()

    def wait(self) -> None:
        """Waits until the work has ended."""
        self._thread.join()

    @property
    def running(self) -> bool:
        """Whether there is more to come."""
        return self._thread.is_alive()

    def status(self) -> dict[str, Any]:
        """How it stands, in JSON types."""
        if self._run is not None:
            return {
                "state": "done",
                "model": self._run.model.name,
                "accuracy": self._run.scores.get("accuracy"),
            }
        if not self.running:
            return {"state": "stopped", "stage": self._stage, "error": self._error}
        return {"state": "running", "stage": self._stage, "event": self._last_event}

    def answers(self, prompts: list[str]) -> list[str]:
        """What the tuned model says.

        Raises:
            PitchpipeError: it is not there yet, or cannot be asked.
        """
        if self._run is None:
            raise PitchpipeError("not tuned yet.")
        table = pd.DataFrame({"prompt": prompts}, dtype=object)
        return list(self._pipeline.predict(self._run.model, table)["answer"])

    def _work(self) -> None:
        try:
            self._run = self._pipeline.run(self.table, self._run_folder, stop=self._stop)
        except PitchpipeError as error:
            self._error = str(error)


class Tunings:
    """All tunings, by name.

    Args:
        folder: holds a folder for each.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._tunings: dict[str, Tuning] = {}

    def routes(self) -> list[Route]:
        """What the service answers."""
        return [
            Route("/tunings/{name}", self.put, methods=["PUT"]),
            Route("/tunings/{name}", self.get, methods=["GET"]),
            Route("/tunings/{name}", self.delete, methods=["DELETE"]),
            Route("/tunings/{name}/answers", self.ask, methods=["POST"]),
        ]

    @asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        """Stops what still runs when the service ends; it goes on when asked for again."""
        yield
        for tuning in self._tunings.values():
            await run_in_threadpool(tuning.stop)

    async def put(self, request: Request) -> JSONResponse:
        """Begins a tuning, or goes on with it."""
        name = request.path_params["name"]
        if not re.fullmatch(r"[a-z0-9-]{1,40}", name):
            return _refusal(400, "a name has 1 to 40 small letters, digits and hyphens.")
        earlier = self._tunings.get(name)
        if earlier is not None and earlier.running:
            return _refusal(409, "already running; delete it first.")
        folder = self._folder / name
        folder.mkdir(parents=True, exist_ok=True)
        tuning = Tuning(folder)
        if body := await request.body():
            tuning.table.write_bytes(body)
        self._tunings[name] = tuning
        tuning.start()
        return JSONResponse(tuning.status(), status_code=202)

    async def get(self, request: Request) -> JSONResponse:
        """Says how a tuning stands."""
        tuning = self._tunings.get(request.path_params["name"])
        if tuning is None:
            return _refusal(404, "no such tuning.")
        if "wait" in request.query_params:
            await run_in_threadpool(tuning.wait)
        return JSONResponse(tuning.status())

    async def delete(self, request: Request) -> JSONResponse:
        """Stops a tuning."""
        tuning = self._tunings.get(request.path_params["name"])
        if tuning is None:
            return _refusal(404, "no such tuning.")
        await run_in_threadpool(tuning.stop)
        return JSONResponse(tuning.status())

    async def ask(self, request: Request) -> JSONResponse:
        """Asks a tuned model."""
        tuning = self._tunings.get(request.path_params["name"])
        if tuning is None:
            return _refusal(404, "no such tuning.")
        prompts = [str(prompt) for prompt in (await request.json())["prompts"]]
        try:
            answers = await run_in_threadpool(partial(tuning.answers, prompts))
        except PitchpipeError as error:
            return _refusal(409, str(error))
        return JSONResponse({"answers": answers})


def _refusal(status: int, message: str) -> JSONResponse:
    return JSONResponse({"error": message}, status_code=status)


def application(folder: Path) -> Starlette:
    """The web service.

    Args:
        folder: where tunings are kept.
    """
    tunings = Tunings(folder)
    return Starlette(routes=tunings.routes(), lifespan=tunings.lifespan)


def main() -> None:
    """Serves until Ctrl-C."""
    parser = argparse.ArgumentParser(description="A web service that fine-tunes on request.")
    parser.add_argument("--folder", type=Path, default=Path("tunings"))
    parser.add_argument("--port", type=int, default=8010, help="0 for a free one")
    arguments = parser.parse_args()
    with socket.create_server(("127.0.0.1", arguments.port)) as listener:
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        config = uvicorn.Config(application(arguments.folder), log_level="warning")
        uvicorn.Server(config).run([listener])


if __name__ == "__main__":
    main()
