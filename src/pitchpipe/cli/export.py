"""Write a tuned model into a folder, for other programs to load."""

from __future__ import annotations

import argparse
from pathlib import Path

from pitchpipe.cli import flags
from pitchpipe.cli.parser import Parser


def configure(parser: Parser) -> None:
    """Adds the flags."""
    add = parser.add_argument
    add("model", metavar="MODEL", help="the tuned model's name")
    add("--out", metavar="FOLDER", type=Path, required=True, help="where; must not be there yet")
    add(
        "--form",
        metavar="FORM",
        default="merged",
        help="merged, the whole model (the default), or adapter, what was trained alone; "
        "a learner may know others",
    )
    flags.json_flag(parser)
    flags.service_flags(parser)
    flags.configuration_flags(parser)


def run(arguments: argparse.Namespace) -> int:
    """Exports it."""
    from pitchpipe.cli.output import answer, answer_json
    from pitchpipe.files import new_folder

    trainer = flags.pipeline_of(flags.configured(arguments)).trainer
    with new_folder(arguments.out) as folder:
        trainer.export(arguments.model, folder, arguments.form)
        files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))
    if arguments.json:
        answer_json({"folder": str(arguments.out), "form": arguments.form, "files": files})
    else:
        answer(str(arguments.out))
    return 0
