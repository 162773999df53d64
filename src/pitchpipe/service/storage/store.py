"""The service's memory: API objects as JSON in SQLite, shared by threads and processes."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pitchpipe.service.http import JSON, dumps, loads
from pitchpipe.service.storage.errors import BusyError, StorageError, damaged, naming

MAX_SEED = 2**31 - 1
"""The largest seed, as the API has it for jobs."""

_UNSEEDED = 0
"""The seed of choices where nobody gave one."""

_VERSION = 1
"""Of the schema; SQLite keeps it as ``user_version``. Databases that began without one have 0."""

_OPEN_SECONDS = 15.0  # that a start waits for a locked database
_WRITE_SECONDS = 5.0  # that a request does
_READ_SECONDS = 0.25  # that a look does, which may be one of an event loop; readers rarely wait

_SCHEMA = """
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    parent TEXT NOT NULL,
    deleted INTEGER NOT NULL DEFAULT 0,
    body TEXT NOT NULL,
    private TEXT NOT NULL,
    UNIQUE (kind, id)
);
CREATE INDEX IF NOT EXISTS pages ON objects (kind, parent, deleted, seq);
CREATE INDEX IF NOT EXISTS by_status
    ON objects (kind, json_extract(body, '$.status'), seq) WHERE deleted = 0;
"""
_NEWEST_FIRST = """
SELECT seq, kind, id, parent, body, private FROM objects
WHERE kind = :kind AND parent = :parent AND deleted = 0 AND seq < :after
  AND (:wanted = '{}' OR NOT EXISTS (
      SELECT 1 FROM json_each(:wanted) AS want WHERE NOT EXISTS (
          SELECT 1 FROM json_each(objects.body, :path) AS have
          WHERE have.key = want.key AND have.value = want.value)))
  AND (:model = '' OR json_extract(objects.body, '$.model') = :model)
  AND (NOT :bare OR NOT EXISTS (SELECT 1 FROM json_each(objects.body, :path)))
