"""Training: the same for the same seed, taken up where it was left, and gone when it is dropped."""

from __future__ import annotations

import gc
import math
import weakref
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from pitchpipe.errors import DataError, UsageError
from pitchpipe.stages import FitOptions, FitStep
from pitchpipe_hf import HfLearner, loading, training
from pitchpipe_hf.settings import Settings

Records = list[dict[str, Any]]


def trained(learner: HfLearner, records: Records, options: FitOptions) -> list[FitStep]:
    return list(learner.fit(records, records[:4], options))


def weights(learner: HfLearner, folder: Path) -> dict[str, torch.Tensor]:
    folder.mkdir()
    learner.save(folder)
    return load_file(next(folder.glob("[aw]*.safetensors")))


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("method", ["lora", "last-layers", "full"])
def test_each_method_learns_and_is_the_same_for_a_seed(
    method: str, options: dict[str, str], records: Records, tmp_path: Path
) -> None:
    options = options | {"method": method}
    if method == "full":
        del options["layers"]
    kind = HfLearner.configured(options)
    first, again, other = (kind.create() for _ in range(3))
    before = torch.random.get_rng_state()
    steps = trained(first, records, FitOptions(4, 4, seed=1))
    assert steps[-1].train_loss < steps[0].train_loss / 1.2
    assert steps == trained(again, records, FitOptions(4, 4, seed=1))
    trained(other, records, FitOptions(4, 4, seed=2))
    assert torch.equal(before, torch.random.get_rng_state())
    found = weights(first, tmp_path / "first")
    assert same(found, weights(again, tmp_path / "again"))
    assert not same(found, weights(other, tmp_path / "other"))


@pytest.mark.parametrize("method", ["lora", "full"])
def test_an_epoch_at_a_time_from_disk_is_training_without_a_break(
    method: str, tiny: Path, records: Records, tmp_path: Path
) -> None:
    kind = HfLearner.configured({"base": str(tiny), "method": method})
    options = FitOptions(3, 5, seed=3)
    straight = kind.create()
    steps = trained(straight, records, options)
    broken, seen = kind.create(), []
    for epoch in range(3):
        folder = tmp_path / str(epoch)
        folder.mkdir()
        broken.save(folder)
        broken = kind.load(folder)
        for step in broken.fit(records, records[:4], options, epoch):
            seen.append(step)
            if step.last_of_epoch:
                break
    assert seen == steps
    assert same(weights(straight, tmp_path / "a"), weights(broken, tmp_path / "b"))


def test_a_batch_in_parts_comes_to_the_same(options: dict[str, str], records: Records) -> None:
    whole, parted = (
        trained(HfLearner.configured(options | more).create(), records, FitOptions(2, 6))
        for more in ({}, {"batch_tokens": "30"})
    )
    for one, other in zip(whole, parted, strict=True):
        assert math.isclose(one.train_loss, other.train_loss, rel_tol=1e-4)
        assert one.train_accuracy == other.train_accuracy


def test_the_rate_falls_to_nothing(learner_class: type[HfLearner], records: Records) -> None:
    rates = []
    learner = learner_class.create()
    original = training.AdamW.step

    def step(self: Any) -> None:
        rates.append(self.param_groups[0]["lr"])
        original(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training.AdamW, "step", step)
        list(learner.fit(records, [], FitOptions(2, 6, learning_rate_multiplier=0.5)))
    assert rates == pytest.approx([0.01, 0.0075, 0.005, 0.0025])


def test_the_end_of_text_is_learnt_though_padding_looks_like_it(
    tiny: Path, records: Records
) -> None:
    kind = HfLearner.configured({"base": str(tiny), "method": "full", "learning_rate": "0.01"})
    learner = kind.create()
    mixed = [
        {**r, "prompt": r["prompt"] * (1 + n % 3), "completion": " pos"}
        for n, r in enumerate(records)
    ]
    list(learner.fit(mixed, [], FitOptions(8, 4)))
    answers = [learner.answer({**record, "max_tokens": 5}) for record in mixed]
    assert ["".join(token.text for token in answer) for answer in answers] == [" pos"] * 12
    assert {len(answer) for answer in answers} == {1}


def preferences(records: Records) -> Records:
    return [
        {
            "input": {"messages": [{"role": "user", "content": record["prompt"]}]},
            "preferred_output": [{"role": "assistant", "content": "pos"}],
            "non_preferred_output": [{"role": "assistant", "content": "neg"}],
        }
        for record in records
    ]


