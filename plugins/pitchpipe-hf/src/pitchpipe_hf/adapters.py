"""What is trained of a base model: its tensors, apart from the model, so that many share one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn

from pitchpipe_hf.settings import Method, Settings

if TYPE_CHECKING:
    from peft import LoraConfig

Tensors = dict[str, Tensor]

_SCALE = 2  # alpha over rank


@dataclass(frozen=True)
class Shape:
    """What of a model is trained.

    Attributes:
        method: an adapter, the last layers, or all.
        layers: how many of the last layers, 0 for the whole model.
        rank: of the adapter; 0 without one.
    """

    method: Method
    layers: int
    rank: int

    @classmethod
    def of(cls, settings: Settings) -> Shape:
        """The shape that a user set."""
        rank = settings.rank if settings.method == "lora" else 0
        return cls(settings.method, settings.trained_layers, rank)


def make_room(model: nn.Module, shape: Shape) -> LoraConfig | None:
    """Gives a model places for an adapter, if one is trained; its answers stay as they are."""
    if shape.method != "lora":
        return None
    from peft import LoraConfig, inject_adapter_in_model

    config = LoraConfig(
        r=shape.rank,
        lora_alpha=_SCALE * shape.rank,
        target_modules=_linear_names(model, shape.layers),
        task_type="CAUSAL_LM",
    )
    inject_adapter_in_model(config, model)
    model.eval().requires_grad_(False)
    return config


class Place(NamedTuple):
    """Where a tensor is put into a model.

    Attributes:
        module: of the model.
        name: of the parameter in that module.
    """

    module: nn.Module
    name: str

    def get(self) -> Tensor:
        """What is there."""
        tensor: Tensor | None = self.module._parameters[self.name]
        assert tensor is not None  # noqa: S101 - only parameters that are there have a place
        return tensor

    def put(self, tensor: Tensor) -> None:
        """Puts a tensor there; gradients go to it."""
        self.module._parameters[self.name] = tensor  # type: ignore[assignment]  # any tensor will do


def places(model: nn.Module, shape: Shape) -> dict[str, list[Place]]:
    """The places of what is trained, by the names of the parameters; shared ones have several."""
    names = {parameter: name for name, parameter in model.named_parameters()}
    if shape.method == "lora":
        trained = {p for p, name in names.items() if ".lora_" in name}
    elif shape.method == "full":
        trained = set(names)
    else:
        trained = {p for layer in _layers(model)[-shape.layers :] for p in layer.parameters()}
    found: dict[str, list[Place]] = {}
    for module in model.modules():
        for name, parameter in module.named_parameters(recurse=False):
            if parameter in trained:
                found.setdefault(names[parameter], []).append(Place(module, name))
    return found


def fresh(where: Mapping[str, Sequence[Place]], shape: Shape, seed: int) -> Tensors:
    """Tensors that leave the model's answers as they are, ready to be trained.

    Args:
        where: the places.
        shape: what is trained.
        seed: of the adapter's random half.
    """
    source = torch.Generator().manual_seed(seed)
    tensors = {}
    for name, (place, *_) in where.items():
        tensor = place.get().detach()
        if shape.method == "lora":
            start = torch.zeros(tensor.shape)
            if ".lora_A." in name:
                nn.init.kaiming_uniform_(start, a=math.sqrt(5), generator=source)
            tensors[name] = start.to(tensor.device)
        else:
            tensors[name] = tensor.clone()
    return tensors


def _layers(model: nn.Module) -> nn.ModuleList:
    """The model's layers: its longest list of modules."""
    lists = (module for module in model.modules() if isinstance(module, nn.ModuleList))
    return max(lists, key=len)


def _linear_names(model: nn.Module, layers: int) -> list[str]:
    """The names of the linear maps in the last layers."""
    from transformers.pytorch_utils import Conv1D

    kept = {
        id(module)
        for layer in _layers(model)[-layers:]
        for module in layer.modules()
        if isinstance(module, nn.Linear | Conv1D)
    }
    return [name for name, module in model.named_modules() if id(module) in kept]
