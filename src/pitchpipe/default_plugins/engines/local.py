"""Folds in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pitchpipe.records import Finding
from pitchpipe.stages import Engine, Validator


@dataclass(frozen=True)
class LocalEngine(Engine):
    """Shows each chunk to every validator in turn; one chunk is in memory at a time."""

    def fold(
        self,
        validators: Sequence[Validator[Any]],
        chunks: Iterable[pd.DataFrame],
        prepare: Callable[[pd.DataFrame], pd.DataFrame],
    ) -> list[list[Finding]]:
        """The findings of each validator over all chunks, each first put through ``prepare``."""
        states = [validator.start() for validator in validators]
        for chunk in chunks:
            prepared = prepare(chunk)
            states = [
                validator.observe(state, prepared)
                for validator, state in zip(validators, states, strict=True)
            ]
        return [
            list(validator.conclude(state))
            for validator, state in zip(validators, states, strict=True)
        ]
