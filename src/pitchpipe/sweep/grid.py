"""What a sweep tries."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from pitchpipe.errors import UsageError
from pitchpipe.records import TrainingSpec

_LONGEST_NAME = 48


@dataclass(frozen=True)
class Cell:
    """One training of a sweep.

    Attributes:
        model: the base model.
        examples: how many records it is trained on.
        epochs: passes over them.
    """

    model: str
    examples: int
    epochs: int

    def __str__(self) -> str:
        epochs = "1 epoch" if self.epochs == 1 else f"{self.epochs} epochs"
        return f"{self.model}, {self.examples} examples, {epochs}"

    @property
    def name(self) -> str:
        """The cell for a folder's name."""
        return f"{folder_name(self.model)}-{self.examples}x{self.epochs}"


@dataclass(frozen=True)
class Grid:
    """Every model with every number of examples and every number of epochs.

    Attributes:
        models: base models, in the order in which they are shown.
        examples: numbers of training examples, ascending.
        epochs: numbers of epochs, ascending.
    """

    models: tuple[str, ...]
    examples: tuple[int, ...]
    epochs: tuple[int, ...]

    @classmethod
    def of(cls, models: Sequence[str], examples: Sequence[int], epochs: Sequence[int]) -> Grid:
        """The grid of some values in any order.

        Raises:
            UsageError: one of the three is empty, has a value twice, or one out of range.
        """
        for name, values in (("models", models), ("examples", examples), ("epochs", epochs)):
            if not values:
                raise UsageError(f"{name}: nothing is given; a sweep needs at least one.")
            twice = next((value for value in values if list(values).count(value) > 1), None)
            if twice is not None:
                raise UsageError(f"{name}: {twice!r} is given twice; each counts once.")
        if min(examples) < 1:
            raise UsageError(f"examples: must be at least 1; found {min(examples)}.")
        for number in epochs:
            try:
                TrainingSpec(n_epochs=number)
            except ValueError as error:
                raise UsageError(f"epochs: {error}") from None
        return cls(tuple(models), tuple(sorted(examples)), tuple(sorted(epochs)))

    def cells(self) -> Iterator[Cell]:
        """All cells: model by model, the smallest first."""
        for values in product(self.models, self.examples, self.epochs):
            yield Cell(*values)


def folder_name(model: str) -> str:
    """A model's name for a folder: as it is where it can be, else with a digest instead."""
    safe = re.sub(r"[^\w.-]+", "-", model, flags=re.ASCII).lstrip(".-")
    if safe == model and len(model) <= _LONGEST_NAME:
        return model
    digest = hashlib.sha256(model.encode()).hexdigest()[:8]
    return f"{safe[: _LONGEST_NAME - 9]}-{digest}"
