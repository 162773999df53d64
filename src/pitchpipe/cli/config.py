"""Write a commented pitchpipe.toml into the current folder, or show the resolved configuration."""

from __future__ import annotations

import argparse
import json
import textwrap
from typing import TYPE_CHECKING

from pitchpipe.cli import flags
from pitchpipe.cli.parser import Parser, one_of

if TYPE_CHECKING:
    from pitchpipe.cli.docs import Field

ACTIONS = ("init", "show")


def configure(parser: Parser) -> None:
    """Adds the flags."""
    parser.add_argument("action", metavar="init|show", type=one_of("action", ACTIONS))
    parser.add_argument("--force", action="store_true", help="let init overwrite a file")
    flags.json_flag(parser, "show one JSON object instead of TOML")
    flags.data_flags(parser)
    flags.training_flags(parser)
    flags.service_flags(parser)
    flags.prediction_flags(parser)
    flags.scoring_flags(parser)
    flags.configuration_flags(parser)


def run(arguments: argparse.Namespace) -> int:
    """Writes or shows."""
    from pitchpipe.cli.choice import choice_of
    from pitchpipe.config import PluginsConfig

    if arguments.action == "show":
        return _show(arguments)
    choice_of(arguments, PluginsConfig())  # no plugin is loaded, but a wrong name is refused
    return _init(arguments.force)


def _show(arguments: argparse.Namespace) -> int:
    from pitchpipe.cli.output import answer, answer_json
    from pitchpipe.redaction import hide_in_tables
    from pitchpipe.run import stored_config

    config = flags.configured(arguments)
    if arguments.json:
        answer_json(hide_in_tables(config.to_mapping()))
    else:
        answer(stored_config(config).rstrip())
    return 0


def _init(force: bool) -> int:
    from pathlib import Path

    from pitchpipe.cli.output import answer
    from pitchpipe.config import FILE_NAME
    from pitchpipe.errors import UsageError
    from pitchpipe.files import atomic

    path = Path(FILE_NAME)
    if path.exists() and not force:
        raise UsageError(f"{path}: exists already; --force overwrites it.")
    with atomic(path) as stream:
        stream.write(template())
    answer(str(path))
    return 0


def template() -> str:
    """Every key of the configuration with its default, as comments."""
    from pitchpipe.cli.docs import fields_of
    from pitchpipe.config import Config, StageConfig
    from pitchpipe.records import TrainingSpec

    lines = ["# Pitchpipe. What is commented out has the value shown.", ""]
    defaults = Config()
    for section in fields_of(Config):
        table = getattr(defaults, section.name)
        lines.append(f"[{section.name}]")
        if isinstance(table, StageConfig):
            lines += [
                f"# The {section.name}; its options stand beside its name.",
                "# See pitchpipe plugins list, and pitchpipe plugins info NAME.",
                f'# name = "{table.name}"',
            ]
        else:
            described = TrainingSpec if section.name == "training" else type(table)
            docs = {field.name: field.doc for field in fields_of(described)}
            for field in fields_of(type(table)):
                lines += _commented(field, docs[field.name])
        lines.append("")
    return "\n".join(lines)


def _commented(field: Field, doc: str) -> list[str]:
    # what JSON and TOML have in common is enough for the defaults
    value = json.dumps(field.default)
    if field.default is None:
        value = f"(not set; {field.type.removesuffix(' | None')})"
    sentence = textwrap.wrap(f"{doc[:1].upper()}{doc[1:]}", 98)
    return [f"# {line}" for line in (*sentence, f"{field.name} = {value}")]
