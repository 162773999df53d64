"""Ask a tuned model about every row of a table.

How the questions must be put comes from the run that made the model (--run-dir), else from the
service. The same command again, after an interruption, goes on where it was.
"""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from pitchpipe.cli import flags
from pitchpipe.cli.parser import Parser
from pitchpipe.errors import UsageError

if TYPE_CHECKING:
    from pitchpipe.config import Config
    from pitchpipe.records import TrainedModel
    from pitchpipe.run import RunFolder


def configure(parser: Parser) -> None:
    """Adds the flags."""
    parser.add_argument("file", metavar="FILE", help="prepared records, or a table with prompts")
    parser.add_argument("--model", metavar="M", help="the tuned model's name")
    parser.add_argument("--run-dir", metavar="DIR", help="the run that made the model")
    parser.add_argument(
        "--out", metavar="F", help="instead of STEM_predictions.jsonl beside the table"
    )
    flags.json_flag(parser)
    flags.column_flags(parser)
    flags.service_flags(parser)
    flags.prediction_flags(parser)
    flags.configuration_flags(parser)


def run(arguments: argparse.Namespace) -> int:
    """Predicts, and says where the answers are."""
    from pitchpipe.cli.output import answer, answer_json, say, shown
    from pitchpipe.run import RunFolder
    from pitchpipe.run_files import checked

    if not (arguments.model or arguments.run_dir):
        raise UsageError("give --model M, --run-dir DIR or both. See pitchpipe predict --help.")
    folder = RunFolder(Path(arguments.run_dir)) if arguments.run_dir else None
    if folder and not arguments.config:
        checked(folder.config)
    config = flags.configured(arguments, folder.config if folder else None)
    model: TrainedModel | str = _of_run(folder, arguments.model) if folder else arguments.model
    file = Path(arguments.file)
    out = Path(arguments.out or file.with_name(f"{file.stem}_predictions.jsonl"))
    if folder:
        config = _without_its_table(config, vars(arguments))
    pipeline = flags.pipeline_of(_fitting(config, file, vars(arguments)))
    answers = pipeline.predict(model, file, out)
    known = [reference for reference in answers["reference"] if reference is not None]
    if arguments.json:
        name = model if isinstance(model, str) else model.name
        rows = {"rows": len(answers), "references": len(known)}
        notes = {"notes": answers.attrs["notes"]}
        answer_json({"predictions": str(out), "model": name, **rows, **notes})
        return 0
    for note in answers.attrs["notes"]:
        say(shown(note))
    answer(f"{out}: {len(answers)} answers")
    if known:
        say(f"Next: pitchpipe score {out}")
    return 0


def _of_run(folder: RunFolder, name: str | None) -> TrainedModel:
    from pitchpipe.run import load_model
    from pitchpipe.run_files import checked

    model = load_model(checked(folder.model))
    return dataclasses.replace(model, name=name) if name else model


def _without_its_table(config: Config, given: dict[str, object]) -> Config:
    """A run's configuration without what it says of the file that the run was made from."""
    data = config.data
    if "data.encoding" not in given:
        data = dataclasses.replace(data, encoding=None)
    if "data.input_kind" not in given:
        data = dataclasses.replace(data, input_kind=None)
    if "data.max_unpacked" not in given:
        data = dataclasses.replace(data, max_unpacked=None)
    return dataclasses.replace(config, data=data)


def _fitting(config: Config, file: Path, given: dict[str, object]) -> Config:
    """The configuration without the columns of answers and groups that this table lacks."""
    from pitchpipe.cli.output import say
    from pitchpipe.tables import open_table

    data = config.data
    table = open_table(
        file,
        chunk_rows=1,
        encoding=data.encoding,
        kind=data.input_kind,
        by_name=data.profile == "legacy",
        max_unpacked=data.max_unpacked_bytes,
    )
    for note in table.notes:
        say(note)
    first = next(table.chunks(), None)
    columns = () if first is None else first.columns
    if "data.completion_column" not in given and data.completion_column not in columns:
        data = dataclasses.replace(data, completion_column=None)
    if data.group_column not in columns:
        data = dataclasses.replace(data, group_column=None)
    return dataclasses.replace(config, data=data)
