"""The control surface over HTTP, for tests in other languages; no part of the API."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pitchpipe.service.control import faults
from pitchpipe.service.control.control import Control
from pitchpipe.service.control.fault import Seconds
from pitchpipe.service.engine.pace import Kind, Pace
from pitchpipe.service.http import JSON, ApiError, Request, Response
from pitchpipe.service.protocol.bounded import AtMost
from pitchpipe.service.protocol.params import Params, Seed, check
from pitchpipe.service.router import Route

CONTROL = "_pitchpipe"
"""The first segment of these routes' paths."""

_MOST = 10_000
_MAX_STATES = 100  # more than jobs and batches have together


class Reset(Params):
    """The body of ``POST /reset``."""

    seed: Seed | None = None


class SetSeed(Params):
    """The body of ``POST /seed``."""

    seed: Seed


class Transitions(Params):
    """The body of ``POST /transitions``."""

    pace: Pace
    lasting: Annotated[dict[str, Seconds], AtMost(_MAX_STATES)] | None = None
    of: Kind | None = None


class Move(Params):
    """The body of ``POST /advance``."""

    id: str | None = None
    seconds: Seconds | None = None
    steps: Annotated[int, Field(ge=1, le=_MOST)] = 1


class ControlRoutes:
    """The routes under ``/_pitchpipe``.

    Args:
        control: what they reach.
    """

    def __init__(self, control: Control) -> None:
        self._control = control

    def routes(self) -> tuple[Route, ...]:
        """What clients may ask for."""
        return (
            Route("GET", "/state", self.state),
            Route("POST", "/reset", self.reset),
            Route("POST", "/seed", self.seed),
            Route("POST", "/transitions", self.transitions),
            Route("POST", "/advance", self.advance),
            Route("POST", "/snapshots", self.snapshot),
            Route("POST", "/snapshots/*/restore", self.restore),
            Route("GET", "/requests", self.requests),
            Route("DELETE", "/requests", self.forget_requests),
            Route("GET", "/faults", self.faults),
            Route("POST", "/faults", self.add_fault),
            Route("DELETE", "/faults", self.clear_faults),
            Route("DELETE", "/faults/*", self.remove_fault),
            Route("GET", "/conduct", self.conduct),
        )

    def state(self, _: Request) -> Response:
        """Tells seed, time, pace and snapshots."""
        return Response.of_json(
            {
                "seed": self._control.seed,
                "now": self._control.now,
                "pace": dict(self._control.paces),
                "lasting": dict(self._control.lasting),
                "snapshots": self._control.snapshots.names(),
            }
        )

    def reset(self, request: Request) -> Response:
        """Makes the service as good as new."""
        self._control.reset(check(Reset, request.json()).seed)
        return self.state(request)

    def seed(self, request: Request) -> Response:
        """Sets the seed of the ids that follow."""
        self._control.seed = check(SetSeed, request.json()).seed
        return self.state(request)

    def transitions(self, request: Request) -> Response:
        """Changes the pace."""
        asked = check(Transitions, request.json())
        self._control.transitions(asked.pace, asked.lasting, of=asked.of)
        return self.state(request)

    def advance(self, request: Request) -> Response:
        """Moves jobs and batches on."""
        asked = check(Move, request.json())
        moved = self._control.advance(asked.id, seconds=asked.seconds, steps=asked.steps)
        data = [{"id": object_id, "status": status} for object_id, status in moved.items()]
        return Response.of_json(_list(data) | {"now": self._control.now})

    def snapshot(self, _: Request) -> Response:
        """Puts aside all that the service holds."""
        return Response.of_json({"name": self._control.snapshot()})

    def restore(self, request: Request, name: str) -> Response:
        """Brings a snapshot back."""
        self._control.restore(name)
        return self.state(request)

    def requests(self, request: Request) -> Response:
        """Lists the requests behind ``after``, oldest first."""
        after = request.get("after") or "0"
        if not (after.isdecimal() and len(after) < 16):
            raise ApiError(
                400,
                f"Invalid type for 'after': expected the number of a request, but got '{after}'.",
                param="after",
                code="invalid_type",
            )
        records = [record for record in self._control.requests if record.number > int(after)]
        return Response.of_json(_list([record.to_json() for record in records]))

    def forget_requests(self, _: Request) -> Response:
        """Empties the log."""
        self._control.requests.clear()
        return Response.of_json(_list([]))

    def faults(self, _: Request) -> Response:
        """Lists the queue of faults."""
        return Response.of_json(_list([entry.to_json() for entry in self._control.faults.list()]))

    def add_fault(self, request: Request) -> Response:
        """Puts a fault at the end of the queue."""
        fault = faults.parse(request.json())
        (key,) = self._control.faults.add(fault)
        return Response.of_json(faults.Queued(key, fault).to_json())

    def clear_faults(self, request: Request) -> Response:
        """Empties the queue of faults."""
        self._control.faults.clear()
        return self.faults(request)

    def remove_fault(self, request: Request, key: str) -> Response:
        """Takes one fault out of the queue."""
        self._control.faults.remove(key)
        return self.faults(request)

    def conduct(self, _: Request) -> Response:
        """Lists what clients should not have done."""
        return Response.of_json(_list([found.to_json() for found in self._control.conduct()]))


def _list(data: list[JSON]) -> JSON:
    return {"object": "list", "data": data}
