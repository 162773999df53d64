"""The keys that a server lets in: a file of names and hashes, no key itself."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import hmac
import logging
import os
import re
import secrets
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pitchpipe.errors import ConfigError
from pitchpipe.files import atomic, writing
from pitchpipe.service.http import ApiError

_log = logging.getLogger(__name__)

PREFIX = "pp-"
"""How every key begins."""

_LINE = re.compile(r"(?P<name>[\w.@-]{1,64}) sha256:(?P<digest>[0-9a-f]{64})")
_NAME = re.compile(r"[\w.@][\w.@-]{0,63}")
_HEADER = "# keys of an offline service: a name and the hash of the key, one a line\n"
_MAX_BYTES = 1 << 20


@dataclass(frozen=True)
class Key:
    """One key, as far as it is stored.

    A key is 256 random bits, so that one round of SHA-256 without a salt keeps it; a password
    would need more.

    Attributes:
        name: whose it is.
        digest: SHA-256 of the key, in hexadecimal.
    """

    name: str
    digest: str


class KeyFile:
    """A file of keys; changes to it count from the next request on.

    It is read at every request, for neither time stamp nor size tell one content from another.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._content: bytes | None = None
        self._keys: list[Key] = []
        self._told = ""

    @property
    def keys(self) -> list[Key]:
        """What the file holds now.

        Raises:
            ConfigError: it is missing, is no file, or a line is no key.
        """
        content = self._read()
        if content != self._content:
            self._keys = [*self._parse(content)]
            self._content = content
        return self._keys

    def name_of(self, key: str) -> str | None:
        """Whose key it is, None if nobody's; takes as long whichever it is.

        Raises:
            ApiError: the file cannot be read, so that nobody is let in; the log says why.
        """
        try:
            keys = self.keys
        except ConfigError as error:
            if str(error) != self._told:
                _log.error("nobody is let in: %s", error)
            self._told = str(error)
            raise ApiError(
                503,
                "The server cannot read its file of keys and lets nobody in; its log says why.",
                code="keys_unreadable",
                kind="server_error",
            ) from None
        self._told = ""
        digest = _digest(key)
        found = None
        for known in keys:
            if hmac.compare_digest(known.digest, digest):
                found = known.name
        return found

    def add(self, name: str) -> str:
        """Makes a key, and gives it out this one time.

        Raises:
            ConfigError: the name is taken, or no name.
            WriteError: the file cannot be written.
        """
        if not _NAME.fullmatch(name):
            raise ConfigError(
                f"{name!r} cannot name a key; expected up to 64 letters, digits and . _ @ -, "
                "and no - in the first place."
            )
        with self._changing():
            keys = self.keys if self._path.exists() else []
            if any(known.name == name for known in keys):
                raise ConfigError(f"{self._path}: {name!r} has a key already; remove it first.")
            key = PREFIX + secrets.token_urlsafe(32)
            self._write([*keys, Key(name, _digest(key))])
        return key

    def remove(self, name: str) -> None:
        """Takes a key away.

        Raises:
            ConfigError: there is none of that name.
            WriteError: the file cannot be written.
        """
        _ = self.keys  # a folder that is not there is not made for nothing
        with self._changing():
            names = self.keys
            kept = [known for known in names if known.name != name]
            if len(kept) == len(names):
                known = ", ".join(known.name for known in kept) or "none"
                raise ConfigError(f"{self._path}: no key is named {name!r}. Known: {known}.")
            self._write(kept)

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        """No other process changes the file in the block.

        The folder is locked, for the file is replaced.
        """
        folder = self._target.parent
        with writing(self._path, folder):
            folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    @property
    def _target(self) -> Path:
        """The file itself, which is replaced, where the path is a link to it."""
        return Path(os.path.realpath(self._path))

    def _write(self, keys: list[Key]) -> None:
        with atomic(self._target, private=True) as stream:
            stream.write(_HEADER)
            stream.writelines(f"{key.name} sha256:{key.digest}\n" for key in keys)

    def _read(self) -> bytes:
        try:
            # a pipe in its place would be waited for
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    raise self._unreadable("it is no regular file")
                with open(descriptor, "rb", closefd=False) as stream:
                    content = stream.read(_MAX_BYTES + 1)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise self._unreadable(error.strerror or str(error)) from None
        if len(content) > _MAX_BYTES:
            raise self._unreadable(f"it has more than {_MAX_BYTES} bytes")
        return content

    def _parse(self, content: bytes) -> list[Key]:
        try:
            text = content.decode()
        except UnicodeDecodeError as error:
            raise self._unreadable(f"it is not UTF-8, at byte {error.start + 1}") from None
        keys = []
        for number, line in enumerate(text.split("\n"), 1):
            if not line.strip() or line.startswith("#"):
                continue
            match = _LINE.fullmatch(line.strip(" \t\r"))
            if match is None:
                raise ConfigError(
                    f"{self._path}, line {number}: expected 'NAME sha256:HASH', as "
                    "pitchpipe keys new writes it; keys themselves do not belong here. "
                    "Take the line out, or put a copy of the file back."
                )
            keys.append(Key(match["name"], match["digest"]))
        return keys

    def _unreadable(self, reason: str) -> ConfigError:
        return ConfigError(
            f"{self._path}: cannot be read as a file of keys: {reason}. "
            f"Put a copy back, or pitchpipe keys new NAME --file {self._path} makes one."
        )


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
