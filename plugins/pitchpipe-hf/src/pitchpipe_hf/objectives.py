"""What training makes small: the loss on the answers given, or on preferences between two."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn import functional

from pitchpipe_hf.adapters import Tensors
from pitchpipe_hf.batching import Padded
from pitchpipe_hf.encoding import Example
from pitchpipe_hf.forward import logits_at
from pitchpipe_hf.loading import Loaded


class Measured(NamedTuple):
    """What some examples came to.

    Attributes:
        loss: summed; it can be differentiated.
        right: how many were right.
    """

    loss: Tensor
    right: int


class Objective(Protocol):
    """What training makes small."""

    def count(self, example: Example) -> int:
        """How many things an example counts for in the means."""

    def measure(self, tensors: Tensors, part: Sequence[Example]) -> Measured:
        """The loss of examples, all of which count for something."""


@dataclass(frozen=True)
class Answers:
    """The negative log likelihood of each token of the answers; right is the likeliest token."""

    loaded: Loaded

    def count(self, example: Example) -> int:
        """Its tokens that are learnt."""
        return sum(len(each.targets) for each in example.taught)

    def measure(self, tensors: Tensors, part: Sequence[Example]) -> Measured:
        """As ``Objective`` says."""
        batch = Padded([each for example in part for each in example.taught], self.loaded.device)
        logits = logits_at(self.loaded, tensors, batch.ids, batch.rows, batch.columns)
        loss = functional.cross_entropy(logits, batch.wanted, reduction="sum")
        return Measured(loss, int((logits.argmax(1) == batch.wanted).sum()))


@dataclass(frozen=True)
class Preferences:
    """Direct preference optimization: right is a preferred answer that has become more likely.

    That is, more likely than the other one, as compared with the reference.

    Attributes:
        loaded: the base model.
        reference: the tensors of the model that is compared with, empty for the base model.
        beta: how strongly staying near the reference counts.
    """

    loaded: Loaded
    reference: Tensors
    beta: float

    def count(self, example: Example) -> int:
        """One for a pair."""
        return int(example.other is not None)

    def measure(self, tensors: Tensors, part: Sequence[Example]) -> Measured:
        """As ``Objective`` says."""
        batch = Padded([each for example in part for each in example.sequences], self.loaded.device)
        with torch.no_grad():
            before = self._advantages(self.reference, batch)
        margins = self.beta * (self._advantages(tensors, batch) - before)
        return Measured(-functional.logsigmoid(margins).sum(), int((margins > 0).sum()))

    def _advantages(self, tensors: Tensors, batch: Padded) -> Tensor:
        """The log likelihood of each preferred answer less that of the other one."""
        logits = logits_at(self.loaded, tensors, batch.ids, batch.rows, batch.columns)
        likely = -functional.cross_entropy(logits, batch.wanted, reduction="none")
        sums = torch.zeros(len(batch.ids), device=likely.device).index_add(0, batch.rows, likely)
        return sums[0::2] - sums[1::2]


def means(
    objective: Objective,
    tensors: Tensors,
    parts: Sequence[Sequence[Example]],
    learn: Callable[[Tensor], None] | None = None,
) -> tuple[float, float] | None:
    """The mean loss of examples and the share that was right; None if none of them counts.

    Args:
        objective: what is measured.
        tensors: of the model.
        parts: the examples, as they go through the model.
        learn: called with each part's share of the mean loss.
    """
    kept = [[each for each in part if objective.count(each)] for part in parts]
    total = sum(objective.count(each) for part in kept for each in part)
    loss, right = 0.0, 0
    for part in filter(None, kept):
        measured = objective.measure(tensors, part)
        share = measured.loss / total
        if learn is not None:
            learn(share)
        loss += float(share.detach())
        right += measured.right
    return (loss, right / total) if total else None
