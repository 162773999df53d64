"""What to do with prepared files."""

from __future__ import annotations

import argparse
import shlex
from typing import TYPE_CHECKING

from pitchpipe.addresses import hide_address
from pitchpipe.formats.fitting import needs_grader
from pitchpipe.redaction import hide_in_setting

if TYPE_CHECKING:
    from pitchpipe.pipeline import Pipeline
    from pitchpipe.records import Contract, PreparedData


_OF_TRAINING = ("training", "trainer")


def next_command(data: PreparedData, pipeline: Pipeline, arguments: argparse.Namespace) -> str:
    """The command that trains on prepared files, with what was set for the training already.

    Args:
        data: the files.
        pipeline: what prepared them.
        arguments: the flags it was made from.
    """
    training, trainer = pipeline.training(data), pipeline.config.trainer
    words = ["pitchpipe", "train", str(data.train)]
    if data.valid:
        words += ["-v", str(data.valid)]
    words += ["--model", training.model]
    if training.method != "supervised":
        words += ["--method", training.method]
    if trainer.name != "fake":
        words += ["--trainer", trainer.name]
    if "base_url" in trainer.options:
        words += ["--base-url", hide_address(str(trainer.options["base_url"]))]
    if arguments.config:
        words += ["--config", arguments.config]
    for setting in arguments.set:
        if setting.partition(".")[0] in _OF_TRAINING:
            words += ["--set", hide_in_setting(setting)]
    return shlex.join(words)


def missing_text(data: PreparedData, pipeline: Pipeline) -> str:
    """What is to be set before the next command can work, in one line; "" where nothing is."""
    if not needs_grader(pipeline.training(data)):
        return ""
    return (
        "Before you train, set training.method_options.grader in the configuration: "
        "the method reinforcement needs a grader."
    )


def asking_text(contract: Contract) -> str:
    """How to ask a model that is trained on such records, in one line."""
    separator = contract.options.get("separator")
    parts = []
    if isinstance(separator, str):
        parts.append(
            f"end every prompt with {separator!r}" if separator else "leave the prompt empty"
        )
    if contract.stop:
        parts.append(f"stop at {' or '.join(map(repr, contract.stop))}")
    if not parts:
        return ""
    text = ", and ".join(parts)
    return f"To ask the model, {text}; pitchpipe predict does so by itself."
