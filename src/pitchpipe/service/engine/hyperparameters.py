"""What "auto" stands for, once the number of training records is known."""

from __future__ import annotations

from typing import Any

from pitchpipe.service.http import JSON

_SHARED = ("n_epochs", "batch_size", "learning_rate_multiplier")
_OWN = {
    "supervised": (),
    "dpo": ("beta",),
    "reinforcement": (
        "compute_multiplier",
        "eval_interval",
        "eval_samples",
        "reasoning_effort",
    ),
}


def names(method: str) -> tuple[str, ...]:
    """The hyperparameters that a method has."""
    return _SHARED + _OWN[method]


def resolve(asked: JSON, records: int) -> JSON:
    """The hyperparameters in use.

    n_epochs is 3, or as many more as bring the records seen to 100 (25 at the most), or as many
    fewer as keep them at 25,000 (at least 1). batch_size is 0.2% of the records, between 8 and
    256. learning_rate_multiplier and compute_multiplier are 1, beta is 0.1, eval_interval is the
    steps of an epoch, eval_samples is 4.

    Args:
        asked: the request's hyperparameters; missing ones are "auto".
        records: records in the training file.
    """
    automatic: dict[str, Any] = {
        "n_epochs": _epochs(records),
        "batch_size": max(8, min(256, round(0.002 * records))),
        "learning_rate_multiplier": 1.0,
        "beta": 0.1,
        "compute_multiplier": 1.0,
        "eval_samples": 4,
    }
    given = {name: value for name, value in asked.items() if value not in (None, "auto")}
    batch_size: int = (automatic | given)["batch_size"]
    automatic["eval_interval"] = -(-records // batch_size)
    return {name: given.get(name, automatic.get(name)) for name in asked}


def shared(values: JSON) -> JSON:
    """Those that every method has, which a job shows outside its method too."""
    return {name: value for name, value in values.items() if name in _SHARED}


def _epochs(records: int) -> int:
    if 3 * records < 100:
        return min(25, 100 // records)
    if 3 * records > 25_000:
        return max(1, 25_000 // records)
    return 3
