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
from pitchpipe.service.storage.errors import naming
from pitchpipe.service.storage.layout import Layout, close_all
from pitchpipe.service.storage.store import Store

_DATABASE = "service.sqlite3"
_NUMBERS = "numbers.json"
_COUNTS = "counts.json"


class Snapshots:
    """Copies of the objects, their bytes, the saved models and the numbers that make ids.

    While one is taken or brought back no job and no batch is moved on, by whichever process.
    Requests should not be under way either: what one is about to add may be lost.

    Args:
        layout: says where to keep them.
        store: the objects.
        blobs: bytes and models.
        numbers: by name, those that are in memory.
        counts: of equal requests.
    """

    def __init__(
        self,
        layout: Layout,
        store: Store,
        blobs: Blobs,
        numbers: Mapping[str, Numbers],
        counts: Counts,
    ) -> None:
        self._layout = layout
        self._store = store
        self._blobs = blobs
        self._numbers = numbers
        self._counts = counts

    def names(self) -> list[str]:
        """Which there are, oldest first."""
        return [f"snapshot-{number}" for number in self._layout.snapshot_numbers()]

    def take(self) -> str:
        """Puts everything aside.

        Returns:
            The snapshot's name.

        Raises:
            StorageError: there is no room for it.
        """
        with self._blobs.halted():
            number = 1 + max(self._layout.snapshot_numbers(), default=0)
            partial = self._layout.unfinished_snapshot(number)
            with naming(partial):
                shutil.rmtree(partial, ignore_errors=True)
                try:
                    self._fill(partial)
                    partial.rename(self._layout.snapshot(number))
                except BaseException:
                    shutil.rmtree(partial, ignore_errors=True)
                    raise
        return f"snapshot-{number}"

    def _fill(self, folder: Path) -> None:
        folder.mkdir(0o700)
        with self._store.saving(folder / _DATABASE):
            self._blobs.save(folder)
        _disown(folder / _DATABASE)
        last = {name: numbers.last for name, numbers in self._numbers.items()}
        (folder / _NUMBERS).write_text(json.dumps(last))
        (folder / _COUNTS).write_text(json.dumps(self._counts.to_json()))
        close_all(folder)

    def bring_back(self, name: str) -> None:
        """Replaces everything by a snapshot; it stays, and may be brought back again.

        If the process is killed meanwhile, it is to be brought back once more.

        Raises:
            ApiError: there is none of that name.
        """
        numbers = {f"snapshot-{number}": number for number in self._layout.snapshot_numbers()}
        if name not in numbers:
            raise ApiError(404, f"There is no snapshot '{name}'.", param="name")
        folder = self._layout.snapshot(numbers[name])
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
