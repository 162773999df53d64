"""What to do with prepared files."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from pitchpipe.records import DEFAULT_MODEL

if TYPE_CHECKING:
    from pitchpipe.pipeline import Pipeline
    from pitchpipe.records import Contract, PreparedData


def next_command(data: PreparedData, pipeline: Pipeline) -> str:
    """The command that trains on prepared files."""
    words = ["pitchpipe", "train", str(data.train)]
    if data.valid:
        words += ["-v", str(data.valid)]
    if pipeline.config.training.model != DEFAULT_MODEL:
        words += ["--model", pipeline.config.training.model]
    if pipeline.config.trainer.name != "fake":
        words += ["--trainer", pipeline.config.trainer.name]
    return shlex.join(words)


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
