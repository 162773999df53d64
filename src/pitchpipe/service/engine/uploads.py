"""Files that come in parts."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Sequence

from pitchpipe.service.engine.files import Files
from pitchpipe.service.http import JSON, ApiError
from pitchpipe.service.storage.blobs import Blobs, Buffer, Joined
from pitchpipe.service.storage.store import Filter, Row, Store

LIFETIME = 3600
"""Seconds that an upload waits for its parts."""

MOST_PART = 64 << 20
"""Bytes of one part: the vendor's own limit."""


class Uploads:
    """Uploads by id; their parts are kept until they are a file, or never will be.

    Args:
        store: where they are listed.
        blobs: where the parts' bytes are.
        files: what they become.
        clock: Unix seconds.
    """

    def __init__(
        self, store: Store, blobs: Blobs, files: Files, clock: Callable[[], float]
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._files = files
        self._clock = clock

    def create(self, filename: str, purpose: str, size: int, lifetime: int | None) -> JSON:
        """Begins an upload.

        Args:
            filename: as the client calls it.
            purpose: of the file.
            size: bytes of the file.
            lifetime: seconds after which the file is gone, None for never.
        """
        now = int(self._clock())
        body: JSON = {
            "id": self._store.new_id("upload_"),
            "object": "upload",
            "bytes": size,
            "created_at": now,
            "expires_at": now + LIFETIME,
            "filename": filename,
            "purpose": purpose,
            "status": "pending",
        }
        self._store.add("upload", body["id"], body, private={"lifetime": lifetime})
        return body

    def add_part(self, upload_id: str, content: Buffer) -> JSON:
        """Keeps a part.

        Raises:
            ApiError: the upload takes no more.
        """
        self._pending(upload_id)
        part_id = self._store.new_id("part_")
        body: JSON = {
            "id": part_id,
            "object": "upload.part",
            "created_at": int(self._clock()),
            "upload_id": upload_id,
        }
        self._blobs.write(part_id, content)
        with self._store.transaction():
            self._pending(upload_id)
            private = {"bytes": len(content)}
            self._store.add("part", part_id, body, parent=upload_id, private=private)
        return body

    def complete(self, upload_id: str, part_ids: Sequence[str], md5: str | None) -> JSON:
        """Makes the parts a file.

        Args:
            upload_id: whose.
            part_ids: in the order of the file.
            md5: of the file, in hexadecimal, to compare.

        Raises:
            ApiError: the upload has ended, or the parts are not the file it announced.
        """
        with self._claimed(upload_id) as row:
            content = self._joined(row, part_ids)
            if md5 is not None and md5.lower() != self._md5(content):
                raise ApiError(
                    400,
                    "The checksum of the parts is not the 'md5' that was given.",
                    param="md5",
                    code="invalid_checksum",
                )
            lifetime = row.private["lifetime"]
            name, purpose = row.body["filename"], row.body["purpose"]
            file = self._files.accept(name, content, purpose, lifetime)
            return self._end(upload_id, "completed", file=file)

    def cancel(self, upload_id: str) -> JSON:
        """Gives an upload up.

        Raises:
            ApiError: it has ended.
        """
        with self._claimed(upload_id):
            return self._end(upload_id, "cancelled")

    def expire(self) -> None:
        """Ends every upload whose time is over, and forgets its parts."""
        for upload_id in self._store.with_status("upload", "pending"):
            with contextlib.suppress(ApiError):
                self._pending(upload_id)

    @contextlib.contextmanager
    def _claimed(self, upload_id: str) -> Iterator[Row]:
        """A pending upload, which nobody else ends meanwhile.

        The upload is looked up before it is claimed: what a client wrote names no lock.
        """
        self._pending(upload_id)
        with self._blobs.claim(upload_id, wait=True):
            yield self._pending(upload_id)

    def _pending(self, upload_id: str) -> Row:
        row = self._store.get("upload", upload_id)
        if row is None:
            raise ApiError(404, f"No such Upload object: {upload_id}", param="upload_id")
        status = row.body["status"]
        if status == "pending" and row.body["expires_at"] <= self._clock():
            status = self._end(upload_id, "expired")["status"]
        if status != "pending":
            raise ApiError(
                400,
                f"Upload {upload_id} has status '{status}'; expected 'pending'.",
                param="upload_id",
                code="invalid_status",
            )
        return row

    def _end(self, upload_id: str, status: str, **more: JSON) -> JSON:
        with self._store.transaction():
            row = self._store.get("upload", upload_id)
            assert row is not None  # noqa: S101 - uploads are never deleted
            row.body.update(status=status, **more)
            self._store.update(row)
            parts = self._store.rows("part", Filter(upload_id))
            for part in parts:
                self._store.delete("part", part.id)
        for part in parts:
            self._blobs.drop(part.id)
        return row.body

    def _joined(self, row: Row, part_ids: Sequence[str]) -> Joined:
        parts = {part.id: part for part in self._store.rows("part", Filter(row.id))}
        unknown = next((part_id for part_id in part_ids if part_id not in parts), None)
        if unknown is not None or len(set(part_ids)) < len(part_ids):
            problem = f"{unknown} is no part of it" if unknown else "a part is named twice"
            raise ApiError(
                400,
                f"Upload {row.id} cannot be completed: {problem}.",
                param="part_ids",
                code="invalid_part",
            )
        size = sum(parts[part_id].private["bytes"] for part_id in part_ids)
        if size != row.body["bytes"]:
            raise ApiError(
                400,
                f"The parts have {size} bytes, but the upload announced {row.body['bytes']}.",
                param="bytes",
                code="invalid_size",
            )
        return Joined(part_ids, size)

    def _md5(self, content: Joined) -> str:
        digest = hashlib.md5(usedforsecurity=False)
        for key in content.keys:
            for piece in self._blobs.pieces(key):
                digest.update(piece)
        return digest.hexdigest()
