"""The flags that several verbs share, and the configuration they come to.

A flag whose destination holds a dot sets the configuration key of that path.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from pitchpipe.cli.choice import choice_of, host_of, plugin_flags
from pitchpipe.cli.parser import AUTO, Parser, auto_or, one_of
from pitchpipe.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from pitchpipe.config import Config
    from pitchpipe.pipeline import Pipeline, Source
    from pitchpipe.plugins import PluginHost

Add: TypeAlias = Callable[..., argparse.Action]

TASKS = (AUTO, "classification", "text")
METHODS = (AUTO, "supervised", "dpo", "reinforcement")
INPUT_KINDS = ("jsonl", "json", "csv", "tsv", "lines", "xlsx", "parquet")


def configuration_flags(parser: Parser) -> None:
    """Where the configuration comes from."""
    add = parser.add_argument_group("configuration").add_argument
    add(
        "--config",
        metavar="FILE",
        help="instead of the nearest pitchpipe.toml or pyproject.toml",
    )
    add(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="any key of the configuration, such as trainer.timeout=30; may be repeated",
    )
    plugin_flags(parser)


def source_flags(parser: Parser) -> None:
    """The table, or the one that comes with Pitchpipe."""
    parser.add_argument("file", metavar="FILE", nargs="?", help="the table")
    parser.add_argument("--sample", action="store_true", help="take the packaged film reviews")


def source_of(arguments: argparse.Namespace) -> Source:
    """The table that is asked for.

    Raises:
        UsageError: there is none, or two.
    """
    if arguments.sample == (arguments.file is not None):
        raise UsageError("give either a FILE or --sample. See --help.")
    if arguments.sample:
        from pitchpipe.samples import film_reviews

        return film_reviews()
    file: str = arguments.file
    return file


def service_flags(parser: Parser) -> None:
    """Which trainer, and where."""
    add = parser.add_argument_group("service").add_argument
    _key(add, "--trainer", "trainer.name", "N", "fake (the default), openai, or a plugin's")
    _key(
        add,
        "--base-url",
        "trainer.base_url",
        "URL",
        "of the service; offline:FOLDER is the offline one, in this process",
    )


def column_flags(parser: Parser) -> Add:
    """What the table's columns are."""
    add = parser.add_argument_group("data").add_argument
    _key(add, "--prompt-column", "data.prompt_column", "C", "holds the prompts")
    _key(add, "--completion-column", "data.completion_column", "C", "holds the answers")
    _key(add, "--encoding", "data.encoding", "E", "of a text file that is not Unicode")
    add(
        "--input-kind",
        dest="data.input_kind",
        metavar="K",
        type=one_of("kind of file", INPUT_KINDS),
        default=argparse.SUPPRESS,
        help=f"what the file is, instead of what its content shows: {', '.join(INPUT_KINDS)}",
    )
    _key(
        add,
        "--max-unpacked",
        "data.max_unpacked",
        "SIZE",
        "how large a compressed file, a workbook or Parquet may become, such as 2GB; by default "
        "1 GB, or 50 times its own size",
    )
    _key(add, "--format", "formatter.name", "NAME", "of the records: auto, or a formatter's name")
    return add


def data_flags(parser: Parser) -> None:
    """What the table is, and how it becomes records."""
    add = column_flags(parser)
    _key(add, "--group-column", "data.group_column", "C", "rows that must stay together")
    task_flag(add)
    _key(add, "--splitter", "splitter.name", "N", "decides which rows are held out")


def model_flag(parser: Parser) -> Add:
    """What to train."""
    add = parser.add_argument_group("training").add_argument
    _key(add, "--model", "training.model", "M", "the base model; by default one for the records")
    method_flag(add)
    return add


def method_flag(add: Add) -> None:
    """By which method to train."""
    add(
        "--method",
        dest="training.method",
        metavar="M",
        type=one_of("method", METHODS),
        default=argparse.SUPPRESS,
        help=f"{', '.join(METHODS)}; auto is the one that the records are for",
    )


def training_flags(parser: Parser) -> None:
    """What to train, and how."""
    add = model_flag(parser)
    _number(add, "--n-epochs", int, "passes over the records")
    job_flags(parser, add)


