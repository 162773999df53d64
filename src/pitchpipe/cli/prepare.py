"""Check a table, correct it, turn it into records and split them.

It writes STEM_prepared_train.jsonl and STEM_prepared_valid.jsonl, or STEM_prepared.jsonl when
nothing is held out; STEM_prepared_changes.jsonl, which lists every row that a fix changed or
removed; and STEM_prepared.json, which says how all of it was written. FILE itself stays as it is.

On a terminal it asks before each fix that is not required. --dry-run asks for nothing: it shows the
result with every recommended fix, and names those that need consent.
"""

from __future__ import annotations

import argparse
import dataclasses
from typing import TYPE_CHECKING

from pitchpipe.cli import flags
from pitchpipe.cli.deciding import ALL, Asking, Preview, undoing
from pitchpipe.cli.parser import Parser, one_of
from pitchpipe.errors import DataError, UsageError
from pitchpipe.profiles import PROFILES

if TYPE_CHECKING:
    from pitchpipe.cli.progress import Progress
    from pitchpipe.config import Config
    from pitchpipe.pipeline import Pipeline
    from pitchpipe.plugins import PluginHost
    from pitchpipe.prepare import Decide


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
        type=one_of("profile", tuple(PROFILES)),
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

    from pitchpipe.cli.columns import with_columns
    from pitchpipe.cli.progress import Progress
    from pitchpipe.cli.reports import report_of
    from pitchpipe.pipeline import Pipeline

    progress = Progress(sys.stderr)
    config = flags.configured(arguments)
    host = flags.loaded(config, progress)
    _spell(arguments, host)
    config = _with_rules(config, arguments, host)

    def checked(config: Config) -> Pipeline:
        pipeline = Pipeline.from_config(config, host)
        _check_rules(pipeline, arguments)
        return pipeline

    pipeline = with_columns(checked, config, arguments.file)
    report = report_of(arguments, pipeline)
    decide: Decide | None = None
    try:
        decide = _decide(arguments, pipeline, progress)
        data = pipeline.prepare(
            arguments.file, arguments.out_dir, decide=decide, dry_run=arguments.dry_run
        )
    except DataError as error:
        report.failed(error)
        _tell_consent(decide)
        raise
    report.done(data)
    _tell_consent(decide)
    return 0


def _tell_consent(decide: Decide | None) -> None:
    from pitchpipe.cli.output import say

    if isinstance(decide, Preview) and (text := decide.consent_text()):
        say(text)


def _spell(arguments: argparse.Namespace, host: PluginHost) -> None:
    """Gives every rule that a flag names its one spelling."""
    for flag in ("fix", "ignore", "only", "undo"):
        names = getattr(arguments, flag)
        names[:] = [name if name == ALL else host.validators.spelling(name) for name in names]


def _with_rules(config: Config, arguments: argparse.Namespace, host: PluginHost) -> Config:
    if not (arguments.only or arguments.ignore):
        return config
    from pitchpipe.selection import spelled_validators

    rules = spelled_validators(config.validators, host)
    if arguments.only:
        rules = dataclasses.replace(rules, use=tuple(arguments.only), also=())
    rules = dataclasses.replace(rules, skip=(*rules.skip, *arguments.ignore))
    used = rules.names(PROFILES[config.data.profile].validators)
    options = {name: given for name, given in rules.options.items() if name in used}
    return dataclasses.replace(config, validators=dataclasses.replace(rules, options=options))


def _check_rules(pipeline: Pipeline, arguments: argparse.Namespace) -> None:
    if arguments.undo and (arguments.quiet or arguments.fix):
        raise UsageError("--undo takes the fixes of last time; give neither -q nor --fix with it.")
    host, config = pipeline.host, pipeline.config
    for name in (*arguments.ignore, *(name for name in arguments.undo if name != ALL)):
        host.get(host.validators, name)
    used = config.validators.names(PROFILES[config.data.profile].validators)
    for name in arguments.fix:
        if not host.get(host.validators, name).stage.fixes:
            raise UsageError(f"--fix {name}: this rule has no fix. See pitchpipe rules {name}.")
        if name not in used:
            raise UsageError(
                f"--fix {name}: this rule is not in use. In use: {', '.join(used)}. "
                "validators.also in the configuration adds to them."
            )


def _decide(arguments: argparse.Namespace, pipeline: Pipeline, progress: Progress) -> Decide:
    if arguments.undo:
        return undoing(pipeline, arguments.file, arguments.out_dir, arguments.undo)
    named = frozenset(arguments.fix)
    fixes = pipeline.config.data.fix
    if arguments.dry_run and not arguments.quiet:
        return Preview(named, fixes)
    return Asking(named, arguments.quiet and fixes, fixes, progress.clear)
