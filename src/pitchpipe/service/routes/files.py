"""Uploaded files, and those that the service writes."""

from __future__ import annotations

from typing import get_args
from urllib.parse import quote

from pitchpipe.service.engine.files import Files
from pitchpipe.service.http import JSON, ApiError, Request, Response
from pitchpipe.service.protocol import multipart, params
from pitchpipe.service.protocol.paging import order, page
from pitchpipe.service.router import Route
from pitchpipe.service.storage.store import Filter, Store

PURPOSES: tuple[str, ...] = get_args(params.Purpose)
"""What an upload may be for."""

_MOST = 10_000
_FIELDS = frozenset(("file", "purpose", "expires_after[anchor]", "expires_after[seconds]"))


class FileRoutes:
    """The routes under ``/v1/files``.

    Args:
        store: where files are listed.
        files: the files.
    """

    def __init__(self, store: Store, files: Files) -> None:
        self._store = store
        self._files = files

    def routes(self) -> tuple[Route, ...]:
        """What clients may ask for."""
        return (
            Route("GET", "/files", self.list),
            Route("POST", "/files", self.create),
            Route("GET", "/files/*", self.retrieve, quick=True),
            Route("DELETE", "/files/*", self.delete),
            Route("GET", "/files/*/content", self.content),
        )

    def create(self, request: Request) -> Response:
        """Uploads a file."""
        form = multipart.parse(request)
        unknown = next((name for name in form if name not in _FIELDS), None)
        if unknown is not None:
            raise ApiError(
                400,
                f"Unknown parameter: '{unknown}'.",
                param=unknown,
                code="unknown_parameter",
            )
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
        file = self._files.accept(upload.filename, upload.content, purpose, lifetime)
        return Response.of_json(file)

    def list(self, request: Request) -> Response:
        """Lists files, newest first unless ``order`` says otherwise."""
        newest_first = order(request, "asc", "desc", "desc") == "desc"
        self._files.expire()
        purpose = request.get("purpose")
        found = page(
            self._store,
            request,
            "file",
            Filter(wanted={"purpose": purpose} if purpose else None),
            default=_MOST,
            most=_MOST,
            newest_first=newest_first,
        )
        return Response.of_json(found.to_json() | found.ends(""))

    def retrieve(self, _: Request, file_id: str) -> Response:
        """Describes a file."""
        return Response.of_json(self._files.get(file_id).body)

    def content(self, _: Request, file_id: str) -> Response:
        """Gives a file back, byte for byte."""
        row = self._files.get(file_id)
        content = self._files.pieces(row)
        headers = {
            "content-type": "application/octet-stream",
            "content-disposition": _attached(row.body["filename"]),
        }
        if not isinstance(content, bytes):
            headers["content-length"] = str(row.body["bytes"])
        return Response(200, headers, content)

    def delete(self, _: Request, file_id: str) -> Response:
        """Deletes a file."""
        self._files.drop(self._files.get(file_id).id)
        return Response.of_json({"id": file_id, "object": "file", "deleted": True})


def _attached(filename: str) -> str:
    """A header by which browsers save a file and show nothing of it (RFC 6266)."""
    quoted = quote(filename, safe="", errors="replace")
    named = f'filename="{filename}"' if quoted == filename else f"filename*=UTF-8''{quoted}"
    return f"attachment; {named}"


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
