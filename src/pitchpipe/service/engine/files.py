"""Uploaded files, and those that the service writes."""

from __future__ import annotations

from collections.abc import Callable

from pitchpipe.service.http import JSON, ApiError, Request, Response
from pitchpipe.service.protocol import multipart, params
from pitchpipe.service.protocol.paging import page
from pitchpipe.service.storage.blobs import Blobs
from pitchpipe.service.storage.store import Filter, Row, Store

PURPOSES = ("assistants", "batch", "fine-tune", "vision", "user_data", "evals")
"""What an upload may be for."""

_MOST = 10_000


class Files:
    """The routes under ``/v1/files``, and the files' contents for the rest of the service.

    Args:
        store: where they are listed.
        blobs: where their bytes are.
        clock: Unix seconds.
    """

    def __init__(self, store: Store, blobs: Blobs, clock: Callable[[], float]) -> None:
        self._store = store
        self._blobs = blobs
        self._clock = clock

    def create(self, request: Request) -> Response:
        """Uploads a file."""
        form = multipart.parse(request)
        upload = form.get("file")
        if upload is None or upload.filename is None:
            raise _missing("file")
        if "purpose" not in form:
            raise _missing("purpose")
        purpose = form["purpose"].text
        if purpose not in PURPOSES:
            raise ApiError(
                400,
                f"Invalid value: '{purpose}'. Supported values are: "
                f"{', '.join(map(repr, PURPOSES))}.",
                param="purpose",
                code="invalid_value",
            )
        expiry = {
            name: form[f"expires_after[{name}]"].text
            for name in ("anchor", "seconds")
            if f"expires_after[{name}]" in form
        }
        lifetime = _lifetime(expiry) if expiry else None
        return Response.of_json(self.add(upload.filename, upload.content, purpose, lifetime))

    def list(self, request: Request) -> Response:
        """Lists files, newest first unless ``order`` says otherwise."""
        order = request.get("order") or "desc"
        if order not in ("asc", "desc"):
            raise ApiError(
                400,
                f"Invalid value: '{order}'. Supported values are: 'asc' and 'desc'.",
                param="order",
                code="invalid_value",
            )
        self._expire()
        purpose = request.get("purpose")
        found = page(
            self._store,
            request,
            "file",
            Filter(wanted={"purpose": purpose} if purpose else None),
            default=_MOST,
            most=_MOST,
            newest_first=order == "desc",
        )
        return Response.of_json(found.to_json() | found.ends(""))

    def retrieve(self, _: Request, file_id: str) -> Response:
        """Describes a file."""
        return Response.of_json(self._get(file_id).body)

    def content(self, _: Request, file_id: str) -> Response:
        """Gives a file back, byte for byte."""
        content = self.read(self._get(file_id).id)
        return Response(200, {"content-type": "application/octet-stream"}, content)

    def delete(self, _: Request, file_id: str) -> Response:
        """Deletes a file."""
        self._drop(self._get(file_id).id)
        return Response.of_json({"id": file_id, "object": "file", "deleted": True})

    def add(self, filename: str, content: bytes, purpose: str, lifetime: int | None = None) -> JSON:
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
        """The file, if it is there and has not expired."""
        row = self._store.get("file", file_id)
        if row is not None and row.body.get("expires_at", self._clock() + 1) <= self._clock():
            self._drop(file_id)
            return None
        return row

    def read(self, file_id: str) -> bytes:
        """The bytes of a file that was found.

        Raises:
            ApiError: it has been deleted since.
        """
        try:
            return self._blobs.read(file_id)
        except FileNotFoundError:
            raise _unknown(file_id) from None

    def _get(self, file_id: str) -> Row:
        row = self.find(file_id)
        if row is None:
            raise _unknown(file_id)
        return row

    def _expire(self) -> None:
        for row in self._store.rows("file"):
            if "expires_at" in row.body:
                self.find(row.id)

    def _drop(self, file_id: str) -> None:
        self._store.delete("file", file_id)
        self._blobs.drop(file_id)


def _lifetime(expiry: JSON) -> int:
    if "seconds" in expiry and expiry["seconds"].isdecimal() and len(expiry["seconds"]) < 10:
        expiry["seconds"] = int(expiry["seconds"])
    try:
        return params.check(params.ExpiresAfter, expiry).seconds
    except ApiError as error:
        error.body["error"]["param"] = f"expires_after.{error.body['error']['param']}"
        raise


def _missing(name: str) -> ApiError:
    return ApiError(
        400,
        f"Missing required parameter: '{name}'.",
        param=name,
        code="missing_required_parameter",
    )


def _unknown(file_id: str) -> ApiError:
    return ApiError(404, f"No such File object: {file_id}", param="id")
