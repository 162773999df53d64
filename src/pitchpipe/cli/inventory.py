"""List what a service holds for you: files, jobs, tuned models, checkpoints, batches, and dates.

What goes first stands at the top. Every request is a GET: nothing at the service is changed.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pitchpipe.cli import flags
from pitchpipe.cli.parser import Parser

if TYPE_CHECKING:
    from pitchpipe.hosted.inventory import Inventory
    from pitchpipe.hosted.objects import Reference


def configure(parser: Parser) -> None:
    """Adds the flags."""
    flags.json_flag(parser, "print one JSON object, all fields of the service included")
    parser.add_argument("--html", metavar="FILE", help="also write one page of HTML there")
    flags.service_flags(parser)
    flags.configuration_flags(parser)


def run(arguments: argparse.Namespace) -> int:
    """Lists everything."""
    from pathlib import Path

    from pitchpipe.cli.hosted import connection_of, list_progress
    from pitchpipe.cli.output import answer, answer_json, say, warn
    from pitchpipe.files import atomic
    from pitchpipe.hosted.inventory import KINDS, take_inventory

    connection = connection_of(flags.configured(arguments))
    with list_progress() as report:
        inventory = take_inventory(connection, report)
    for kind, reason in inventory.not_listed.items():
        warn(f"{KINDS[kind]}: not listed in full: {reason}.")
    if arguments.html:
        from pitchpipe.hosted.page import html_page

        with atomic(Path(arguments.html), "wb") as stream:
            stream.write(html_page(inventory).encode(errors="backslashreplace"))
        say(f"Wrote {arguments.html}.")
    if arguments.json:
        answer_json(inventory.to_json())
    else:
        answer(_report(inventory))
    return 0 if inventory.complete else 1


def _report(inventory: Inventory) -> str:
    from pitchpipe.cli.output import shown, table
    from pitchpipe.hosted.inventory import KINDS
    from pitchpipe.hosted.page import HEADINGS, days_left, totals
    from pitchpipe.hosted.rows import TITLES, cells

    today = inventory.read_at.date()
    parts = [f"{shown(inventory.service)}, asked on {inventory.read_at:%Y-%m-%d %H:%M} UTC"]
    if inventory.deadlines:
        rows = [
            (str(one.day), days_left((one.day - today).days), one.what, one.source)
            for one in inventory.deadlines
        ]
        parts.append("What goes when\n" + table(("day", "", "what", "source"), rows))
    parts.append("What there is\n" + table(("what", "count", "size"), totals(inventory)))
    for kind in KINDS:
        if items := inventory.items[kind]:
            mentions = "used by" if kind == "file" else "refers to"
            rows_of_kind = [
                (*cells(item), _shown(item.used_by if kind == "file" else item.refers_to))
                for item in items
            ]
            titles = (*TITLES[kind], mentions)
            parts.append(f"{HEADINGS[kind]}\n{table(titles, rows_of_kind)}")
    if unused := inventory.unused_files:
        parts.append("Files that no job and no batch mentions\n" + "\n".join(map(shown, unused)))
    return "\n\n".join(parts)


def _shown(mentions: Sequence[Reference]) -> str:
    return ", ".join(f"{one.role} {one.id}" for one in mentions) or "-"
