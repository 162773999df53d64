"""Uploading a file once, whatever is interrupted."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pitchpipe.default_plugins.openai_client import Connection
from pitchpipe.errors import RunError
from pitchpipe.stages import Ledger

if TYPE_CHECKING:
    from openai import OpenAI


def upload(
    connection: Connection,
    client: OpenAI,
    path: Path,
    purpose: Literal["fine-tune", "batch"],
    step: str,
    ledger: Ledger,
) -> str:
    """The identifier of a file at the service with these bytes, uploaded if need be.

    The file's name there begins with its digest, so that an upload whose reply was lost is found
    again by name and size.

    Args:
        connection: how patiently to try.
        client: an open client of it.
        path: the file.
        purpose: what the API is told that it is for.
        step: the ledger's name for it.
        ledger: where it is written down.

    Raises:
        RunError: an earlier attempt at the step had other bytes.
    """
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    name, size = f"{digest[:16]}-{path.name}", path.stat().st_size
    done = ledger.outcome(step)
    first = done or ledger.intend(step, {"filename": name, "bytes": size})
    if first["filename"] != name:
        raise RunError(
            f"{path}: its contents differ from those this run began to upload as "
            f"{first['filename']}. Start a new run for the new contents."
        )
    if done:
        return str(done["file_id"])

    def find() -> str | None:
        for file in client.files.list(purpose=purpose, limit=10_000):
            if (file.filename, file.bytes) == (name, size) and file.status != "error":
                return file.id
        return None

    def create() -> str:
        with path.open("rb") as stream:
            return client.files.create(file=(name, stream), purpose=purpose).id

    # looked for even at first: another run may have uploaded the same bytes
    file_id = connection.once(find, create, fresh=False)
    ledger.done(step, {"file_id": file_id, "filename": name})
    return file_id
