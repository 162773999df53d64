"""The batches of an epoch: records of about one length together, the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import torch

from pitchpipe_hf.encoding import Example, Sequenced

_POOL = 8  # batches whose records are sorted together; more would take chance away


def epoch_batches(
    lengths: Sequence[int], batch_size: int, seed: int, epoch: int
) -> list[list[int]]:
    """The batches, each as the places of its records.

    Args:
        lengths: tokens of each record.
        batch_size: records a batch; the last may have fewer.
        seed: of the order.
        epoch: each has an order of its own.
    """
    chance = random.Random(f"{seed}/{epoch}")
    order = list(range(len(lengths)))
    chance.shuffle(order)
    batches: list[list[int]] = []
    for start in range(0, len(order), _POOL * batch_size):
        pool = sorted(order[start : start + _POOL * batch_size], key=lengths.__getitem__)
        batches += (pool[at : at + batch_size] for at in range(0, len(pool), batch_size))
    chance.shuffle(batches)
    return batches


def parts(examples: Iterable[Example], most: int) -> Iterator[list[Example]]:
    """The examples by rising length, in parts that go through the model at once.

    Args:
        examples: in any order; those that teach nothing are left out.
        most: tokens of a part, padding included; an example that is longer is a part by itself.
    """
    part: list[Example] = []
    count = 0
    for each in sorted(filter(lambda each: each.taught, examples), key=lambda each: each.length):
        count += len(each.sequences)
        if part and count * each.length > most:
            yield part
            part, count = [], len(each.sequences)
        part.append(each)
    if part:
        yield part


class Padded:
    """Sequences as one tensor, padded on the right, and where their targets are.

    What stands in the padding does not matter: no token sees what comes after it.

    Args:
        sequences: at least one.
        device: where the tensors are to be.

    Attributes:
        ids: the tokens, sequences by places.
        rows: for each target, which sequence it is of.
        columns: for each target, the place from which it is predicted.
        wanted: the targets.
    """

    def __init__(self, sequences: Sequence[Sequenced], device: torch.device) -> None:
        width = max(len(each.ids) for each in sequences)
        found: list[Any] = [
            (row, place - 1, each.ids[place])
            for row, each in enumerate(sequences)
            for place in each.targets
        ]
        padded = [each.ids + (0,) * (width - len(each.ids)) for each in sequences]
        self.ids = torch.tensor(padded, device=device)
        table = torch.tensor(found, dtype=torch.long, device=device).reshape(-1, 3)
        self.rows, self.columns, self.wanted = table.unbind(1)
