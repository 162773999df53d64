"""The keys that a server lets in: a file of names and hashes, no key itself."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from pitchpipe.errors import ConfigError
from pitchpipe.files import atomic

PREFIX = "pp-"
"""How every key begins."""

_LINE = re.compile(r"(?P<name>[\w.@-]{1,64}) sha256:(?P<digest>[0-9a-f]{64})")
_HEADER = "# keys of an offline service: a name and the hash of the key, one a line\n"


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

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._keys: list[Key] = []

    @property
    def keys(self) -> list[Key]:
        """What the file holds now.

        Raises:
            ConfigError: it is missing, or a line is no key.
        """
        try:
            stat = self._path.stat()
            stamp = (stat.st_mtime_ns, stat.st_size)
            if stamp != self._stamp:
                self._keys = [*self._parse(self._path.read_text("utf-8"))]
                self._stamp = stamp
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"{self._path}: cannot be read as a file of keys ({error}); "
                f"pitchpipe keys new NAME --file {self._path} makes one."
            ) from None
        return self._keys

    def name_of(self, key: str) -> str | None:
        """Whose key it is, None if nobody's; takes as long whichever it is."""
        digest = _digest(key)
        found = None
        for known in self.keys:
            if hmac.compare_digest(known.digest, digest):
                found = known.name
        return found

    def add(self, name: str) -> str:
        """Makes a key, and gives it out this one time.

        Raises:
            ConfigError: the name is taken, or no name.
        """
        keys = self.keys if self._path.exists() else []
        if not _LINE.fullmatch(f"{name} sha256:{'0' * 64}"):
            raise ConfigError(
                f"{name!r} cannot name a key; expected up to 64 letters, digits and . _ @ -"
            )
        if any(known.name == name for known in keys):
            raise ConfigError(f"{self._path}: {name!r} has a key already; remove it first.")
        key = PREFIX + secrets.token_urlsafe(32)
        self._write([*keys, Key(name, _digest(key))])
        return key

    def remove(self, name: str) -> None:
        """Takes a key away.

        Raises:
            ConfigError: there is none of that name.
        """
        kept = [known for known in self.keys if known.name != name]
        if len(kept) == len(self.keys):
            names = ", ".join(known.name for known in kept) or "none"
            raise ConfigError(f"{self._path}: no key is named {name!r}. Known: {names}.")
        self._write(kept)

    def _write(self, keys: list[Key]) -> None:
        with atomic(self._path) as stream:
            stream.write(_HEADER)
            stream.writelines(f"{key.name} sha256:{key.digest}\n" for key in keys)
        self._path.chmod(0o600)

    def _parse(self, text: str) -> list[Key]:
        keys = []
        for number, line in enumerate(text.splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            match = _LINE.fullmatch(line.strip())
            if match is None:
                raise ConfigError(
                    f"{self._path}, line {number}: expected 'NAME sha256:HASH', as "
                    "pitchpipe keys new writes it; keys themselves do not belong here."
                )
            keys.append(Key(match["name"], match["digest"]))
        return keys


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
