"""Reading what a service holds: lists page by page, descriptions, and the contents of files."""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import json
import math
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeGuard, TypeVar

from pitchpipe import stopping
from pitchpipe.default_plugins.openai_client import Connection
from pitchpipe.default_plugins.openai_errors import service_message
from pitchpipe.errors import ServiceError
from pitchpipe.files import atomic, writing
from pitchpipe.hosted.addresses import service_address
from pitchpipe.hosted.pacing import RequestPace
from pitchpipe.redaction import redact

if TYPE_CHECKING:
    from openai import APIConnectionError, OpenAI, OpenAIError

T = TypeVar("T")

ListKind: TypeAlias = Literal["files", "jobs", "models", "batches", "events", "checkpoints"]
"""What the API lists; events and checkpoints are those of one job."""

ApiObject: TypeAlias = dict[str, Any]
"""An object as the service sent it, fields that nobody knows included."""

PAGE = 100
"""Objects that are asked for at a time."""

NOT_OFFERED = frozenset({404, 405, 501})
"""Statuses of a list that a service does not have."""

GONE = frozenset({404, 410})
"""Statuses of an object that is no longer there."""

_ACCOUNT_HEADERS = ("openai-organization", "openai-project")
_VANISHED = frozenset({400, 404})
_MAX_EARLIER_CURSORS = 5
_MAX_REASON = 300
_PIECE = 1 << 16
_SIZE_TRIES = 3
_MAX_LINE_ENDS = 2
_MAX_BASE64 = 64 << 20  # bytes that are decoded in memory
_PLAIN_ID = re.compile(r"(?!\.+$)[\w.:@+=~-]{1,512}", re.ASCII)


