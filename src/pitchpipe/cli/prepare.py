"""Check a table, turn it into records and split it.

It writes STEM_prepared_train.jsonl, STEM_prepared_valid.jsonl and STEM_prepared.json, which says
how they were written.
"""

from __future__ import annotations

import argparse

from pitchpipe.cli import flags
from pitchpipe.cli.parser import Parser


def configure(parser: Parser) -> None:
    """Adds the flags."""
    parser.add_argument("file", metavar="FILE", help="the table")
    parser.add_argument("--out-dir", metavar="DIR", help="instead of the table's folder")
    flags.json_flag(parser)
    flags.data_flags(parser)
    flags.model_flag(parser)
    flags.configuration_flags(parser)


def run(arguments: argparse.Namespace) -> int:
    """Prepares, and says what was written."""
    from pitchpipe.cli import summary
    from pitchpipe.cli.output import answer, answer_json, say
    from pitchpipe.prepared import manifest_of

    pipeline = flags.pipeline_of(flags.configured(arguments))
    data = pipeline.prepare(arguments.file, arguments.out_dir)
    if inferred := summary.inferred_text(data):
        say(inferred)
    if arguments.json:
        answer_json(
            {
                "train": str(data.train),
                "valid": str(data.valid) if data.valid else None,
                "manifest": str(manifest_of(data.train)),
                "train_rows": data.train_rows,
                "valid_rows": data.valid_rows,
                "contract": data.contract.to_json(),
                "findings": [finding.to_json() for finding in data.findings],
                "notes": list(data.notes),
            }
        )
        return 0
    answer(f"{data.train}: {data.train_rows} records")
    if data.valid:
        answer(f"{data.valid}: {data.valid_rows} records")
        say(f"Next: pitchpipe train {data.train} -v {data.valid}")
    else:
        say(f"Nothing was held out. Next: pitchpipe train {data.train}")
    return 0
