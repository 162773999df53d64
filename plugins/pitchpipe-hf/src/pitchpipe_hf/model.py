"""A base model in memory and what was trained of it: everything a learner does, done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from pitchpipe.errors import UsageError
from pitchpipe.stages import FitOptions, FitStep, Token
from pitchpipe_hf.adapters import Shape
from pitchpipe_hf.asked import asked
from pitchpipe_hf.bases import Base, find
from pitchpipe_hf.calling import calls_apart
from pitchpipe_hf.encoding import Encoder, room
from pitchpipe_hf.forward import logits_at, placed
from pitchpipe_hf.labels import Tree
from pitchpipe_hf.loading import Loaded, load, quiet, read
from pitchpipe_hf.settings import Settings
from pitchpipe_hf.spelling import Speller
from pitchpipe_hf.training import train
from pitchpipe_hf.tuned import Tuned

_FORMS = ("adapter", "merged")


@dataclass(eq=False)
class Model:
    """One model.

    Attributes:
        base: which base model it has.
        loaded: the base model, shared with others.
        tuned: what was trained.
        settings: what the user set.
    """

    base: Base
    loaded: Loaded
    tuned: Tuned
    settings: Settings

    @classmethod
    def create(cls, name: str, settings: Settings) -> Model:
        """The base model of that name, untrained."""
        base = find(name, settings)
        return cls(base, load(base, Shape.of(settings), settings), Tuned(), settings)

    @classmethod
    def load(cls, about: Mapping[str, Any], folder: Path, settings: Settings) -> Model:
        """What ``save`` wrote, whatever the settings say of its base and shape now."""
        base = Base(about["name"], about["target"])
        loaded = load(base, Shape(**about["shape"]), settings)
        return cls(base, loaded, Tuned.load(folder, loaded, about["labels"]), settings)

    def save(self, folder: Path) -> dict[str, Any]:
        """Writes what was trained; gives what ``load`` needs to know besides."""
        self.tuned.save(folder, self.loaded)
        shape = asdict(self.loaded.shape)
        return asdict(self.base) | {"shape": shape, "labels": self.tuned.labels}

    def fit(
        self,
        records: Sequence[Mapping[str, Any]],
        valid: Sequence[Mapping[str, Any]],
        options: FitOptions,
        done_epochs: int,
    ) -> Iterator[FitStep]:
        """Trains in place."""
        return train(self.loaded, self.tuned, (records, valid), options, self.settings, done_epochs)

    def stream(self, request: Mapping[str, Any], temperature: float, seed: int) -> Iterator[Token]:
        """The answer, each token as it comes."""
        loaded = self.loaded
        ids = Encoder(loaded).asked(request)
        request_under_way = asked(
            ids,
            request,
            (temperature, seed),
            Tree(self.tuned.labels, loaded.ends),
            loaded.ends,
            min(room(ids, loaded.window), self.settings.max_answer),
            Speller(loaded.tokenizer, ids),
        )
        said = loaded.answering.answer(loaded, self.tuned.tensors, request_under_way)
        with closing(said):  # whoever takes no more of them ends the answer
            yield from calls_apart(said) if "messages" in request else said

    def read(self, text: str) -> Sequence[Token]:
        """The text's tokens with their log probabilities; none if they do not make up the text."""
        ids = Encoder(self.loaded).read(text)
        if len(ids) < 2 or len(ids) > self.loaded.window:
            return []
        at = torch.arange(len(ids) - 1, device=self.loaded.device)
        with self.loaded.lock, torch.no_grad():
            given = torch.tensor([ids], device=self.loaded.device)
            logits = logits_at(self.loaded, self.tuned.tensors, given, torch.zeros_like(at), at)
        logs = logits.log_softmax(1)[at, given[0, 1:]].clamp(max=0).tolist()
        speller = Speller(self.loaded.tokenizer, ids[:1])
        tokens = [
            Token(piece, log, ((piece, log),))
            for piece, log in zip(map(speller.add, ids[1:]), logs, strict=True)
        ]
        return tokens if "".join(token.text for token in tokens) == text else []

    def export(self, folder: Path, form: str) -> None:
        """Writes the model for Transformers and PEFT, and whatever reads their folders.

        Args:
            folder: an empty one.
            form: "adapter", what was trained alone; or "merged", the whole model.

        Raises:
            UsageError: it is another form, or there is no adapter.
        """
        if form not in _FORMS:
            raise UsageError(f"a model cannot be exported as {form!r}; expected adapter or merged.")
        if form == "merged":
            self._merge(folder)
        elif self.loaded.config is None or not self.tuned.tensors:
            raise UsageError(
                "there is no adapter: the model is untrained, or was trained with another method "
                "than lora. Export it as 'merged'."
            )
        else:
            self.tuned.save_trained(folder, self.loaded)
        self.loaded.tokenizer.save_pretrained(folder)

    def _merge(self, folder: Path) -> None:
        loaded, tensors = self.loaded, self.tuned.tensors
        merged, _ = read(self.base, self.settings, "auto")
        if loaded.config is None:
            merged.load_state_dict(tensors, strict=False)
        elif tensors:
            from peft.tuners.lora import LoraLayer

            with loaded.lock, placed(loaded, tensors):
                for name, module in loaded.model.named_modules():
                    if isinstance(module, LoraLayer):
                        layer: Any = module  # each kind of layer has its own way to the same
                        change = layer.get_delta_weight("default").to(merged.device)
                        merged.get_parameter(f"{name}.weight").add_(change)
        with quiet():
            merged.save_pretrained(folder)
