"""Training, a step at a time: it can be left after any, and taken up after an epoch."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch.optim import AdamW

from pitchpipe.errors import PitchpipeError, UsageError
from pitchpipe.stages import FitOptions, FitStep
from pitchpipe_hf.adapters import Tensors, fresh
from pitchpipe_hf.batching import epoch_batches, parts
from pitchpipe_hf.encoding import Encoder, Example, encode_all
from pitchpipe_hf.labels import labels_of
from pitchpipe_hf.loading import Loaded
from pitchpipe_hf.objectives import Answers, Objective, Preferences, means
from pitchpipe_hf.settings import Settings
from pitchpipe_hf.tuned import Tuned

_LONGEST_GRADIENT = 1.0


class MemoryExhaustedError(PitchpipeError):
    """A batch did not fit into memory; tells its size and what to lower."""


def train(
    loaded: Loaded,
    tuned: Tuned,
    records: tuple[Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]]],
    options: FitOptions,
    settings: Settings,
    done_epochs: int,
) -> Iterator[FitStep]:
    """Trains in place.

    Args:
        loaded: the base model.
        tuned: what is trained, as it was after the epochs that are done.
        records: to train on, and to measure on.
        options: how.
        settings: what the user set besides.
        done_epochs: epochs that are done.

    Raises:
        UsageError: the method is not one of its own.
        DataError: a record is too long; names it.
        MemoryExhaustedError: a batch does not fit into memory.
    """
    if options.method == "reinforcement":
        raise UsageError("the learner hf cannot learn by reinforcement; use supervised or dpo.")
    encoder = Encoder(loaded)
    most = min(settings.max_length or loaded.window, loaded.window)
    examples = encode_all(encoder, records[0], most, "training")
    held_out = encode_all(encoder, records[1], most, "validation")
    if done_epochs == 0:
        _begin(loaded, tuned, options)
        tuned.labels = labels_of(map(encoder.label, examples), len(examples))
    objective = _objective(loaded, tuned, options)
    pupil = _Pupil(loaded, tuned, objective, settings, options)
    lengths = [example.length for example in examples]
    per_epoch = -(-len(examples) // options.batch_size)
    step = done_epochs * per_epoch
    for epoch in range(done_epochs + 1, options.n_epochs + 1):
        batches = epoch_batches(lengths, options.batch_size, options.seed, epoch)
        for place, batch in enumerate(batches, 1):
            step += 1
            rate = 1 - (step - 1) / (per_epoch * options.n_epochs)
            learnt = pupil.learn([examples[at] for at in batch], rate, step)
            measured = None
            if place == per_epoch:
                measured = pupil.look(held_out)
                tuned.moments = pupil.moments() if epoch < options.n_epochs else {}
            yield FitStep(step, epoch, place == per_epoch, *learnt, *(measured or (None, None)))


def _begin(loaded: Loaded, tuned: Tuned, options: FitOptions) -> None:
    """What was tuned before is trained on, and is what preferences are compared with."""
    tuned.moments = {}
    tuned.reference = {}
    if not tuned.tensors:
        tuned.tensors = fresh(loaded.places, loaded.shape, options.seed)
    elif options.method == "dpo":
        tuned.reference = {name: tensor.clone() for name, tensor in tuned.tensors.items()}


def _objective(loaded: Loaded, tuned: Tuned, options: FitOptions) -> Objective:
    if options.method == "dpo":
        return Preferences(loaded, tuned.reference, options.beta)
    return Answers(loaded)


class _Pupil:
    """Takes the steps.

    Args:
        loaded: the base model.
        tuned: what is trained.
        objective: what is made small.
        settings: what the user set.
        options: of the training.
    """

    def __init__(
        self,
        loaded: Loaded,
        tuned: Tuned,
        objective: Objective,
        settings: Settings,
        options: FitOptions,
    ) -> None:
        self._loaded = loaded
        self._objective = objective
        self._most = settings.batch_tokens
        self._rate = settings.rate * options.learning_rate_multiplier
        # the optimizer's own: answers may be asked for while it learns
        self._tensors = {n: t.detach().requires_grad_() for n, t in tuned.tensors.items()}
        tuned.tensors = {name: tensor.detach() for name, tensor in self._tensors.items()}
        self._optimizer = AdamW(self._tensors.values(), lr=self._rate, weight_decay=0.0)
        for key, value in tuned.moments.items():
            name, _, kind = key.rpartition("/")
            self._optimizer.state[self._tensors[name]][kind] = value

    def learn(self, batch: Sequence[Example], rate: float, step: int) -> tuple[float, float]:
        """One step; the mean loss and the share that was right, before it.

        Args:
            batch: the examples.
            rate: the share of the learning rate that is left.
            step: its number, for messages.
        """
        for group in self._optimizer.param_groups:
            group["lr"] = self._rate * rate
        with self._loaded.lock, _explained(self._loaded, batch, f"step {step}"):
            self._optimizer.zero_grad()
            split = list(parts(batch, self._most))
            figures = means(self._objective, self._tensors, split, torch.Tensor.backward)
            if figures is not None:
                torch.nn.utils.clip_grad_norm_(self._tensors.values(), _LONGEST_GRADIENT)
                self._optimizer.step()
            self._optimizer.zero_grad()
        return figures or (0.0, 0.0)

    def look(self, held_out: Sequence[Example]) -> tuple[float, float] | None:
        """The same figures of the validation records, if there are any."""
        split = list(parts(held_out, self._most))
        with self._loaded.lock, torch.no_grad(), _explained(self._loaded, held_out, "measuring"):
            return means(self._objective, self._tensors, split)

    def moments(self) -> Tensors:
        """The optimizer's state, by the names of the tensors."""
        return {
            f"{name}/{key}": value
            for name, tensor in self._tensors.items()
            for key, value in self._optimizer.state[tensor].items()
        }


@contextlib.contextmanager
def _explained(loaded: Loaded, examples: Sequence[Example], where: str) -> Iterator[None]:
    """Running out of memory is told with the sizes.

    Raises:
        MemoryExhaustedError: it happened in the block.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        # PyTorch has an error of its own for GPUs alone
        exhausted = isinstance(error, MemoryError | torch.OutOfMemoryError)
        if not exhausted and "allocate memory" not in str(error):
            raise
        longest = max((example.length for example in examples), default=0)
        weights = sum(p.numel() for p in loaded.model.parameters()) / 1e6
        raise MemoryExhaustedError(
            f"out of memory at {where}: {len(examples)} records of up to {longest:,} tokens, a "
            f"model of {weights:,.0f} million weights on {loaded.device}. Lower batch_tokens "
            "(which changes no result), max_length, layers or rank, or take a smaller base model."
        ) from error
