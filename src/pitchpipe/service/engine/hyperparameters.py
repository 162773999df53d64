"""What "auto" stands for, once the number of training records is known."""

from __future__ import annotations

from typing import Any

from pitchpipe.service.http import JSON

_DEFAULT_BETA = 0.1


def resolve(asked: JSON, records: int) -> JSON:
    """The hyperparameters in use.

    n_epochs is 3, or as many more as bring the records seen to 100 (25 at the most), or as many
    fewer as keep them at 25,000 (at least 1). batch_size is 0.2% of the records, between 8 and
    256. learning_rate_multiplier is 1 and beta, where the method has it, 0.1.

    Args:
        asked: the request's hyperparameters; missing ones are "auto".
        records: records in the training file.
    """
    automatic: dict[str, Any] = {
        "n_epochs": _epochs(records),
        "batch_size": max(8, min(256, round(0.002 * records))),
        "learning_rate_multiplier": 1.0,
        "beta": _DEFAULT_BETA,
    }
    return {
        name: automatic[name] if value in (None, "auto") else value for name, value in asked.items()
    }


def shared(values: JSON) -> JSON:
    """Those that every method has, which a job shows outside its method too."""
    return {name: value for name, value in values.items() if name != "beta"}


def _epochs(records: int) -> int:
    if 3 * records < 100:
        return min(25, 100 // records)
    if 3 * records > 25_000:
        return max(1, 25_000 // records)
    return 3
