"""The trainer that tunes a language model in this process."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote, urlencode

from pitchpipe.records import Estimate, PreparedData, TrainingSpec
from pitchpipe.trainers import FakeTrainer
from pitchpipe_hf.settings import Settings


@dataclass(frozen=True)
class HfTrainer(FakeTrainer):
    """Every step of the real thing in this process, with a language model of Transformers.

    Attributes:
        base_url: the folder in which the offline service keeps its files, jobs and models.
        base: the base model that stands behind every name which is no alias: a short name, a
            folder, a GGUF file, or a name that Transformers finds in its cache.
        alias: base models by further names.
        format: what a name is trained on and asked in, where that is not its usual format.
        download: whether models that are not on this machine may be fetched.
        method: what is trained: a LoRA adapter, the last layers, or all of the model.
        layers: how many of the last layers.
        rank: of the adapter.
        learning_rate: where the multiplier is 1.
        max_length: tokens of the longest example.
        max_answer: tokens of the longest answer to a request that sets no limit.
        batch_tokens: the most tokens that go through the model at once in training.
        device: "cpu", "cuda" and the like.
        dtype: of the weights that stay as they are.
        cache: the folder of converted GGUF files.
    """

    base: str = Settings.base
    alias: Mapping[str, str] = field(default_factory=dict)
    format: Mapping[str, Literal["completion", "chat"]] = field(default_factory=dict)
    download: bool = Settings.download
    method: Literal["lora", "last-layers", "full"] = Settings.method
    layers: int | None = Settings.layers
    rank: int = Settings.rank
    learning_rate: float | None = Settings.learning_rate
    max_length: int | None = Settings.max_length
    max_answer: int = Settings.max_answer
    batch_tokens: int = Settings.batch_tokens
    device: str | None = Settings.device
    dtype: Literal["float32", "bfloat16"] | None = Settings.dtype
    cache: str | None = Settings.cache

    def __post_init__(self) -> None:
        """Checks what the types cannot say."""
        super().__post_init__()
        self._settings()

    @property
    def url(self) -> str:
        """The service's URL, with the learner and what was set of it."""
        options = {"learner": "hf"}
        for name, value in dataclasses.asdict(self._settings()).items():
            if isinstance(value, dict):
                options |= {f"{name}.{key}": text for key, text in value.items()}
            elif value != getattr(Settings, name):
                options[name] = str(value).lower() if isinstance(value, bool) else str(value)
        url = super().url
        joint = "&" if "?" in url else "?"
        return f"{url}{joint}{urlencode(options, quote_via=quote)}"

    def predictor_options(self) -> Mapping[str, Any]:
        """The connection with the learner's options, so that the same models answer."""
        return {**self.connection_options, "base_url": self.url}

    def estimate(self, data: PreparedData, spec: TrainingSpec) -> Estimate:
        """Tokens and epochs; how long it takes depends on the machine, and is not known."""
        return dataclasses.replace(super().estimate(data, spec), seconds=None)

    def _settings(self) -> Settings:
        names = [setting.name for setting in dataclasses.fields(Settings)]
        return Settings(**{name: getattr(self, name) for name in names})