ORDER BY seq DESC LIMIT :limit
"""
_OLDEST_FIRST = _NEWEST_FIRST.replace("seq < :after", "seq > :after").replace("DESC", "ASC")
_WITH_STATUS = """
SELECT id FROM objects
WHERE kind = :kind AND json_extract(body, '$.status') = :status AND deleted = 0
ORDER BY seq LIMIT :limit
"""
_LAST = 2**62
_REMEMBERED = 1024

_TABLES = (
    "seq, kind, id, parent, deleted, body, private FROM objects",
    "name, value FROM counters",
)

_Values = tuple[int, str, str, str, str, str]
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class Row:
    """One stored object.

    Attributes:
        seq: its place in the order of creation.
        kind: what it is ("file", "job", ...).
        id: the API's identifier.
        parent: the object it belongs to, "" for none.
        body: what the API shows.
        private: what it does not.
    """

    seq: int
    kind: str
    id: str
    parent: str
    body: JSON
    private: JSON


@dataclass(frozen=True)
class Filter:
    """Which rows of a kind are wanted.

    Attributes:
        parent: the object they belong to.
        path: where in the body ``wanted`` is looked up, as a JSON path.
        wanted: members that must be there.
        bare: only rows with nothing under ``path``.
        model: what their body names as model, "" for any.
    """

    parent: str = ""
    path: str = "$"
    wanted: Mapping[str, str] | None = None
    bare: bool = False
    model: str = ""


class Store:
    """Rows by kind and id.

    Writers wait for each other, and readers for nobody: those have a connection of their own. So
    a look is answered while another process has locked the database.

    Args:
        path: the database's file, None for memory.
        seed: decides every id; a database keeps its first one. None draws one, for ids that no
            other database has and that nobody can guess.
        must_exist: whether an empty database is refused, for what it told of is there.

    Attributes:
        closed: whether it has let go.
        seed: of the ids.
        choices: the seed of choices that no request seeds: that of the ids where it was given, else
            always the same, so that the same requests have the same results under other ids.

    Raises:
        StorageError: the file is no database of ours, is damaged, or cannot be written to.
    """

    def __init__(self, path: Path | None, seed: int | None, *, must_exist: bool = False) -> None:
        self._path = path or Path(":memory:")
        self._lock = threading.RLock()
        self.closed = False
        self._depth = 0
        self._owner = 0
        self._waiting = False
        self._memory: dict[tuple[str, str], _Values | None] = {}
        self._version = -1
        self.connection = self._connect(_OPEN_SECONDS)
        try:
            with naming(self._path):
                self._check(must_exist)
                self._make(seed)
            self.seed, self.choices = self._read_seeds()
            self._reader, self._read_lock = self.connection, self._lock
            if path is not None:
                self._reader, self._read_lock = self._connect(_READ_SECONDS), threading.RLock()
        except BaseException:
            self.connection.close()
            raise
        self.connection.execute(f"PRAGMA busy_timeout = {_WRITE_SECONDS * 1000:.0f}")

    def _connect(self, seconds: float) -> sqlite3.Connection:
        with naming(self._path):
            return sqlite3.connect(
                self._path, timeout=seconds, isolation_level=None, check_same_thread=False
            )

    def _check(self, must_exist: bool) -> None:
        """Refuses what is no sound database of ours."""
        tables = self._tables("main")
        if not tables:
            if must_exist:
                raise damaged(self._path, "it is empty, but files or models are kept beside it")
            return
        try:
            for columns in _TABLES:
                self.connection.execute(f"SELECT {columns} LIMIT 0")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_ERROR":
                raise
            raise StorageError(
                f"{self._path}: is the database of another program (its tables: "
                f"{', '.join(sorted(tables))}). Choose another folder."
            ) from None
        version = self._one("PRAGMA user_version")
        assert isinstance(version, int)  # noqa: S101 - SQLite keeps it as one
        if version > _VERSION:
            raise StorageError(
                f"{self._path}: was written by a newer Pitchpipe (version {version} of its tables; "
                f"this one knows {_VERSION}). Update Pitchpipe, or choose another folder."
            )
        found = self._one("PRAGMA quick_check(1)")
        if found != "ok":
            raise damaged(self._path, str(found))

    def _make(self, seed: int | None) -> None:
        self.connection.execute("PRAGMA journal_mode = WAL")
        # a killed process loses nothing; the files beside are synced on their own
        self.connection.execute("PRAGMA synchronous = NORMAL")
        self.connection.executescript(_SCHEMA)
        if self._one("PRAGMA user_version") != _VERSION:
            self.connection.execute(f"PRAGMA user_version = {_VERSION}")
        if self._one("SELECT count(*) FROM counters WHERE name = 'seed'"):
            return
        first = {"seed": seed}
        if seed is None:
            first = {
                "seed": secrets.randbelow(MAX_SEED + 1),
                "salt": secrets.randbits(63),
                "choices": _UNSEEDED,
            }
        with self.transaction():
            self.connection.executemany("INSERT INTO counters VALUES (?, ?)", first.items())

    def _one(self, query: str) -> object:
        return self.connection.execute(query).fetchone()[0]

    @property
    def seeded(self) -> bool:
        """Whether somebody chose the seed, for ids that can be told beforehand."""
        with self._reading() as connection:
            return (
                connection.execute("SELECT 1 FROM counters WHERE name = 'choices'").fetchone()
                is None
            )

    def reseed(self, seed: int) -> None:
        """Makes the ids and choices that follow those of another seed, for every process."""
        with self.transaction():
            self.connection.execute("UPDATE counters SET value = ? WHERE name = 'seed'", (seed,))
            self.connection.execute("DELETE FROM counters WHERE name IN ('choices', 'salt')")
        self.seed = self.choices = seed

    def close(self) -> None:
        """Waits for whoever reads or writes, then lets go; SQLite must not be closed under them."""
        with self._lock, self._read_lock:
            self.closed = True
            self._reader.close()
            self.connection.close()

    def make_room(self) -> None:
        """Gives back what the log of changes takes on the disk, as far as that can be done now."""
        self._acquire()
        try:
            with contextlib.suppress(sqlite3.Error):
                self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            self._lock.release()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All of the block's changes, or none of them; blocks may nest.

        Raises:
            BusyError: another process has locked the database.
            StorageError: the disk is full, or the database is damaged.
        """
        self._acquire()
        try:
            if self._depth == 0:
                self._begin()
            self._depth += 1
            try:
                yield
                if self._depth == 1:
                    with naming(self._path):
                        self.connection.execute("COMMIT")
            except BaseException:
                if self._depth == 1 and self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
                raise
            finally:
                self._depth -= 1
                self._owner = self._owner if self._depth else 0
        finally:
            self._lock.release()

    def _begin(self) -> None:
        self._waiting = True
        try:
            with naming(self._path):
                self.connection.execute("BEGIN IMMEDIATE")
        finally:
            self._waiting = False
        self._owner = threading.get_ident()

    def _acquire(self) -> None:
        """Waits for other threads that write, but not in a queue for another process."""
        while not self._lock.acquire(timeout=_WRITE_SECONDS):
            if self._waiting:
                raise BusyError.of(self._path)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self.transaction(), naming(self._path):
            yield self.connection

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """The connection to read with: in a transaction the one that sees its changes."""
        if self._owner == threading.get_ident():
            with naming(self._path):
                yield self.connection
        else:
            with self._read_lock, naming(self._path):
                yield self._reader

    def new_id(self, prefix: str) -> str:
        """The next identifier with that prefix."""
        with self._writing() as connection:
            number, seed, salt = connection.execute(
                "INSERT INTO counters VALUES (?, 1) "
                "ON CONFLICT (name) DO UPDATE SET value = value + 1 "
                "RETURNING value, (SELECT value FROM counters WHERE name = 'seed'), "
                "(SELECT value FROM counters WHERE name = 'salt')",
                (f"id:{prefix}",),
            ).fetchone()
        parts = (seed, prefix, number) if salt is None else (seed, salt, prefix, number)
        return prefix + self.derive(*parts)

    def job_seed(self, prefix: str) -> int:
        """The seed of the job whose id was given out last, where its owner names none.

        It depends on how many jobs there have been and on ``choices``, not on the id.

        Args:
            prefix: of the id.
        """
        with self._reading() as connection:
            (number,) = connection.execute(
                "SELECT value FROM counters WHERE name = ?", (f"id:{prefix}",)
            ).fetchone()
        job = prefix + self.derive(self.choices, prefix, number)
        return int(self.derive("seed", job, length=9), 36) % (MAX_SEED + 1)

    def derive(self, *parts: object, length: int = 24) -> str:
        """Letters and digits that depend on the parts alone."""
        digest = hashlib.sha256(repr(parts).encode("utf-8", "replace")).digest()
        number = int.from_bytes(digest)
        letters = []
        for _ in range(length):
            number, digit = divmod(number, 62)
            letters.append(_DIGITS[digit])
        return "".join(letters)

    def add(
        self, kind: str, key: str, body: JSON, *, parent: str = "", private: JSON | None = None
    ) -> None:
        """Stores a new object, or one that was deleted before."""
        values = (kind, key, parent, _text(body), _text(private or {}))
        with self._writing() as connection:
            self._memory.pop((kind, key), None)
            connection.execute(
                "INSERT INTO objects (kind, id, parent, body, private) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT (kind, id) DO UPDATE SET deleted = 0, parent = excluded.parent, "
                "body = excluded.body, private = excluded.private",
                values,
            )

    def get(self, kind: str, key: str) -> Row | None:
        """The object, if it is there."""
        if not key.isascii():
            return None
        with self._reading() as connection:
            if self._owner == threading.get_ident():
                found = self._read(connection, kind, key)
            else:
                found = self._remembered(connection, kind, key)
        return None if found is None else _row(found)

    def _remembered(self, connection: sqlite3.Connection, kind: str, key: str) -> _Values | None:
        """What is committed, read again only after somebody has written."""
        (version,) = connection.execute("PRAGMA data_version").fetchone()
        if version != self._version or len(self._memory) >= _REMEMBERED:
            self._memory.clear()
            self._version = version
        place = (kind, key)
        if place not in self._memory:
            self._memory[place] = self._read(connection, kind, key)
        return self._memory[place]

    def _read(self, connection: sqlite3.Connection, kind: str, key: str) -> _Values | None:
        values: _Values | None = connection.execute(
            "SELECT seq, kind, id, parent, body, private FROM objects "
            "WHERE kind = ? AND id = ? AND deleted = 0",
            (kind, key),
        ).fetchone()
        return values

    def update(self, row: Row) -> None:
        """Stores the row's body and private part as they are now."""
        with self._writing() as connection:
            self._memory.pop((row.kind, row.id), None)
            connection.execute(
                "UPDATE objects SET body = ?, private = ? WHERE seq = ?",
                (_text(row.body), _text(row.private), row.seq),
            )

    def delete(self, kind: str, key: str) -> None:
        """Forgets an object; its place in the order stays, for those who page through a list."""
        with self._writing() as connection:
            self._memory.pop((kind, key), None)
            connection.execute(
                "UPDATE objects SET deleted = 1, body = '{}', private = '{}' "
                "WHERE kind = ? AND id = ?",
                (kind, key),
            )

    def position(self, kind: str, key: str, parent: str = "") -> int | None:
        """The place of an object in the order of creation, deleted ones included."""
        if not key.isascii():
            return None
        with self._reading() as connection:
            found = connection.execute(
                "SELECT seq FROM objects WHERE kind = ? AND id = ? AND parent = ?",
                (kind, key, parent),
            ).fetchone()
        return None if found is None else int(found[0])

    def rows(
        self,
        kind: str,
        where: Filter | None = None,
        *,
        after: int | None = None,
        limit: int = -1,
        newest_first: bool = False,
    ) -> list[Row]:
        """Objects of a kind in order of creation.

        Args:
            kind: what they are.
            where: which of them.
            after: the place to start behind.
            limit: the most to give, all if negative.
            newest_first: the other way round.
        """
        where = where or Filter()
        first = _LAST if newest_first else -1
        with self._reading() as connection:
            found = connection.execute(
                _NEWEST_FIRST if newest_first else _OLDEST_FIRST,
                {
                    "kind": kind,
                    "parent": where.parent,
                    "after": first if after is None else after,
                    "path": where.path,
                    "wanted": _text(where.wanted or {}),
                    "bare": where.bare,
                    "model": where.model,
                    "limit": limit,
                },
            ).fetchall()
        return [_row(values) for values in found]

    def with_status(self, kind: str, status: str, limit: int = -1) -> list[str]:
        """Ids of the objects of a kind that have a status, oldest first.

        Args:
            kind: what they are.
            status: as in their bodies.
            limit: the most to give, all if negative.
        """
        values = {"kind": kind, "status": status, "limit": limit}
        with self._reading() as connection:
            found = connection.execute(_WITH_STATUS, values).fetchall()
        return [object_id for (object_id,) in found]

    def counts(self, kind: str) -> dict[str, int]:
        """How many objects of a kind have each status."""
        with self._reading() as connection:
            return dict(
                connection.execute(
                    "SELECT json_extract(body, '$.status'), count(*) FROM objects "
                    "WHERE kind = ? AND deleted = 0 GROUP BY 1",
                    (kind,),
                ).fetchall()
            )

    def ids(self, kind: str) -> set[str]:
        """The ids of all objects of a kind."""
        with self._reading() as connection:
            found = connection.execute(
                "SELECT id FROM objects WHERE kind = ? AND deleted = 0", (kind,)
            ).fetchall()
        return {object_id for (object_id,) in found}

    def keys(self, kind: str) -> set[str]:
        """What the objects of a kind name as their ``key``, where their private part does."""
        with self._reading() as connection:
            found = connection.execute(
                "SELECT json_extract(private, '$.key') FROM objects WHERE kind = ? AND deleted = 0",
                (kind,),
            ).fetchall()
        return {str(key) for (key,) in found if key}

    # --- all of it --------------------------------------------------------------------------------

    def clear(self, seed: int | None) -> None:
        """Forgets everything but the order of creation, in which no place is given out twice.

        Args:
            seed: of the ids that follow; None for the present one.
        """
        with self.transaction():
            self.connection.execute("DELETE FROM objects")
            self.connection.execute(
                "DELETE FROM counters WHERE name NOT IN ('seed', 'salt', 'choices')"
            )
            if seed is not None:
                self.reseed(seed)
            self._memory.clear()

    @contextlib.contextmanager
    def saving(self, path: Path) -> Iterator[None]:
        """Writes everything into a database that is not there yet; the block sees no change of it.

        The caller holds no transaction.
        """
        with self._attached(path), self.transaction():
            with naming(path):
                for table in self._tables("main"):
                    self.connection.execute(
                        f'CREATE TABLE saved."{table}" AS SELECT * FROM main."{table}"'  # noqa: S608 - names of our own
                    )
            yield

    def load(self, path: Path) -> None:
        """Replaces everything by what ``saving`` wrote; what is added later comes last as ever.

        The caller holds no transaction.
        """
        with self._attached(path), self._writing():
            for table in self._tables("saved"):
                self.connection.execute(f'DELETE FROM main."{table}"')  # noqa: S608 - as above
                self.connection.execute(
                    f'INSERT INTO main."{table}" SELECT * FROM saved."{table}"'  # noqa: S608
                )
            self.seed, self.choices = self._read_seeds()
            self._memory.clear()

    @contextlib.contextmanager
    def _attached(self, path: Path) -> Iterator[None]:
        self._acquire()
        try:
            with naming(path):
                self.connection.execute("ATTACH ? AS saved", (str(path),))
            try:
                yield
            finally:
                self.connection.execute("DETACH saved")
        finally:
            self._lock.release()

    def _tables(self, database: str) -> list[str]:
        found = self.connection.execute(
            f"SELECT name FROM {database}.sqlite_schema "  # noqa: S608
            "WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'"
        ).fetchall()
        return [name for (name,) in found]

    def _read_seeds(self) -> tuple[int, int]:
        found: dict[str, int] = dict(
            self.connection.execute(
                "SELECT name, value FROM counters WHERE name IN ('seed', 'choices')"
            ).fetchall()
        )
        return found["seed"], found.get("choices", found["seed"])


def _text(value: object) -> str:
    return dumps(value).decode()


def _row(values: _Values) -> Row:
    seq, kind, key, parent, body, private = values
    return Row(seq, kind, key, parent, loads(body), loads(private))
