"""Reading a job's result file."""

from __future__ import annotations

import base64
import binascii
import io

import pandas as pd

from pitchpipe.errors import ServiceError


def read_results(content: bytes, file_id: str) -> pd.DataFrame:
    """The table in a result file, one row a step, columns as its header names them.

    Args:
        content: CSV with a header, or the base64 text of it, with or without line breaks: OpenAI's
            service and the offline one serve base64, others and older data folders CSV.
        file_id: the file's identifier, for messages.

    Raises:
        ServiceError: it is neither.
    """
    for candidate in (content, _decoded(content)):
        header = candidate.partition(b"\n")[0]
        if b"step" in header.lower() and b"," in header:
            try:
                return pd.read_csv(io.BytesIO(candidate))
            except (ValueError, UnicodeDecodeError) as error:
                raise ServiceError(f"result file {file_id}: cannot be read: {error}") from None
    raise ServiceError(
        f"result file {file_id}: expected CSV with a column 'step'; found {content[:60]!r}."
    )


def _decoded(content: bytes) -> bytes:
    try:
        return base64.b64decode(b"".join(content.split()), validate=True)
    except binascii.Error:
        return b""
