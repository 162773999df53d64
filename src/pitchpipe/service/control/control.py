"""What a test or an operator does to the service, apart from the API."""

from __future__ import annotations

from collections.abc import Mapping

from pitchpipe.service.control.conduct import Finding, findings
from pitchpipe.service.control.creations import Creations, noting
from pitchpipe.service.control.fault import Ask
from pitchpipe.service.control.faults import Faults
from pitchpipe.service.control.requestlog import RequestLog
from pitchpipe.service.control.snapshots import Snapshots
from pitchpipe.service.engine.clock import Clock
from pitchpipe.service.engine.pace import WORKERS, Advance, Kind, Pace, Pacer, kind_of
from pitchpipe.service.http import ApiError, Disconnect, Request, Response
from pitchpipe.service.storage.store import Store


class Control:
    """The service's levers, and what it has seen of its clients.

    Args:
        store: the objects.
        clock: the service's time.
        pacer: moves jobs and batches on.
        advance: moves one of them by one step.
        snapshots: all that is held.
        creations: the jobs and batches that clients created.
        requests: where requests are noted.
        faults: the faults to apply.

    Attributes:
        requests: what was asked and how it was answered, oldest first.
        faults: the queue of faults.
        snapshots: copies of all that is held, by name.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        pacer: Pacer,
        advance: Advance,
        snapshots: Snapshots,
        creations: Creations,
        requests: RequestLog,
        faults: Faults,
    ) -> None:
        self._store = store
        self._clock = clock
        self._pacer = pacer
        self._advance = advance
        self._creations = creations
        self.snapshots = snapshots
        self.requests = requests
        self.faults = faults

    def answer(self, request: Request, ask: Ask) -> Response:
        """Answers a request of a client: noted, and as the faults want it.

        Args:
            request: the request.
            ask: gets the answer it has without faults.

        Raises:
            Disconnect: the connection is to be dropped instead.
        """
        record = self.requests.begin(request)
        try:
            response = self.faults.around(noting(ask, request, record), request, record)(request)
        except Disconnect:
            self.requests.drop(record)
            raise
        return self.requests.end(record, response)

    # --- state ------------------------------------------------------------------------------------

    @property
    def seed(self) -> int:
        """What decides the ids of what is created from now on; may be set."""
        return self._store.seed

    @seed.setter
    def seed(self, seed: int) -> None:
        self.snapshots.reseed(seed)

    def reset(self, seed: int | None = None) -> None:
        """Makes the service as good as new: no objects, no faults, no log, ids from the first.

        Snapshots, pace and time stay as they are.

        Args:
            seed: of the ids, None for the present one.
        """
        self.faults.clear()
        self.snapshots.reset(seed)
        self.requests.clear()

    def snapshot(self) -> str:
        """Puts aside all that the service holds.

        Returns:
            A name for it.
        """
        return self.snapshots.take()

    def restore(self, name: str) -> None:
        """Makes the service hold again what it held at a snapshot; ids go on as they did then.

        The log, time, and faults of requests stay as they are.

        Args:
            name: the snapshot's.

        Raises:
            ApiError: there is no such snapshot.
        """
        self.snapshots.bring_back(name)
        self._requeue()

    # --- time -------------------------------------------------------------------------------------

    @property
    def now(self) -> float:
        """The service's time, in Unix seconds."""
        return self._clock()

    @property
    def paces(self) -> Mapping[Kind, str]:
        """What moves "job" and "batch" on."""
        return self._pacer.paces

    @property
    def lasting(self) -> Mapping[str, float]:
        """Seconds that each state lasts where the pace is "timed", by "job.STATE"."""
        return self._pacer.lasting

    def transitions(
        self, pace: Pace, lasting: Mapping[str, float] | None = None, *, of: Kind | None = None
    ) -> None:
        """Changes what moves jobs and batches on in this process.

        Args:
            pace: as for ``Service``; with "immediate", what is moving now comes to its end.
            lasting: seconds that states last, by "job.STATE" or "batch.STATE"; the rest last as
                they did.
            of: "job" or "batch", None for both.

        Raises:
            ApiError: there is no such state, or workers move the jobs.
        """
        if WORKERS in self._pacer.paces.values():
            raise ApiError(
                400,
                "Worker processes move the jobs of this server; "
                "start it with another --pace to move them otherwise.",
                param="pace",
                code="unsupported_value",
            )
        unknown = next((name for name in lasting or {} if name not in self._pacer.lasting), None)
        if unknown is not None:
            known = ", ".join(map(repr, self._pacer.lasting))
            raise ApiError(
                400,
                f"Invalid value: '{unknown}'. Supported values are: {known}.",
                param="lasting",
                code="invalid_value",
            )
        self._pacer.lasting |= lasting or {}
        self._pacer.paces |= dict.fromkeys([of] if of else self._pacer.paces, pace)
        self._requeue()

    def advance(
        self, object_id: str | None = None, *, seconds: float | None = None, steps: int = 1
    ) -> dict[str, str]:
        """Moves jobs and batches on.

        Args:
            object_id: which one, None for all that are neither paused nor at their end.
            seconds: sets the clock forward, and lets happen what is due by then where the pace is
                "timed"; None to move by steps.
            steps: how many transitions or slices of work, whatever the pace.

        Returns:
            The status that each then has, by id.

        Raises:
            ApiError: nothing has that id, or time would go back.
        """
        chosen = self._pacer.moving() if object_id is None else [object_id]
        statuses = {chosen_id: self._status(chosen_id) for chosen_id in chosen}
        if seconds is None:
            for chosen_id in statuses:
                for _ in range(steps):
                    self._advance(chosen_id)
        else:
            if seconds < 0:
                raise ApiError(400, f"Time goes forward only; found {seconds}.", param="seconds")
            self._clock.advance(seconds)
            for chosen_id in statuses:
                self._pacer.catch_up(chosen_id)
        return {chosen_id: self._status(chosen_id) for chosen_id in statuses}

    def _status(self, object_id: str) -> str:
        row = self._store.get(kind_of(object_id), object_id)
        if row is None:
            raise ApiError(404, f"No job and no batch has the id '{object_id}'.", param="id")
        return str(row.body["status"])

    def _requeue(self) -> None:
        for object_id in self._pacer.moving():
            self._pacer.queued(object_id)

    # --- clients ----------------------------------------------------------------------------------

    def conduct(self) -> list[Finding]:
        """What clients should not have done, as far as the log goes back."""
        records = list(self.requests)
        return findings(records, self._creations.alike(records))
