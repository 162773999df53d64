"""What a step of training looks like in an event, a checkpoint and the result file."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pitchpipe.service.http import JSON
from pitchpipe.service.storage.store import Row
from pitchpipe.stages import FitStep

EVENTS = 100
"""About as many metrics events as a job has, and one an epoch; the result file has each step."""

HEADER = "step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy\n"
"""The first line of the result file, as the hosted service writes it."""


def metrics(step: FitStep, total: int, *, rewarded: bool) -> tuple[str, JSON]:
    """Message and data of a metrics event.

    Args:
        step: what it tells of.
        total: steps of the job.
        rewarded: whether accuracies are mean rewards, which then have their own names besides.
    """
    message = f"Step {step.step}/{total}: training loss={step.train_loss:.2f}"
    data: JSON = {
        "step": step.step,
        "total_steps": total,
        "train_loss": step.train_loss,
        "train_mean_token_accuracy": step.train_accuracy,
    }
    if step.valid_loss is not None:
        message += f", validation loss={step.valid_loss:.2f}"
        data |= _valid(step)
    if rewarded:
        rewards = {
            "train_mean_reward": step.train_accuracy,
            "full_valid_mean_reward": step.valid_accuracy,
        }
        data |= {name: reward for name, reward in rewards.items() if reward is not None}
    return message, data


def checkpoint_metrics(step: FitStep) -> JSON:
    """The ``metrics`` of a checkpoint taken after the step."""
    data: JSON = {
        "step": step.step,
        "train_loss": step.train_loss,
        "train_mean_token_accuracy": step.train_accuracy,
    }
    return data | (_valid(step) if step.valid_loss is not None else {})


def estimated_finish(job: Row, total: int, now: float) -> int | None:
    """When a running job will have ended if it goes on as fast as since it began or went on.

    Args:
        job: its last step taken is in its private part.
        total: steps of the job.
        now: Unix seconds.

    Returns:
        Unix seconds; None before its first step.
    """
    step: int = job.private["step"]
    since: float = job.private["since"]
    done: int = step - job.private.get("first_step", 0)
    if done < 1:
        return None
    return math.ceil(now + (now - since) / done * (total - step))


def rows(steps: Sequence[FitStep]) -> str:
    """Lines of the result file."""
    return "".join(
        f"{step.step},{step.train_loss:.6g},{step.train_accuracy:.6g},"
        f"{_figure(step.valid_loss)},{_figure(step.valid_accuracy)}\n"
        for step in steps
    )


def _valid(step: FitStep) -> JSON:
    figures = {
        "valid_loss": step.valid_loss,
        "valid_mean_token_accuracy": step.valid_accuracy,
        "full_valid_loss": step.valid_loss,
        "full_valid_mean_token_accuracy": step.valid_accuracy,
    }
    return {name: figure for name, figure in figures.items() if figure is not None}


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"
