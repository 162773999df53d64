"""Everything the service holds, put aside and brought back."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from pitchpipe.service.engine.counts import Counts
from pitchpipe.service.engine.numbers import Numbers
from pitchpipe.service.http import ApiError
from pitchpipe.service.storage.blobs import Blobs
from pitchpipe.service.storage.store import Store

_DATABASE = "service.sqlite3"
_NUMBERS = "numbers.json"
_COUNTS = "counts.json"


class Snapshots:
    """Copies of the objects, their bytes, the saved models and the numbers that make ids.

    While one is taken or brought back no job and no batch is moved on, by whichever process.
    Requests should not be under way either: what one is about to add may be lost.

    Args:
        folder: where to keep them.
        store: the objects.
        blobs: bytes and models.
        numbers: by name, those that are in memory.
        counts: of equal requests.
    """

    def __init__(
        self,
        folder: Path,
        store: Store,
        blobs: Blobs,
        numbers: Mapping[str, Numbers],
        counts: Counts,
    ) -> None:
        self._folder = folder
        self._store = store
        self._blobs = blobs
        self._numbers = numbers
        self._counts = counts

    def names(self) -> list[str]:
        """Which there are, oldest first."""
        if not self._folder.is_dir():
            return []
        numbers = sorted(int(path.name) for path in self._folder.iterdir() if path.name.isdecimal())
        return [f"snapshot-{number}" for number in numbers]

    def take(self) -> str:
        """Puts everything aside.

        Returns:
            The snapshot's name.
        """
        with self._blobs.halted():
            number = 1 + max((int(name.split("-")[1]) for name in self.names()), default=0)
            partial = self._folder / f".{number}"
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            with self._store.saving(partial / _DATABASE):
                self._blobs.save(partial)
            _disown(partial / _DATABASE)
            last = {name: numbers.last for name, numbers in self._numbers.items()}
            (partial / _NUMBERS).write_text(json.dumps(last))
            (partial / _COUNTS).write_text(json.dumps(self._counts.to_json()))
            partial.rename(self._folder / str(number))
        return f"snapshot-{number}"

    def bring_back(self, name: str) -> None:
        """Replaces everything by a snapshot; it stays, and may be brought back again.

        If the process is killed meanwhile, it is to be brought back once more.

        Raises:
            ApiError: there is none of that name.
        """
        if name not in self.names():
            raise ApiError(404, f"There is no snapshot '{name}'.", param="name")
        folder = self._folder / name.removeprefix("snapshot-")
        with self._blobs.halted():
            self._store.load(folder / _DATABASE)
            self._blobs.load(folder)
            for key, last in json.loads((folder / _NUMBERS).read_text()).items():
                self._numbers[key].last = last
            counts = folder / _COUNTS  # which older snapshots lack
            self._counts.restore(json.loads(counts.read_text()) if counts.exists() else {})

    def reset(self, seed: int | None) -> None:
        """Forgets everything but the snapshots.

        Args:
            seed: makes the ids that follow; None for the present one.
        """
        with self._blobs.halted():
            self._store.clear(seed)
            self._blobs.clear()
            for numbers in self._numbers.values():
                numbers.last = 0
            self._counts.restore({})

    def reseed(self, seed: int) -> None:
        """Makes the ids and choices that follow those of another seed, and of the first requests.

        Args:
            seed: as in ``reset``.
        """
        self._store.reseed(seed)
        self._counts.restore({})


def _disown(database: Path) -> None:
    """Lets no process go on with a job from what it remembers, which may be of another course."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(
            "UPDATE objects SET private = json_remove(private, '$.owner') WHERE kind = 'job'"
        )