def job_flags(parser: Parser, add: Add | None = None) -> None:
    """How to train, but for the model and the number of epochs; into the group of ``add``."""
    add = add or parser.add_argument_group("training").add_argument
    _number(add, "--batch-size", int, "records a step")
    _number(add, "--learning-rate-multiplier", float, "factor on the service's own rate")
    _key(add, "--suffix", "training.suffix", "S", "for the tuned model's name")
    _key(add, "--seed", "training.seed", "N", "makes the job repeatable", int)
    _key(
        add,
        "--max-cost",
        "training.max_cost",
        "USD",
        "submit nothing that is estimated to cost more",
        float,
    )


def prediction_flags(parser: Parser) -> None:
    """How the model is asked."""
    add = parser.add_argument_group("prediction").add_argument
    _key(add, "--predictor", "predictor.name", "N", "openai, batch, or a plugin's")


def scoring_flags(parser: Parser) -> Add:
    """How answers are measured."""
    add = parser.add_argument_group("scoring").add_argument
    _key(
        add,
        "--positive-class",
        "scoring.positive_class",
        "L",
        "the label that precision, recall, AUROC and AUPRC are about",
    )
    return add


def task_flag(add: Add) -> None:
    """What the answers are."""
    add(
        "--task",
        dest="data.task",
        metavar="T",
        type=one_of("task", TASKS),
        default=argparse.SUPPRESS,
        help=f"whether the answers are labels: {', '.join(TASKS)}",
    )


def json_flag(parser: Parser, text: str = "print one JSON object") -> None:
    """Answers for programs."""
    parser.add_argument("--json", action="store_true", help=text)


def configured(arguments: argparse.Namespace, default: Path | None = None) -> Config:
    """The configuration: that of a file, then ``--set``, then the flags; plugins as chosen.

    Args:
        arguments: the parsed words.
        default: the file to take when none is given, instead of the nearest.

    Raises:
        ConfigError: a key is unknown or its value wrong; names its path.
    """
    import dataclasses

    config = written(arguments, default)
    chosen = choice_of(arguments, config.plugins).to_config()
    return dataclasses.replace(config, plugins=chosen)


def written(arguments: argparse.Namespace, default: Path | None = None) -> Config:
    """As ``configured``, but the plugins as the configuration alone has them."""
    from pathlib import Path

    from pitchpipe.config import Config

    overrides: dict[str, Any] = {}
    for word in arguments.set:
        overrides = _both(overrides, _setting(word))
    for key, value in vars(arguments).items():
        section, dot, name = key.partition(".")
        if dot:
            overrides = _both(overrides, {section: {name: value}})
    path = Path(arguments.config) if arguments.config else default
    return Config.load(path, overrides) if path else Config.discover(Path.cwd(), overrides)


def pipeline_of(config: Config, progress: object | None = None) -> Pipeline:
    """The configured pipeline, with progress shown on stderr, or by what is given."""
    from pitchpipe.pipeline import Pipeline

    return Pipeline.from_config(config, loaded(config, progress))


def loaded(config: Config, progress: object | None = None) -> PluginHost:
    """The configured plugins, and what shows progress; what did not load is told."""
    import sys

    from pitchpipe.cli.output import warn
    from pitchpipe.cli.progress import Progress

    host = host_of(config.plugins, [progress or Progress(sys.stderr)])
    for failure in host.failures:
        warn(f"left out: {failure}")
    return host


def _key(add: Add, flag: str, path: str, metavar: str, text: str, kind: type[object] = str) -> None:
    add(flag, dest=path, metavar=metavar, type=kind, default=argparse.SUPPRESS, help=text)


def _number(add: Add, flag: str, kind: type[int] | type[float], text: str) -> None:
    add(
        flag,
        dest="training." + flag[2:].replace("-", "_"),
        metavar="N",
        type=auto_or(kind),
        default=argparse.SUPPRESS,
        help=f"{text}, or auto",
    )


def _setting(word: str) -> Mapping[str, Any]:
    import tomllib

    from pitchpipe import toml_text

    key, equals, value = word.partition("=")
    if equals:
        for text in (word, f"{key} = {json.dumps(value, ensure_ascii=False)}"):
            try:
                return toml_text.loads(text)
            except tomllib.TOMLDecodeError:
                continue
    raise UsageError(
        f"--set {word!r}: expected KEY=VALUE with the path of a configuration key, "
        "such as training.n_epochs=4."
    )


def _both(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    # unlike config.merged, where a stage's name comes from here its options may come from there
    result = dict(below)
    for key, value in above.items():
        under = result.get(key)
        if isinstance(under, Mapping) and isinstance(value, Mapping):
            result[key] = _both(under, value)
        else:
            result[key] = value
    return result
