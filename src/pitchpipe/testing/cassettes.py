"""Settings of vcrpy for recordings of the fine-tuning API that can be published.

Requests match on method, path, query and body, and on nothing that a version of a client decides: a
recording made through openai 3.x plays through 2.x. What is recorded holds no key, organisation,
cookie, request id or date; only the headers that change an answer's meaning are kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from pitchpipe.addresses import is_secret_name
from pitchpipe.errors import DataError
from pitchpipe.redaction import SECRETS, redact

if TYPE_CHECKING:
    from vcr import VCR
    from vcr.request import Request

RecordMode = Literal["none", "once", "new_episodes", "all"]

SERVICE = "http://service.invalid"
"""The host in every recording, whichever was asked."""

BASE_URL = f"{SERVICE}/v1"
"""What a client is given to play a recording."""

_BOUNDARY = "pitchpipe"
_REQUEST_HEADERS = frozenset({"content-type"})
_RESPONSE_HEADERS = frozenset({"content-type", "retry-after", "retry-after-ms", "x-should-retry"})

_IDENTITIES = ("organization_id", "organization", "project", "project_id", "request_id", "user_id")
_IDENTITY = re.compile(rb'"(%s)"(\s*:\s*)"(?:[^"\\]|\\.)*"' % "|".join(_IDENTITIES).encode())
# a tuned model's name is ft:BASE:ORGANISATION:SUFFIX:ID
_TUNED = re.compile(r"\bft:([^:\s\"/]+):[^:\s\"/]*:")
_TUNED_BYTES = re.compile(_TUNED.pattern.encode())
_NEUTRAL_NAME = r"ft:\1:org:"

_SUSPECTS: Mapping[str, re.Pattern[str]] = {
    "a key": SECRETS,
    "credentials in a URL": re.compile(r"://[^\s/?#@\[\]]+@"),
    "a cookie": re.compile(r"(?i)\b(?:set-)?cookie\b"),
    "an organisation": re.compile(
        r"(?i)openai-(?:organization|project)|\borg-\w{4,}|\bproj_\w{4,}"
    ),
    "a request id": re.compile(r"(?i)x-request-id|\bcf-ray\b|\breq_\w{8,}"),
}


def recorder(folder: Path, mode: RecordMode = "none") -> VCR:
    """A recorder whose ``use_cassette("name.yaml")`` records into, or plays from, a folder.

    Args:
        folder: where the recordings are.
        mode: vcrpy's record mode; "none" plays and never sends anything, "all" records anew.

    Raises:
        DataError: from ``use_cassette``, where the file is there and is no recording.
    """
    import vcr

    made = vcr.VCR(
        cassette_library_dir=str(folder),
        record_mode=vcr.record_mode.RecordMode(mode),
        match_on=("method", "path", "query", "body"),
        decode_compressed_response=True,
        before_record_request=neutral_request,
        before_record_response=neutral_response,
    )
    made.register_persister(_files())
    return made


def _files() -> Any:
    """What reads and writes cassettes; a damaged one is named, not taken for an absent one."""
    from vcr.persisters.filesystem import CassetteNotFoundError, FilesystemPersister

    class Files(FilesystemPersister):  # type: ignore[misc]  # vcrpy has no types
        @classmethod
        def load_cassette(cls, cassette_path: Path, serializer: Any) -> Any:
            try:
                requests, responses, *more = super().load_cassette(cassette_path, serializer)
                # vcrpy does the same later, where nobody could tell which file is to blame
                requests = [neutral_request(request) for request in requests]
                responses = [neutral_response(response) for response in responses]
                return requests, responses, *more
            except CassetteNotFoundError:
                raise
            except Exception as error:
                reason = f"{type(error).__name__}: {error}"
                raise DataError(
                    f"{cassette_path}: cannot be read as a recording ({reason}). Restore the file, "
                    "or delete it and record it again."
                ) from error

    return Files


def neutral_request(request: Request) -> Request:
    """The request without its sender: fixed host, boundary and order of form fields, no secrets.

    vcrpy calls it when recording, when matching and when loading; doing it twice changes nothing.
    """
    parts = urlsplit(request.uri)
    kept = [pair for pair in parts.query.split("&") if not is_secret_name(pair.partition("=")[0])]
    query = f"?{'&'.join(kept)}" if parts.query and kept else ""
    request.uri = SERVICE + _TUNED.sub(_NEUTRAL_NAME, parts.path) + query
    body = request.body
    content_type = request.headers.get("content-type", "")
    headers = {
        name.lower(): value
        for name, value in request.headers.items()
        if name.lower() in _REQUEST_HEADERS
    }
    if body and content_type.startswith("multipart/form-data"):
        body = _neutral_form(content_type, _bytes(body))
        headers["content-type"] = f"multipart/form-data; boundary={_BOUNDARY}"
    request.headers = headers
    request.body = _neutral_body(_bytes(body)) if body else None
    return request


def neutral_response(response: dict[str, Any]) -> dict[str, Any]:
    """The response without its service: known headers only, and no secrets."""
    response["headers"] = {
        name.lower(): value
        for name, value in response["headers"].items()
        if name.lower() in _RESPONSE_HEADERS
    }
    response["body"] = {"string": _neutral_body(_bytes(response["body"]["string"]))}
    return response


def find_secrets(text: str) -> Iterator[tuple[int, str, str]]:
    """What in a recording looks as if it should not be published.

    Args:
        text: the recording.

    Yields:
        The line's number, what it seems to be, and the words.
    """
    for number, line in enumerate(text.splitlines(), 1):
        for kind, pattern in _SUSPECTS.items():
            for found in pattern.finditer(line):
                yield number, kind, found[0]


def _neutral_form(content_type: str, body: bytes) -> bytes:
    from pitchpipe.service.http import Request as FormRequest
    from pitchpipe.service.protocol.multipart import parse

    form = FormRequest("POST", "/", headers={"content-type": content_type}, body=body)
    lines: list[bytes] = []
    for name, part in sorted(parse(form).items()):
        filename = "" if part.filename is None else f'; filename="{part.filename}"'
        lines += [
            f"--{_BOUNDARY}".encode(),
            f'Content-Disposition: form-data; name="{name}"{filename}'.encode(),
            b"",
            bytes(part.content),
        ]
    return b"\r\n".join([*lines, f"--{_BOUNDARY}--".encode(), b""])


def _neutral_body(body: bytes) -> bytes:
    body = _IDENTITY.sub(rb'"\1"\2"neutral"', body)
    body = _TUNED_BYTES.sub(_NEUTRAL_NAME.encode(), body)
    try:
        return redact(body.decode()).encode()
    except UnicodeDecodeError:
        return body


def _bytes(body: bytes | str) -> bytes:
    return body.encode() if isinstance(body, str) else body
