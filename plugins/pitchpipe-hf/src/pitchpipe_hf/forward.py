"""Putting tokens through a base model with the tensors of one of those tuned from it."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

if TYPE_CHECKING:
    from pitchpipe_hf.loading import Loaded


def logits_at(
    loaded: Loaded,
    tensors: Mapping[str, Tensor],
    ids: Tensor,
    rows: Tensor,
    columns: Tensor,
    **others: Any,
) -> Tensor:
    """What the model expects next at some places; the output layer sees those alone.

    The caller holds the model's lock.

    Args:
        loaded: the base model.
        tensors: what was trained, by the names of the places; empty for the base model.
        ids: the tokens, sequences by places.
        rows: which sequences are looked at.
        columns: at which places of these.
        others: arguments for the model.

    Returns:
        Logits, one row for each place, in float32.
    """
    head: torch.nn.Module = loaded.model.get_output_embeddings()  # type: ignore[no-untyped-call]
    dtype = next(head.parameters()).dtype

    def pick(_: torch.nn.Module, given: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return (given[0][rows, columns].to(dtype),)

    hook = head.register_forward_pre_hook(pick)
    arguments = {"input_ids": ids, "use_cache": False} | others
    try:
        with placed(loaded, tensors):
            output = loaded.model(**arguments)
    finally:
        hook.remove()
    logits: Tensor = output.logits
    return logits.float()


@contextlib.contextmanager
def placed(loaded: Loaded, tensors: Mapping[str, Tensor]) -> Iterator[None]:
    """The base model with the tensors in their places; the caller holds its lock."""
    before = {name: loaded.places[name][0].get() for name in tensors}
    try:
        for name, tensor in tensors.items():
            for place in loaded.places[name]:
                place.put(tensor)
        yield
    finally:
        for name, parameter in before.items():
            for place in loaded.places[name]:
                place.put(parameter)


def cache_name(loaded: Loaded) -> str:
    """What this version of Transformers calls the cache of keys and values."""
    known = inspect.signature(loaded.model.forward).parameters
    return "cache" if "cache" in known else "past_key_values"
