"""Files that come in parts."""

from __future__ import annotations

from pitchpipe.service.engine.uploads import MOST_PART, Uploads
from pitchpipe.service.http import ApiError, Request, Response
from pitchpipe.service.protocol import multipart, params
from pitchpipe.service.router import Route


class UploadRoutes:
    """The routes under ``/v1/uploads``.

    Args:
        uploads: the uploads.
    """

    def __init__(self, uploads: Uploads) -> None:
        self._uploads = uploads

    def routes(self) -> tuple[Route, ...]:
        """What clients may ask for."""
        return (
            Route("POST", "/uploads", self.create),
            Route("POST", "/uploads/*/parts", self.add_part),
            Route("POST", "/uploads/*/complete", self.complete),
            Route("POST", "/uploads/*/cancel", self.cancel),
        )

    def create(self, request: Request) -> Response:
        """Begins an upload."""
        asked = params.check(params.CreateUpload, request.json())
        lifetime = asked.expires_after.seconds if asked.expires_after else None
        upload = self._uploads.create(asked.filename, asked.purpose, asked.bytes, lifetime)
        return Response.of_json(upload)

    def add_part(self, request: Request, upload_id: str) -> Response:
        """Adds a part."""
        part = multipart.parse(request).get("data")
        if part is None:
            raise ApiError(
                400,
                "Missing required parameter: 'data'.",
                param="data",
                code="missing_required_parameter",
            )
        if len(part.content) > MOST_PART:
            raise ApiError(
                413,
                f"A part has at most {MOST_PART} bytes; found {len(part.content)}.",
                param="data",
                code="request_too_large",
            )
        return Response.of_json(self._uploads.add_part(upload_id, part.content))

    def complete(self, request: Request, upload_id: str) -> Response:
        """Makes the parts a file."""
        asked = params.check(params.CompleteUpload, request.json())
        return Response.of_json(self._uploads.complete(upload_id, asked.part_ids, asked.md5))

    def cancel(self, _: Request, upload_id: str) -> Response:
        """Gives an upload up."""
        return Response.of_json(self._uploads.cancel(upload_id))
