"""What a user can set of the learner, as text in a service's URL or on the command line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from pitchpipe.errors import ConfigError
from pitchpipe.options import build

Method = Literal["lora", "last-layers", "full"]

_RATES: Mapping[Method, float] = {"lora": 1e-3, "last-layers": 2e-4, "full": 2e-5}
_LAYERS: Mapping[Method, int] = {"lora": 10, "last-layers": 6, "full": 0}
_TABLES = ("alias", "format")


@dataclass(frozen=True)
class Settings:
    """How base models are found, trained and asked.

    Attributes:
        base: the base model that stands behind every name which is no alias: a short name, a
            folder, a GGUF file, or a name that Transformers finds in its cache.
        alias: base models by further names.
        format: what a name is trained on and asked in, where that is not its usual format.
        download: whether models that are not on this machine may be fetched.
        method: what is trained: a LoRA adapter, the last layers, or all of the model.
        layers: how many of the last layers; 10 with lora, 6 with last-layers.
        rank: of the adapter, lora only.
        learning_rate: where the multiplier is 1; 1e-3 with lora, 2e-4 with last-layers, 2e-5 with
            full.
        max_length: tokens of the longest example; by default what the model takes.
        max_answer: tokens of the longest answer to a request that sets no limit.
        batch_tokens: the most tokens that go through the model at once in training, padding
            included; larger batches are taken in parts, with the same result.
        device: "cpu", "cuda" and the like; by default a GPU if there is one.
        dtype: of the weights that stay as they are; by default bfloat16 with lora, on a GPU or a
            processor that multiplies it (AMX), and else float32.
        cache: the folder of converted GGUF files; by default pitchpipe/hf in the user's cache.
    """

    base: str = "smollm2-135m"
    alias: Mapping[str, str] = field(default_factory=dict)
    format: Mapping[str, Literal["completion", "chat"]] = field(default_factory=dict)
    download: bool = False
    method: Method = "lora"
    layers: int | None = None
    rank: int = 16
    learning_rate: float | None = None
    max_length: int | None = None
    max_answer: int = 256
    batch_tokens: int = 4096
    device: str | None = None
    dtype: Literal["float32", "bfloat16"] | None = None
    cache: str | None = None

    def __post_init__(self) -> None:
        """Checks what the types cannot say."""
        for name in ("layers", "rank", "max_length", "max_answer", "batch_tokens"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} must be at least 1; found {value}.")
        if self.learning_rate is not None and not self.learning_rate > 0:
            raise ValueError(f"learning_rate must be above 0; found {self.learning_rate}.")
        if self.method == "full" and self.layers is not None:
            raise ValueError("layers: with method full all layers are trained; leave it out.")

    @classmethod
    def of(cls, options: Mapping[str, str]) -> Self:
        """The settings that options by name come to, ``alias.NAME`` and ``format.NAME`` among them.

        Raises:
            ConfigError: an option is unknown, or its value cannot be.
        """
        values: dict[str, Any] = {}
        for name, text in options.items():
            table, dot, key = name.partition(".")
            if dot and table in _TABLES:
                values.setdefault(table, {})[key] = text
            elif name in _TABLES:
                raise ConfigError(f"{name}: expected {name}.NAME=VALUE; found {name}={text}.")
            else:
                values[name] = _value(name, text)
        return build(cls, values, "")

    @property
    def trained_layers(self) -> int:
        """How many of the last layers are trained; 0 for the whole model."""
        return _LAYERS[self.method] if self.layers is None else self.layers

    @property
    def rate(self) -> float:
        """The learning rate where the multiplier is 1."""
        return self.learning_rate or _RATES[self.method]


def _value(name: str, text: str) -> Any:
    """Text as it is where text is wanted, else what it says in JSON."""
    if name in ("base", "method", "device", "dtype", "cache"):
        return text
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
