"""Which requests created jobs and batches, and what makes two of those the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from pitchpipe.service.control.fault import Ask
from pitchpipe.service.control.requestlog import Record
from pitchpipe.service.engine.pace import kind_of
from pitchpipe.service.http import Request, Response
from pitchpipe.service.storage.blobs import Blobs
from pitchpipe.service.storage.store import Store

_PATHS = frozenset({"/v1/fine_tuning/jobs", "/v1/fine-tunes", "/v1/batches"})
_FILES = ("training_file", "validation_file", "input_file_id")
_UNDONE = frozenset({"failed", "cancelled", "cancelling", "expired"})


def noting(ask: Ask, request: Request, record: Record) -> Ask:
    """What answers a request and notes in its record what was created, whatever becomes of that.

    Args:
        ask: answers it.
        request: the request.
        record: its record.
    """
    if request.method != "POST" or request.path not in _PATHS:
        return ask

    def ask_and_note(request: Request) -> Response:
        response = ask(request)
        if response.status == 200 and isinstance(response.body, bytes):
            options = {name: value for name, value in request.json().items() if name not in _FILES}
            record.created = json.loads(response.body)["id"]
            record.options = _sha256(json.dumps(options, sort_keys=True).encode())
        return response

    return ask_and_note


class Creations:
    """The jobs and batches that clients created.

    Args:
        store: where they are.
        blobs: what their files hold.
    """

    def __init__(self, store: Store, blobs: Blobs) -> None:
        self._store = store
        self._blobs = blobs

    def alike(self, records: Iterable[Record]) -> list[list[Record]]:
        """Requests that created the same thing: equal options, and files of equal content.

        What has failed, was cancelled or is gone does not count.
        """
        groups: dict[tuple[str, ...], list[Record]] = {}
        for record in records:
            row = record.created and self._store.get(kind_of(record.created), record.created)
            if row and row.body["status"] not in _UNDONE:
                files = [self._content(row.body.get(name)) for name in _FILES]
                groups.setdefault((record.path, record.options, *files), []).append(record)
        return [group for group in groups.values() if len(group) > 1]

    def _content(self, file_id: str | None) -> str:
        """What tells a file's content from another's; its id, if it is gone."""
        if file_id is None:
            return ""
        try:
            return _sha256(self._blobs.read(file_id))
        except FileNotFoundError:
            return file_id


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
