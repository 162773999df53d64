"""Saving what a service holds: only what is not whole in the folder is asked for."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeAlias

from pitchpipe import stopping
from pitchpipe.files import remove_abandoned
from pitchpipe.hosted import objects
from pitchpipe.hosted.folder import CONTENT, DESCRIPTION, BackupFolder, digest_of
from pitchpipe.hosted.manifest import Manifest, Missing, Part, Why
from pitchpipe.hosted.objects import Kind
from pitchpipe.hosted.reading import (
    GONE,
    NOT_OFFERED,
    ApiObject,
    HostedReader,
    ListKind,
    ReadError,
)
from pitchpipe.hosted.results import MAX_NAMED, BackupResult, NotSaved

BackupKind: TypeAlias = Literal["jobs", "batches", "models", "files"]
"""What can be backed up; jobs and batches come with the files that they mention."""

Report: TypeAlias = Callable[[str, int], None]
"""Is told how many objects of a kind were dealt with."""

KINDS: tuple[BackupKind, ...] = ("models", "jobs", "batches", "files")
"""In the order in which they are saved: what is small comes first."""

SINGULAR: Mapping[BackupKind, Kind] = {
    "models": "model",
    "jobs": "job",
    "batches": "batch",
    "files": "file",
}

_MAX_STRIKES = 3
"""Failures in a row after which the service is not asked for more."""


class BrokenOff(Exception):  # noqa: N818 - not an error: the run ends, and what it has stays
    """The service does not answer any more."""


class Saving:
    """One run of a backup.

    Args:
        reader: asks the service.
        folder: where everything goes.
        since: leaves out what was made before; None for nothing.
        report: is told how far the run has come.

    Attributes:
        run_id: marks what this run wrote.
        result: what it has done so far.
        not_offered: why a kind is not listed by the service, by kind.
    """

    def __init__(
        self, reader: HostedReader, folder: BackupFolder, since: datetime | None, report: Report
    ) -> None:
        self._reader = reader
        self._folder = folder
        self._since = since
        self._report = report
        self._strikes = 0
        self.run_id = secrets.token_hex(8)
        self.result = BackupResult()
        self.not_offered: dict[BackupKind, str] = {}

    @property
    def touched(self) -> bool:
        """Whether anything was dealt with that the lists of the backup are to tell of."""
        done = self.result
        return bool(done.saved or done.unchanged or done.not_saved or done.broken_off)

    def run(self, kinds: Sequence[BackupKind]) -> None:
        """Saves objects of some kinds, and the files that jobs and batches among them mention."""
        try:
            for kind in kinds:
                self._list(kind)
            mentioning: list[Kind] = [SINGULAR[k] for k in kinds if k in ("jobs", "batches")]
            self._mentioned(mentioning)
        except BrokenOff as reason:
            self.result.broken_off = str(reason)
        models = sum(1 for _ in self._tuned())
        if models:
            self.result.notes.append(
                f"the weights of {models} tuned model{'' if models == 1 else 's'}: no request of "
                "the API gives them"
            )

    def _list(self, plural: BackupKind) -> None:
        kind, done = SINGULAR[plural], 0
        save = {
            "model": self._save_plain,
            "job": self._save_job,
            "batch": self._save_plain,
            "file": self._save_file,
        }[kind]
        try:
            for described in self._reader.list(plural):
                stopping.check()
                if is_older(described, self._since):
                    continue
                if not self._is_another(kind, described):
                    save(kind, described)
                done += 1
                self._report(plural, done)
        except ReadError as failure:
            if failure.status in NOT_OFFERED and not done:
                self.not_offered[plural] = f"{plural}: {failure}"
                self.result.notes.append(f"{plural}: the service does not list them ({failure})")
                return
            self._count_missing(NotSaved(f"{plural}/", _why(failure), f"the list: {failure}"))
            self._strike(failure)
        if unreadable := self._reader.unreadable.get(plural):
            reason = f"{unreadable} entries of the list have no id"
            self._count_missing(NotSaved(f"{plural}/", "failed", reason))

    def _mentioned(self, kinds: Sequence[Kind]) -> None:
        """Saves the files that jobs and batches mention, and no list had."""
        for done, manifest in enumerate(self._folder.manifests(*kinds), start=1):
            for mention in manifest.refers_to:
                if mention.kind == "file":
                    stopping.check()
                    self._save_mentioned(mention.id)
            self._report("mentioned files", done)

    def _save_mentioned(self, file_id: str) -> None:
        known = self._folder.manifest("file", file_id)
        if known and (known.run == self.run_id or self._folder.is_whole(known)):
            return
        try:
            described = self._reader.file(file_id)
        except ReadError as failure:
            parts = known.parts if known else {}
            missing = [_missing("file.json", failure)]
            self._finish("file", file_id, parts, missing, gone_before=True)
            self._strike(failure)
            return
        if described["id"] != file_id:
            reason = f"the service describes {described['id'][:80]!r} in its place"
            self._finish("file", file_id, {}, [Missing("file.json", "failed", reason)])
        elif not self._is_another("file", described):
            self._save_file("file", described)

    def _save_plain(self, kind: Kind, described: ApiObject) -> None:
        """Saves an object of which there is nothing but its description."""
        key = described["id"]
        if self._folder.is_saved(kind, described):
            self.result.unchanged[kind] += 1
            return
        name = DESCRIPTION[kind]
        parts = {name: self._folder.write_object(kind, key, described)}
        self._finish(kind, key, parts, [], described)

    def _save_job(self, kind: Kind, described: ApiObject) -> None:
        key = described["id"]
        if self._folder.is_saved(kind, described):
            self.result.unchanged[kind] += 1
            return
        parts = {"job.json": self._folder.write_object(kind, key, described)}
        failures: dict[str, ReadError] = {}
        lists: tuple[ListKind, ...] = ("events", "checkpoints")
        for plural in lists:
            name = f"{plural}.jsonl"
            try:
                values = self._reader.list(plural, key)
                parts[name] = self._folder.write_lines(kind, key, name, values)
                self._strikes = 0
            except ReadError as failure:
                failures[name] = failure
        missing = [_missing(name, failure) for name, failure in failures.items()]
        self._finish(kind, key, parts, missing, described)
        for one in failures.values():
            self._strike(one)

    def _save_file(self, kind: Kind, described: ApiObject) -> None:
        key, size = described["id"], objects.size_of(described)
        if self._folder.is_saved(kind, described):
            self.result.unchanged[kind] += 1
            return
        known = self._folder.manifest(kind, key)
        parts = {"file.json": self._folder.write_object(kind, key, described)}
        path = self._folder.folder_of(kind, key) / CONTENT
        try:
            parts[CONTENT] = self._content(known, key, path, size)
        except ReadError as failure:
            missing = _missing(CONTENT, failure)
            if missing.why == "gone" and _has_expired(described):
                reason = f"it expired on {objects.time_of(described['expires_at']):%Y-%m-%d}"
                missing = Missing(CONTENT, "gone", f"{reason} ({failure})")
                self._finish(kind, key, parts, [missing], described, gone_before=True)
            else:
                self._finish(kind, key, parts, [missing], described)
            self._strike(failure)
            return
        self._strikes = 0
        self._finish(kind, key, parts, [], described)

    def _content(self, known: Manifest | None, key: str, path: Path, size: int | None) -> Part:
        """The content of a file, which never changes: that in the folder if it is whole, or new."""
        if known and self._folder.has(known, CONTENT):
            return known.parts[CONTENT]
        remove_abandoned(path.with_name(f"{CONTENT}.unchecked"))
        if size is not None and path.is_file() and path.stat().st_size == size:
            return digest_of(path)  # a run was ended before it wrote the manifest
        found = self._reader.download(key, path, size)
        self.result.bytes += found.bytes
        return Part(found.bytes, found.sha256)

    def _finish(
        self,
        kind: Kind,
        key: str,
        parts: Mapping[str, Part],
        missing: Sequence[Missing],
        described: ApiObject | None = None,
        *,
        gone_before: bool = False,
    ) -> None:
        """Writes down what is saved of an object.

        Args:
            kind: what it is.
            key: its id.
            parts: what is saved.
            missing: what is not.
            described: the object, None where it was not described.
            gone_before: whether what is gone was gone before the run, so that it is no failure.
        """
        refers_to = tuple(objects.references(kind, described)) if described else ()
        manifest = Manifest(kind, key, now_text(), self.run_id, parts, tuple(missing), refers_to)
        self._folder.write_manifest(manifest)
        if not missing:
            self.result.saved[kind] += 1
        for one in missing:
            lost = NotSaved(f"{manifest.path}/{one.part}", one.why, one.reason)
            self._count_missing(lost, fault=not (gone_before and one.why == "gone"))

    def _count_missing(self, lost: NotSaved, *, fault: bool = True) -> None:
        self.result.not_saved_count += 1
        self.result.failures += fault and lost.why != "not offered"
        if len(self.result.not_saved) < MAX_NAMED:
            self.result.not_saved.append(lost)

    def _is_another(self, kind: Kind, described: ApiObject) -> bool:
        """Whether the folder holds something else under an id, which is then left alone."""
        known = self._folder.description(kind, described["id"])
        if not isinstance(known, dict):
            return False
        same = known.get("id") == described["id"]
        if same and objects.created(known) == objects.created(described):
            return False
        where = self._folder.folder_of(kind, described["id"]).relative_to(self._folder.path)
        reason = (
            "the folder holds another object of this name, which is left alone; "
            "save this one into another folder"
        )
        self._count_missing(NotSaved(str(where), "failed", reason))
        return True

    def _strike(self, failure: ReadError) -> None:
        """Ends the run when the service fails again and again."""
        if failure.answered:
            self._strikes = 0
            return
        self._strikes += 1
        if self._strikes >= _MAX_STRIKES:
            raise BrokenOff(
                f"{_MAX_STRIKES} requests in a row failed, each of them after all its retries "
                f"({failure})"
            )

    def _tuned(self) -> Iterator[None]:
        for manifest in self._folder.manifests("job"):
            yield from (None for mention in manifest.refers_to if mention.role == "result")


def is_older(described: ApiObject, since: datetime | None) -> bool:
    """Whether an object was made before a time; one of unknown age was not."""
    made = objects.created(described)
    return since is not None and made is not None and made < since


def _missing(part: str, failure: ReadError) -> Missing:
    return Missing(part, _why(failure), str(failure))


def _why(failure: ReadError) -> Why:
    if failure.passing:
        return "failed"
    if failure.status in GONE:
        return "gone"
    return "not offered" if failure.status in NOT_OFFERED else "refused"


def _has_expired(described: ApiObject) -> bool:
    expires = objects.time_of(described.get("expires_at"))
    return expires is not None and expires <= datetime.now(UTC)


def now_text() -> str:
    """The time as a backup writes it down, in UTC."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
