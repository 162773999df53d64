"""Saving what an account holds at a service into a folder, or telling what that would take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from pitchpipe import stopping
from pitchpipe.default_plugins.openai_client import Connection
from pitchpipe.errors import UsageError
from pitchpipe.hosted import objects
from pitchpipe.hosted.addresses import service_address
from pitchpipe.hosted.folder import BackupFolder, Origin, check_origin, opened
from pitchpipe.hosted.reading import NOT_OFFERED, HostedReader, ReadError, open_reader
from pitchpipe.hosted.results import BackupResult
from pitchpipe.hosted.saving import (
    KINDS,
    SINGULAR,
    BackupKind,
    Report,
    Saving,
    is_older,
    now_text,
)


def back_up(
    connection: Connection,
    path: str | Path,
    only: Collection[BackupKind] = KINDS,
    since: datetime | None = None,
    report: Report | None = None,
) -> BackupResult:
    """Saves what an account holds at a service into a folder; the same call goes on after a kill.

    What is whole in the folder is not asked for again. An object that has changed is. Every request
    is a GET.

    Args:
        connection: which service, and how patiently.
        path: the folder; it is new, empty, or holds a backup of the same account.
        only: the kinds to save; jobs and batches come with the files that they mention.
        since: leaves out what was made before, but for the files that newer objects mention.
        report: is told how far the backup has come.

    Raises:
        ServiceError: the service cannot be reached, or refuses the key.
        UsageError: the folder holds something else, or the backup of another account; or the
            service lists none of the kinds.
        RunError: another process is at work on the folder.
        WriteError: the disk is full, or the folder cannot be written to.
        StoppedError: another thread asked for an end.
    """
    with open_reader(connection) as reader:
        began, origin = now_text(), _origin(connection, reader)
        with opened(Path(path), origin, began) as folder:
            saving = Saving(reader, folder, since, report or _quiet)
            try:
                saving.run([kind for kind in KINDS if kind in only])
                _check_offered(origin, only, saving.not_offered)
            finally:
                if saving.touched:
                    about = {"run": saving.run_id, "began": began, "ended": now_text()}
                    choice = {"only": sorted(only), "since": since.isoformat() if since else None}
                    folder.write_index({**about, **choice, **saving.result.to_json()})
        return saving.result


@dataclass
class BackupPlan:
    """What a backup would ask for.

    Attributes:
        fetch: objects that are not whole in the folder, by kind.
        whole: objects that are, by kind.
        bytes: content of the files among the former, as far as the service names it.
        of_unknown_size: files among them whose size it does not name.
        not_listed: files that jobs and batches mention and the service does not list; some of them
            may be gone.
        notes: kinds that cannot be listed, and why.
    """

    fetch: Counter[str] = field(default_factory=Counter)
    whole: Counter[str] = field(default_factory=Counter)
    bytes: int = 0
    of_unknown_size: int = 0
    not_listed: int = 0
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """The plan as JSON."""
        return {
            "fetch": dict(self.fetch),
            "whole": dict(self.whole),
            "bytes": self.bytes,
            "of_unknown_size": self.of_unknown_size,
            "not_listed": self.not_listed,
            "notes": self.notes,
        }


def plan_backup(
    connection: Connection,
    path: str | Path,
    only: Collection[BackupKind] = KINDS,
    since: datetime | None = None,
    report: Report | None = None,
) -> BackupPlan:
    """What ``back_up`` would ask for, with the same arguments; it writes nothing.

    Raises:
        ServiceError: the service cannot be reached, or refuses the key.
        UsageError: the folder holds something else, or the backup of another account; or the
            service lists none of the kinds.
    """
    tell = report or _quiet
    plan, refused = BackupPlan(), dict[BackupKind, str]()
    with open_reader(connection) as reader:
        origin = _origin(connection, reader)
        check_origin(Path(path), origin)
        folder = BackupFolder(Path(path))
        mentioned: set[str] = set()
        for plural in KINDS:
            wanted = plural in only
            if not wanted and not (plural == "files" and mentioned):
                continue
            try:
                for number, described in enumerate(reader.list(plural), start=1):
                    stopping.check()
                    kind, key = SINGULAR[plural], described["id"]
                    if (wanted and not is_older(described, since)) or (
                        kind == "file" and key in mentioned
                    ):
                        mentions = objects.references(kind, described)
                        mentioned |= {one.id for one in mentions if one.kind == "file"}
                        _add(plan, folder, plural, described)
                    if kind == "file":
                        mentioned.discard(key)
                    tell(plural, number)
            except ReadError as failure:
                plan.notes.append(f"{plural}: cannot be listed in full ({failure})")
                if failure.status in NOT_OFFERED:
                    refused[plural] = f"{plural}: {failure}"
        plan.not_listed = len(mentioned)
        _check_offered(origin, only, refused)
    return plan


def _add(
    plan: BackupPlan, folder: BackupFolder, plural: BackupKind, described: dict[str, Any]
) -> None:
    kind = SINGULAR[plural]
    if folder.is_saved(kind, described):
        plan.whole[plural] += 1
        return
    plan.fetch[plural] += 1
    if kind == "file":
        size = objects.size_of(described)
        plan.bytes += size or 0
        plan.of_unknown_size += size is None


def _check_offered(
    origin: Origin, only: Collection[BackupKind], refused: dict[BackupKind, str]
) -> None:
    if only and refused.keys() >= set(only):
        raise UsageError(
            f"{origin.service}: lists none of {', '.join(sorted(only))} "
            f"({'; '.join(refused.values())}). Check the base URL."
        )


def _origin(connection: Connection, reader: HostedReader) -> Origin:
    """The service, and what names the account: its headers, and the client's own options."""
    told = {"organization": connection.organization, "project": connection.project}
    account = {name: value for name, value in told.items() if value}
    return Origin(service_address(connection), {**account, **reader.account})


def _quiet(kind: str, done: int) -> None:
    """Tells nobody."""
