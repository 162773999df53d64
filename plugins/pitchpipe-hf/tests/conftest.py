"""A tiny model, made here: every mechanism of a real one, and no answer worth having."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from pitchpipe_hf import HfLearner

torch.set_num_threads(1)  # a model so small is slower with more

TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}"
    "<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def _tokenizer(template: str | None) -> Any:
    words = "a good film, a bad film, fine, poor, very pos neg yes no maybe user assistant system"
    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=["<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    inner.train_from_iterator([words] * 3, trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=inner,
        bos_token="<|im_start|>",
        eos_token="<|im_end|>",
        pad_token="<|im_end|>",  # as with the packaged model: padding looks like an end
    )
    tokenizer.chat_template = template
    return tokenizer


def _write_model(folder: Path, template: str | None = TEMPLATE) -> Path:
    tokenizer = _tokenizer(template)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        tie_word_embeddings=True,
        initializer_range=0.2,
    )
    with torch.random.fork_rng():
        torch.manual_seed(1)
        LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def write_model() -> Callable[..., Path]:
    """Writes a tiny model into a folder, with a chat template or (None) without."""
    return _write_model


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny model."""
    return _write_model(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def options(tiny: Path) -> dict[str, str]:
    """Of a learner on the tiny model, with the numbers that every processor computes alike."""
    return {
        "base": str(tiny),
        "layers": "2",
        "rank": "4",
        "learning_rate": "0.02",
        "dtype": "float32",
    }


@pytest.fixture(scope="session")
def learner_class(options: dict[str, str]) -> type[HfLearner]:
    return HfLearner.configured(options)


@pytest.fixture
def records() -> list[dict[str, str]]:
    """Twelve records of a classifier."""
    kinds = [("good", " pos"), ("bad", " neg"), ("fine", " pos"), ("poor", " neg")]
    return [
        {"prompt": f"{'very ' * (n % 3)}{kind} film {n}\n\n###\n\n", "completion": label}
        for n in range(3)
        for kind, label in kinds
    ]
