"""Check a table, correct it, turn it into records and split them.

It writes STEM_prepared_train.jsonl and STEM_prepared_valid.jsonl, or STEM_prepared.jsonl when
nothing is held out; STEM_prepared_changes.jsonl, which lists every row that a fix changed or
removed; and STEM_prepared.json, which says how all of it was written. FILE itself stays as it is.

On a terminal it asks before each fix that is not required.
"""

from __future__ import annotations

import argparse
import dataclasses
from typing import TYPE_CHECKING

from pitchpipe.cli import flags
from pitchpipe.cli.parser import Parser, one_of

if TYPE_CHECKING:
    from pitchpipe.config import Config
    from pitchpipe.pipeline import Pipeline
    from pitchpipe.prepare import Decide

PROFILES = ("article", "legacy")


def configure(parser: Parser) -> None:
    """Adds the flags."""
    parser.add_argument("file", metavar="FILE", help="the table")
    parser.add_argument("--out-dir", metavar="DIR", help="instead of the table's folder")
    parser.add_argument("--dry-run", action="store_true", help="show what would change; no files")
    add = parser.add_argument_group("rules and fixes").add_argument
    add(
        "--profile",
        dest="data.profile",
        metavar="P",
        type=one_of("profile", PROFILES),
        default=argparse.SUPPRESS,
        help="article (the default), or legacy: as fine_tunes.prepare_data decided",
    )
    add("--quiet", "-q", action="store_true", help="apply all recommended fixes without asking")
    for flag, text in (
        ("--fix", "apply this rule's fix without asking"),
        ("--ignore", "leave this rule out"),
        ("--only", "leave all other rules out"),
        ("--undo", "prepare anew without this rule's fix, the others as last time; or all"),
    ):
        add(flag, metavar="RULE", action="append", default=[], help=f"{text}; may be repeated")
    reports = parser.add_argument_group("reports").add_mutually_exclusive_group()
    reports.add_argument("--json", action="store_true", help="print one JSON object")
    reports.add_argument("--sarif", action="store_true", help="print findings for a code host")
    flags.data_flags(parser)
    flags.model_flag(parser)
    flags.service_flags(parser)
    flags.configuration_flags(parser)


def run(arguments: argparse.Namespace) -> int:
    """Prepares, and says what was found and written."""
    import sys

    from pitchpipe.cli.progress import Progress
    from pitchpipe.cli.reports import report_of
    from pitchpipe.errors import InvalidDataError

    progress = Progress(sys.stderr)
    config = _with_rules(flags.configured(arguments), arguments)
    pipeline = flags.pipeline_of(config, progress)
    _check_names(pipeline, arguments)
    report = report_of(arguments, pipeline)
    decide = _decide(arguments, pipeline, progress)
    try:
        data = pipeline.prepare(
            arguments.file, arguments.out_dir, decide=decide, dry_run=arguments.dry_run
        )
    except InvalidDataError as error:
        report.failed(error)
        raise
    report.done(data)
    return 0


def _with_rules(config: Config, arguments: argparse.Namespace) -> Config:
    if not (arguments.only or arguments.ignore):
        return config
    rules = config.validators
    if arguments.only:
        rules = dataclasses.replace(rules, use=tuple(arguments.only), also=())
    rules = dataclasses.replace(rules, skip=(*rules.skip, *arguments.ignore))
    from pitchpipe.profiles import PROFILES

    used = rules.names(PROFILES[config.data.profile].validators)
    options = {name: given for name, given in rules.options.items() if name in used}
    return dataclasses.replace(config, validators=dataclasses.replace(rules, options=options))


def _check_names(pipeline: Pipeline, arguments: argparse.Namespace) -> None:
    registry = pipeline.host.validators
    undone = [name for name in arguments.undo if name != "all"]
    for name in (*arguments.ignore, *arguments.fix, *undone):
        pipeline.host.get(registry, name)


def _decide(arguments: argparse.Namespace, pipeline: Pipeline, progress: object) -> Decide:
    from pitchpipe.cli.deciding import Asking, undoing
    from pitchpipe.cli.progress import Progress

    if arguments.undo:
        return undoing(pipeline, arguments.file, arguments.out_dir, arguments.undo)
    quiet = arguments.quiet and pipeline.config.data.fix
    clear = progress.clear if isinstance(progress, Progress) else lambda: None
    return Asking(frozenset(arguments.fix), quiet, pipeline.config.data.fix, clear)
