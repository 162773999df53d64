"""Save what a service holds for you into a folder: jobs, files, batches, models.

The same command goes on after an interruption, and asks for nothing that is whole in the folder.
Every request is a GET: nothing at the service is changed or deleted.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from pitchpipe.cli import flags
from pitchpipe.cli.parser import Parser

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pitchpipe.hosted.backup import BackupPlan
    from pitchpipe.hosted.results import BackupResult
    from pitchpipe.hosted.saving import BackupKind

_NAMED = 20
_KINDS: tuple[BackupKind, ...] = ("jobs", "batches", "models", "files")


def configure(parser: Parser) -> None:
    """Adds the flags."""
    parser.add_argument("folder", metavar="DIR", help="the folder: new, empty, or begun before")
    add = parser.add_argument_group("backup").add_argument
    add(
        "--only",
        metavar="KINDS",
        help=f"of {', '.join(_KINDS)}, with commas between; by default all. "
        "jobs and batches come with the files that they mention",
    )
    add(
        "--since",
        metavar="DATE",
        help="leave out what was made before, such as 2026-01-31 (UTC), but for files that newer "
        "jobs and batches mention",
    )
    add("--dry-run", action="store_true", help="say what would be fetched, and write nothing")
    flags.json_flag(parser)
    flags.service_flags(parser)
    flags.configuration_flags(parser)


def run(arguments: argparse.Namespace) -> int:
    """Saves everything, or says what that would take."""
    from pitchpipe.cli.hosted import connection_of, list_progress
    from pitchpipe.cli.output import answer, answer_json
    from pitchpipe.hosted.backup import back_up, plan_backup

    only, since = _kinds(arguments.only), _day(arguments.since)
    connection = connection_of(flags.configured(arguments))
    with list_progress() as report:
        if arguments.dry_run:
            plan = plan_backup(connection, arguments.folder, only, since, report)
            done, shown, code = plan.to_json(), _plan_text(plan), 0
        else:
            result = back_up(connection, arguments.folder, only, since, report)
            code = 0 if result.complete else 1
            done, shown = result.to_json(), _result_text(result, arguments.folder)
    if arguments.json:
        answer_json(done)
    else:
        answer(shown)
    return code


def _kinds(text: str | None) -> tuple[BackupKind, ...]:
    from pitchpipe.errors import UnknownNameError, UsageError

    if text is None:
        return _KINDS
    names = [word.strip() for word in text.split(",") if word.strip()]
    for name in names:
        if name not in _KINDS:
            raise UnknownNameError("kind", name, _KINDS, where="--only")
    if not names:
        raise UsageError(f"--only: names no kind. Known: {', '.join(_KINDS)}.")
    return tuple(kind for kind in _KINDS if kind in names)


def _day(text: str | None) -> datetime | None:
    from datetime import UTC, datetime

    from pitchpipe.errors import UsageError

    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--since {text!r}: expected a day, such as 2026-01-31.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _counted(counts: Mapping[str, int]) -> str:
    names = {"model": "models", "job": "jobs", "batch": "batches", "file": "files"}
    numbers = {one: counts.get(one, 0) or counts.get(many, 0) for one, many in names.items()}
    told = [f"{n} {one if n == 1 else names[one]}" for one, n in numbers.items() if n]
    return ", ".join(told) or "nothing"


def _plan_text(plan: BackupPlan) -> str:
    from pitchpipe.cli.output import shown
    from pitchpipe.hosted.rows import shown_size

    size = shown_size(plan.bytes)
    if plan.of_unknown_size:
        size += f", and {plan.of_unknown_size} files whose size the service does not name"
    lines = [
        f"To fetch: {_counted(plan.fetch)} ({size}). Nothing was written.",
        f"Whole in the folder: {_counted(plan.whole)}.",
    ]
    if plan.not_listed:
        lines.append(
            f"Mentioned by jobs and batches, and not listed: {plan.not_listed} files. "
            "The backup tries each, and names those that are gone."
        )
    return "\n".join([*lines, *(shown(note) for note in plan.notes)])


def _result_text(result: BackupResult, folder: str) -> str:
    from pitchpipe.cli.output import shown
    from pitchpipe.hosted.rows import shown_size

    lines = [
        f"{shown(folder)}: saved {_counted(result.saved)} ({shown_size(result.bytes)} of content).",
        f"Whole before: {_counted(result.unchanged)}.",
    ]
    lines += [f"Cannot be saved: {shown(note)}." for note in result.notes]
    if result.not_saved_count:
        parts = "1 part" if result.not_saved_count == 1 else f"{result.not_saved_count} parts"
        lines.append(f"Not saved: {parts}, listed in full in not-saved.jsonl.")
        lines += [f"  {shown(one)}" for one in result.not_saved[:_NAMED]]
        if result.not_saved_count > _NAMED:
            lines.append(f"  ... and {result.not_saved_count - _NAMED} more")
    if result.broken_off:
        lines.append(f"Broken off: {shown(result.broken_off)}.")
    if not result.complete:
        lines.append("The backup is not complete. The same command goes on from here.")
    return "\n".join(lines)
