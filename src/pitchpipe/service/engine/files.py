"""The files that jobs and batches read and write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

from pitchpipe.service.engine.mishaps import Mishaps
from pitchpipe.service.http import JSON, ApiError
from pitchpipe.service.storage.blobs import Blobs, Buffer, Joined
from pitchpipe.service.storage.store import Row, Store

_LARGE = 4 << 20  # bytes that are not held in memory to be sent


class Files:
    """Files by id.

    Args:
        store: where they are listed.
        blobs: where their bytes are.
        clock: Unix seconds.
        mishaps: strike files that clients send.
    """

    def __init__(
        self, store: Store, blobs: Blobs, clock: Callable[[], float], mishaps: Mishaps
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._clock = clock
        self._mishaps = mishaps

    def accept(
        self,
        filename: str,
        content: Buffer | Joined,
        purpose: str,
        lifetime: int | None = None,
    ) -> JSON:
        """Keeps a file that a client sends, whole or in parts that are now complete.

        The arguments are as for ``add``. What is given back is how the API shows the file now; it
        may yet turn out to be no good.
        """
        body = self.add(filename, content, purpose, lifetime)
        fault = self._mishaps.for_file(filename, purpose)
        if fault is None:
            return body
        with self._store.transaction():
            row = self.get(body["id"])
            row.body.update(status="error", status_details=fault["details"])
            self._store.update(row)
        return body | {"status": "uploaded"}

    def add(
        self, filename: str, content: Buffer | Joined, purpose: str, lifetime: int | None = None
    ) -> JSON:
        """Keeps a file.

        Args:
            filename: as the client calls it.
            content: its bytes.
            purpose: what it is for.
            lifetime: seconds after which it is gone, None for never.

        Returns:
            The file as the API shows it.
        """
        now = int(self._clock())
        body: JSON = {
            "id": self._store.new_id("file-"),
            "object": "file",
            "bytes": len(content),
            "created_at": now,
            "filename": filename,
            "purpose": purpose,
            "status": "processed",
        }
        if lifetime is not None:
            body["expires_at"] = now + lifetime
        self._blobs.write(body["id"], content)
        self._store.add("file", body["id"], body)
        return body

    def find(self, file_id: str) -> Row | None:
        """The file, if it is there and has not expired.

        It only looks, for an event loop does that itself; ``expire`` deletes.
        """
        row = self._store.get("file", file_id)
        return None if row is None or self._is_over(row) else row

    def read(self, file_id: str) -> bytes:
        """The bytes of a file that was found.

        Raises:
            ApiError: it has been deleted since.
        """
        try:
            return self._blobs.read(file_id)
        except FileNotFoundError:
            raise _unknown(file_id) from None

    def pieces(self, row: Row) -> bytes | Iterator[bytes]:
        """The bytes of a file that was found; those of a large one in pieces.

        Raises:
            ApiError: it has been deleted since.
        """
        if row.body["bytes"] <= _LARGE:
            return self.read(row.id)
        pieces = self._blobs.pieces(row.id)
        try:
            # opens the file: who has it open may read on, whatever becomes of it
            first = next(pieces)
        except FileNotFoundError:
            raise _unknown(row.id) from None
        return chain((first,), pieces)

    def get(self, file_id: str) -> Row:
        """The file.

        Raises:
            ApiError: it is not there.
        """
        row = self.find(file_id)
        if row is None:
            raise _unknown(file_id)
        return row

    def trouble(self, file_id: str) -> str | None:
        """What is wrong with a file as a whole, None if it can be read."""
        row = self.find(file_id)
        if row is None:
            return f"the file {file_id} was deleted."
        if row.body["status"] == "error":
            return f"the file {file_id} was rejected: {row.body['status_details']}"
        return None

    def expire(self) -> None:
        """Deletes every file whose time is over."""
        for row in self._store.rows("file"):
            if self._is_over(row):
                self.drop(row.id)

    def _is_over(self, row: Row) -> bool:
        now = self._clock()
        return bool(row.body.get("expires_at", now + 1) <= now)

    def drop(self, file_id: str) -> None:
        """Deletes a file."""
        self._store.delete("file", file_id)
        self._blobs.drop(file_id)


def _unknown(file_id: str) -> ApiError:
    return ApiError(404, f"No such File object: {file_id}", param="id")