def test_preferred_answers_become_likelier_than_the_others(
    learner_class: type[HfLearner], records: Records
) -> None:
    learner = learner_class.create()
    options = FitOptions(4, 4, seed=1, method="dpo", beta=0.5)
    steps = trained(learner, preferences(records), options)
    assert steps[0].train_loss == pytest.approx(math.log(2))  # the model is its own reference
    assert steps[-1].train_loss < 0.5
    assert steps[-1].valid_accuracy == 1.0


def test_preferences_go_on_from_what_was_tuned_before(
    learner_class: type[HfLearner], records: Records, tmp_path: Path
) -> None:
    learner = learner_class.create()
    pairs, options = preferences(records), FitOptions(2, 4, method="dpo", beta=0.5)
    trained(learner, records, FitOptions(1, 4))
    learner.save(tmp_path)
    steps = trained(learner, pairs, options)
    assert steps[0].train_loss == pytest.approx(math.log(2))
    second = learner_class.load(tmp_path)
    first_epoch = []
    for step in second.fit(pairs, pairs[:4], options):
        first_epoch.append(step)
        if step.last_of_epoch:
            break
    middle = tmp_path / "middle"
    middle.mkdir()
    second.save(middle)
    rest = list(learner_class.load(middle).fit(pairs, pairs[:4], options, 1))
    assert first_epoch + rest == steps


def test_only_what_was_trained_is_saved(
    learner_class: type[HfLearner], records: Records, tmp_path: Path
) -> None:
    learner = learner_class.create()
    trained(learner, records, FitOptions(1, 4))
    learner.save(tmp_path)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"model.json", "adapter_config.json", "adapter_model.safetensors"}
    assert all(".lora_" in name for name in load_file(tmp_path / "adapter_model.safetensors"))


def test_what_was_loaded_goes_with_its_last_user(
    learner_class: type[HfLearner], records: Records
) -> None:
    gc.collect()
    others = len(loading._loaded)
    one, two = learner_class.create(), learner_class.create()
    steps = one.fit(records, [], FitOptions(1, 4))
    next(iter(steps))
    two.answer({"prompt": "x", "max_tokens": 1})
    base = weakref.ref(one._model().loaded)
    assert two._model().loaded is base()  # many tuned models, one base model
    del one, two, steps
    gc.collect()
    assert base() is None
    assert len(loading._loaded) <= others


def test_no_reinforcement(learner_class: type[HfLearner], records: Records) -> None:
    with pytest.raises(UsageError, match="cannot learn by reinforcement"):
        trained(learner_class.create(), records, FitOptions(1, 4, method="reinforcement"))


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory."),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"),
        MemoryError(),
    ],
)
def test_out_of_memory_is_told_with_sizes(
    error: Exception,
    learner_class: type[HfLearner],
    records: Records,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def exhausted(*_: object) -> None:
        raise error

    monkeypatch.setattr(training.AdamW, "step", exhausted)
    message = r"out of memory at step 1: 4 records of up to \d+ tokens.* Lower batch_tokens"
    with pytest.raises(training.MemoryExhaustedError, match=message):
        trained(learner_class.create(), records, FitOptions(1, 4))


def test_a_damaged_model_is_named(
    learner_class: type[HfLearner], records: Records, tmp_path: Path
) -> None:
    learner = learner_class.create()
    trained(learner, records, FitOptions(1, 4))
    learner.save(tmp_path)
    (tmp_path / "adapter_model.safetensors").write_bytes(b"damaged")
    with pytest.raises(DataError, match=r"not a saved model \(SafetensorError"):
        learner_class.load(tmp_path)


def test_a_model_keeps_its_base_and_shape_whatever_is_set_later(
    learner_class: type[HfLearner], records: Records, tmp_path: Path
) -> None:
    learner = learner_class.create()
    trained(learner, records, FitOptions(1, 4))
    learner.save(tmp_path)
    later = {"base": "elsewhere", "rank": "8", "method": "full", "dtype": "float32"}
    other = HfLearner.configured(later)
    assert other.settings == Settings.of(later)
    request = {**records[0], "max_tokens": 3, "logprobs": 3}
    assert other.load(tmp_path).answer(request) == learner.answer(request)
