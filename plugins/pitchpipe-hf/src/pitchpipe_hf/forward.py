"""Putting tokens through a base model with the tensors of one of those tuned from it."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.func import functional_call

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

    def pick(_: torch.nn.Module, given: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return (given[0][rows, columns],)

    hook = loaded.model.get_output_embeddings().register_forward_pre_hook(pick)
    try:
        arguments = {"input_ids": ids, "use_cache": False} | others
        output = functional_call(loaded.model, dict(tensors), (), arguments)
    finally:
        hook.remove()
    logits: Tensor = output.logits
    return logits.float()


def cache_name(loaded: Loaded) -> str:
    """What this version of Transformers calls the cache of keys and values."""
    known = inspect.signature(loaded.model.forward).parameters
    return "cache" if "cache" in known else "past_key_values"