class ReadError(ServiceError):
    """Something that the service did not give.

    Args:
        message: why, without the address of the service.
        status: the HTTP status of its answer, None if no whole answer came.
        passing: whether the same request may succeed later.
        answered: whether the service works, and this answer is all there is to it.

    Attributes:
        status: as given.
        passing: as given.
        answered: as given.
    """

    def __init__(
        self,
        message: str,
        status: int | None = None,
        *,
        passing: bool = False,
        answered: bool = True,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.passing = passing
        self.answered = answered


@dataclass(frozen=True)
class Download:
    """The content of a file that is on disk.

    Attributes:
        bytes: how many there are.
        sha256: their digest, in hexadecimal.
    """

    bytes: int
    sha256: str


class HostedReader:
    """Asks a service for what it holds.

    Every request is a GET, waits where the service's limit on requests is used up, and is repeated
    as the connection's options say.

    Args:
        connection: which service, and how patiently.
        client: an open client of it.
        pace: holds requests back.

    Attributes:
        account: whose objects the answers were, as their headers say; "" for what they do not say.
        unreadable: how many entries of each kind of list had no id, and were left out.
    """

    def __init__(
        self, connection: Connection, client: OpenAI, pace: RequestPace | None = None
    ) -> None:
        self._connection = connection
        self._client = client
        self._pace = pace or RequestPace()
        self.account: dict[str, str] = {}
        self.unreadable: dict[ListKind, int] = {}

    def list(self, kind: ListKind, parent: str = "") -> Iterator[ApiObject]:
        """The objects of a list, in the order of the service, a page in memory at a time.

        An object that goes while the list is read does not end the list.

        Args:
            kind: what to list.
            parent: the job, for events and checkpoints.

        Raises:
            ReadError: the service refuses, fails, or does not answer with a list.
            OpenAIError: the key is refused.
        """
        if parent:
            check_id(parent)
        cursors: set[str] = set()
        last_page: list[str] = []
        while True:
            page = self._page(kind, parent, last_page)
            entries = _entries(page)
            ids = [entry["id"] for entry in entries if _has_id(entry)]
            if len(ids) < len(entries):
                self.unreadable[kind] = self.unreadable.get(kind, 0) + len(entries) - len(ids)
            has_more = page.get("has_more")
            if ids and ids[-1] in cursors:
                if not has_more:
                    return  # the service has no pages, and began again
                raise ReadError(f"the list of {kind} begins again after {ids[-1]!r}")
            known = set(last_page)
            for entry in entries:
                if _has_id(entry) and entry["id"] not in known:
                    yield entry
            if has_more is False or (has_more is None and len(entries) < PAGE):
                return
            if not ids:
                if has_more:
                    raise ReadError(f"the list of {kind} says that it goes on, and does not")
                return
            if kind == "models":
                return  # a list of models has no pages
            cursors.add(ids[-1])
            last_page = ids

    def file(self, file_id: str) -> ApiObject:
        """The description of a file.

        Raises:
            ReadError: the service refuses, fails, or answers with something else.
            OpenAIError: the key is refused.
        """
        check_id(file_id)
        found = self._json(lambda: self._client.files.with_raw_response.retrieve(file_id))
        if not _has_id(found):
            raise ReadError("the service answered with something that does not describe a file")
        return found

    def look(self) -> None:
        """Asks for one job, to learn whether the service answers and whose account it is.

        Raises:
            ReadError: the service cannot be reached, or fails.
            OpenAIError: the key is refused.
        """
        try:
            self._json(lambda: self._client.fine_tuning.jobs.with_raw_response.list(limit=1))
        except ReadError as failure:
            if failure.passing:
                raise

    def download(self, file_id: str, path: Path, size: int | None) -> Download:
        """Writes the content of a file to disk, piece by piece.

        Content of another size than the service names is kept beside it, as ``NAME.unchecked``.

        Args:
            file_id: the file.
            path: where it goes; it is whole or not there.
            size: how many bytes its description names, None if it names none.

        Raises:
            ReadError: the service refuses, fails, or does not send so many bytes.
            OpenAIError: the key is refused.
            WriteError: the disk is full, or the folder cannot be written to.
        """
        check_id(file_id)
        unchecked = path.with_name(f"{path.name}.unchecked")
        for _ in range(_SIZE_TRIES):
            found = self._attempt(lambda: self._download_once(file_id, unchecked, size))
            if size is None or found.bytes == size or _is_base64_of(unchecked, size):
                with writing(path, unchecked):
                    unchecked.replace(path)
                return found
        raise ReadError(
            f"{found.bytes} bytes come, and its description names {size}; "
            f"they are kept as {unchecked.name}",
            passing=True,
        )

    def _download_once(self, file_id: str, path: Path, size: int | None) -> Download:
        self._pace.wait()
        with self._client.files.with_streaming_response.content(file_id) as response:
            self._note(response.headers)
            digest, count = hashlib.sha256(), 0
            most = None if size is None else _base64_size(size) + _MAX_LINE_ENDS
            with atomic(path, "wb") as stream:
                for piece in _pieces(response):
                    stopping.check()
                    count += len(piece)
                    if most is not None and count > most:
                        raise _broken(response, f"more comes than the {size} bytes that it has")
                    stream.write(piece)
                    digest.update(piece)
        return Download(count, digest.hexdigest())

    def _page(self, kind: ListKind, parent: str, last_page: Sequence[str]) -> ApiObject:
        """The page after another; where its last object is gone, after one before that."""
        if not last_page:
            return self._object(kind, parent, None)
        vanished: ReadError | None = None
        for cursor in list(reversed(last_page))[:_MAX_EARLIER_CURSORS]:
            try:
                return self._object(kind, parent, cursor)
            except ReadError as failure:
                if failure.status not in _VANISHED:
                    raise
                vanished = vanished or failure
        raise vanished or ReadError(f"the list of {kind} breaks off")

    def _object(self, kind: ListKind, parent: str, cursor: str | None) -> ApiObject:
        page = self._json(lambda: self._ask(kind, parent, cursor))
        if not isinstance(page, dict):
            raise ReadError(f"the service answered with something that is not a list of {kind}")
        return page

    def _ask(self, kind: ListKind, parent: str, cursor: str | None) -> Any:
        from openai import omit

        after = cursor or omit
        jobs = self._client.fine_tuning.jobs
        match kind:
            case "files":
                return self._client.files.with_raw_response.list(limit=PAGE, after=after)
            case "jobs":
                return jobs.with_raw_response.list(limit=PAGE, after=after)
            case "models":
                return self._client.models.with_raw_response.list()
            case "batches":
                return self._client.batches.with_raw_response.list(limit=PAGE, after=after)
            case "events":
                return jobs.with_raw_response.list_events(parent, limit=PAGE, after=after)
            case "checkpoints":
                checkpoints = jobs.checkpoints.with_raw_response
                return checkpoints.list(parent, limit=PAGE, after=after)

    def _json(self, ask: Callable[[], Any]) -> Any:
        def once() -> Any:
            self._pace.wait()
            response = ask()
            self._note(response.headers)
            try:
                content = response.http_response.content
                return json.loads(content, parse_constant=_finite, parse_float=_finite)
            except (ValueError, RecursionError):
                raise _broken(response, "the answer is not JSON") from None

        return self._attempt(once)

    def _attempt(self, action: Callable[[], T]) -> T:
        from openai import OpenAIError

        try:
            return self._connection.attempt(action)
        except OpenAIError as error:
            raise self._failure(error) from None

    def _failure(self, error: OpenAIError) -> Exception:
        from openai import APIConnectionError, APIStatusError

        if isinstance(error, APIConnectionError):
            cause = self._brief(str(error.__cause__ or error))
            return ReadError(f"no whole answer came: {cause}", passing=True, answered=False)
        if not isinstance(error, APIStatusError) or error.status_code == 401:
            return error
        self._note(error.response.headers)
        status = error.status_code
        passing = status in (408, 409, 429) or (status >= 500 and status not in NOT_OFFERED)
        return ReadError(
            f"{status}: {self._brief(service_message(error))}",
            status,
            passing=passing,
            answered=not passing,
        )

    def _brief(self, text: str) -> str:
        line = " ".join(redact(text, [self._client.api_key or ""]).split())
        return line if len(line) <= _MAX_REASON else f"{line[:_MAX_REASON]}..."

    def _note(self, headers: Any) -> None:
        self._pace.note(headers)
        for name in _ACCOUNT_HEADERS:
            if headers.get(name):
                self.account[name] = str(headers[name])


@contextlib.contextmanager
def open_reader(connection: Connection) -> Iterator[HostedReader]:
    """A reader of a service that answers.

    Raises:
        ServiceError: the service cannot be reached, fails, or refuses the key.
    """
    with connection.client() as client:
        reader = HostedReader(connection, client)
        try:
            reader.look()
        except ReadError as failure:
            reason = str(failure).rstrip(".")
            raise ServiceError(
                f"{service_address(connection)}: {reason}. Check the base URL and the network, and "
                "run the same command again."
            ) from None
        yield reader


def check_id(text: str) -> None:
    """Makes sure that an id can stand in the path of a request.

    Raises:
        ReadError: it holds a sign that no id of the API has, such as a slash.
    """
    if not _PLAIN_ID.fullmatch(text):
        raise ReadError(
            f"the id {text[:80]!r} cannot stand in the path of a request; expected letters, digits "
            "and any of - _ . : @ + = ~"
        )


def _finite(word: str) -> float:
    value = float(word)
    if not math.isfinite(value):
        raise ValueError(f"{word} is no number that JSON can hold")
    return value


def _entries(page: ApiObject) -> Sequence[object]:
    data = page.get("data")
    if not isinstance(data, list):
        raise ReadError("the service answered with something that has no list under 'data'")
    return data


def _has_id(entry: object) -> TypeGuard[ApiObject]:
    return isinstance(entry, dict) and isinstance(entry.get("id"), str) and bool(entry["id"])


def _base64_size(size: int) -> int:
    return (size + 2) // 3 * 4


def _is_base64_of(path: Path, size: int) -> bool:
    """Whether a file is the base64 text of so many bytes.

    OpenAI's service answers so for the result files of some jobs; that is kept as it comes, as
    readers of result files take both.
    """
    if not _base64_size(size) <= path.stat().st_size <= _MAX_BASE64:
        return False
    try:
        return len(base64.b64decode(path.read_bytes().strip(), validate=True)) == size
    except binascii.Error:
        return False


def _pieces(response: Any) -> Iterator[bytes]:
    """The body of an answer; what breaks it off is an error of the client's, as everywhere else."""
    library = sys.modules[type(response.http_response).__module__.partition(".")[0]]
    try:
        yield from response.iter_bytes(_PIECE)
    except library.HTTPError as error:
        raise _broken(response, f"the content broke off: {error}") from None


def _broken(response: Any, message: str) -> APIConnectionError:
    from openai import APIConnectionError

    return APIConnectionError(message=message, request=response.http_request)
