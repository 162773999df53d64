"""Answers: the same whether asked alone or together, at once or as they come."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch

from pitchpipe.stages import FitOptions, Token
from pitchpipe_hf import HfLearner, generating
from pitchpipe_hf.encoding import Encoder
from pitchpipe_hf.labels import Tree, labels_of

Records = list[dict[str, Any]]
FREE = {"max_tokens": 6, "logprobs": 3}


@pytest.fixture(scope="module")
def full_class(tiny: Path) -> type[HfLearner]:
    """A learner that trains all of the model, which is too small for an adapter to learn much."""
    return HfLearner.configured({"base": str(tiny), "method": "full", "learning_rate": "0.01"})


@pytest.fixture(scope="module")
def learner(full_class: type[HfLearner]) -> HfLearner:
    """Trained a little, on three labels of several tokens."""
    learner = full_class.create()
    labels = [" maybe\n", " may\n", " no\n"]
    records = [
        {"prompt": f"{'very ' * (n % 5)}film {n}:", "completion": labels[n % 3]} for n in range(12)
    ]
    list(learner.fit(records, [], FitOptions(8, 4)))
    assert len(learner._model().tuned.labels) == 3
    return learner


def text(tokens: Sequence[Token]) -> str:
    return "".join(token.text for token in tokens)


def close(one: Sequence[Token], other: Sequence[Token]) -> bool:
    return [token.text for token in one] == [token.text for token in other] and all(
        math.isclose(a.logprob, b.logprob, abs_tol=1e-4) for a, b in zip(one, other, strict=True)
    )


REQUESTS: Records = [{"prompt": f"{'good ' * n}film {n}:", **FREE} for n in range(9)]


def test_together_and_alone_the_answers_are_the_same(
    learner: HfLearner, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = [[*learner.answer(r), *learner.answer(r, 1.0, seed=5)] for r in REQUESTS]
    sizes = []
    original = generating._Group.step

    def step(group: Any) -> bool:
        sizes.append(len(group.members))
        return original(group)

    monkeypatch.setattr(generating._Group, "step", step)
    meeting = threading.Barrier(len(REQUESTS) + 1)

    def ask(request: dict[str, Any]) -> list[Token]:
        meeting.wait(30)
        return [*learner.answer(request), *learner.answer(request, 1.0, seed=5)]

    with ThreadPoolExecutor(len(REQUESTS)) as threads:
        with learner._model().loaded.lock:  # nobody begins before all have asked
            found = [threads.submit(ask, request) for request in REQUESTS]
            meeting.wait(30)
            waiting = learner._model().loaded.answering._waiting
            while len(waiting) < len(REQUESTS):
                threading.Event().wait(0.001)
        together = [answer.result(30) for answer in found]
    assert max(sizes) == len(REQUESTS)
    assert all(map(close, alone, together))


def test_several_models_of_one_base_answer_side_by_side(
    learner: HfLearner, full_class: type[HfLearner]
) -> None:
    other = full_class.create()
    list(other.fit([{"prompt": "x", "completion": " very"}] * 8, [], FitOptions(4, 2)))
    assert other._model().loaded is learner._model().loaded
    one = [learner.answer(request) for request in REQUESTS]
    two = [other.answer(request) for request in REQUESTS]
    assert [text(answer) for answer in one] != [text(answer) for answer in two]
    with ThreadPoolExecutor(8) as threads:
        first = [threads.submit(learner.answer, request) for request in REQUESTS]
        second = [threads.submit(other.answer, request) for request in REQUESTS]
        assert all(close(a.result(30), b) for a, b in zip(first, one, strict=True))
        assert all(close(a.result(30), b) for a, b in zip(second, two, strict=True))


def scored(learner: HfLearner, prompt: Sequence[int], answer: Sequence[int]) -> list[float]:
    """The log probability of each token of an answer, read by itself."""
    model = learner._model()
    tensors = model.tuned.tensors
    from pitchpipe_hf.forward import logits_at

    ids = torch.tensor([[*prompt, *answer]])
    at = torch.arange(len(prompt) - 1, ids.shape[1] - 1)
    with torch.no_grad():
        logits = logits_at(model.loaded, tensors, ids, torch.zeros_like(at), at)
    return [float(row[token]) for row, token in zip(logits.log_softmax(1), answer, strict=True)]


def test_labels_read_in_one_pass_have_the_probabilities_of_labels_read_alone(
    learner: HfLearner,
) -> None:
    model = learner._model()
    tree = Tree(model.tuned.labels, model.loaded.ends)
    prompt = Encoder(model.loaded).asked({"prompt": "good film 7:"})
    size = len(prompt)
    ids = torch.tensor([[*prompt, *(node.token for node in tree.nodes)]])
    sees = torch.zeros(1, ids.shape[1], ids.shape[1], dtype=torch.bool)
    sees[0, :size, :size] = torch.ones(size, size, dtype=torch.bool).tril()
    sees[0, size:, :size] = True
    for at, seen in tree.visible():
        sees[0, size + at, size + seen] = True
    depths = [size + len(node.parents) for node in tree.nodes]
    places = torch.tensor([[*range(size), *depths]])
    looked = torch.tensor([(0, at) for at in range(size - 1, ids.shape[1])])
    group = generating._Group(model.loaded, model.tuned.tensors, [])
    from transformers import DynamicCache

    group._cache = DynamicCache(config=model.loaded.model.config)
    with torch.no_grad():
        logits = group._logits(ids, places, sees, looked).log_softmax(1)
    for label in model.tuned.labels:
        place, found = None, []
        for token in label:
            found.append(float(logits[0 if place is None else 1 + place][token]))
            place = tree.ways(place).get(token)
        assert found == pytest.approx(scored(learner, prompt, label), abs=1e-4)


def test_a_known_answer_takes_one_pass(learner: HfLearner, monkeypatch: pytest.MonkeyPatch) -> None:
    passes = []
    original = generating._Group._logits

    def logits(group: Any, *given: Any) -> Any:
        passes.append(len(group.members))
        return original(group, *given)

    monkeypatch.setattr(generating._Group, "_logits", logits)
    answers = [learner.answer(r | {"stop": "\n"}) for r in REQUESTS]
    known = [" maybe\n", " may\n", " no\n"]
    right = sum(text(answer) in known for answer in answers)
    assert right >= 5
    assert len(passes) <= right + 6 * (len(REQUESTS) - right)


def test_labels_change_no_answer(learner: HfLearner, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = [[*learner.answer(r), *learner.answer(r, 1.5, seed=2)] for r in REQUESTS]
    monkeypatch.setattr(learner._model().tuned, "labels", ())
    found = [[*learner.answer(r), *learner.answer(r, 1.5, seed=2)] for r in REQUESTS]
    assert all(map(close, wanted, found))


def test_tokens_come_one_by_one_and_an_answer_can_be_left(learner: HfLearner) -> None:
    request = {"prompt": "a bad film", "max_tokens": 12}
    whole = list(learner.answer(request, 1.0, 3))
    stream = learner.stream(request, 1.0, 3)
    first = next(iter(stream))
    answering = learner._model().loaded.answering
    assert len(answering._groups) == 1
    assert [first, *stream] == whole
    left = learner.stream(request, 1.0, 3)
    next(iter(left))
    left.close()  # type: ignore[attr-defined]  # a generator
    learner.answer(request)
    assert not answering._groups


def test_an_answer_ends_at_its_stop_or_its_limit(learner: HfLearner) -> None:
    request = {"prompt": "film 3:", "max_tokens": 8}
    whole = text(learner.answer(request, 1.0, 1))
    stop = whole[3:5]
    stopped = text(learner.answer(request | {"stop": [stop]}, 1.0, 1))
    assert stop in stopped
    assert whole.startswith(stopped)
    cut = learner.answer(request | {"max_tokens": 2}, 1.0, 1)
    assert len(cut) == 3  # the last is empty, and says that there would be more
    assert whole.startswith(text(cut))


def test_chance_is_bounded_by_top_p(learner: HfLearner) -> None:
    likeliest = text(learner.answer(REQUESTS[0]))
    narrow = {text(learner.answer(REQUESTS[0] | {"top_p": 0.01}, 2.0, seed)) for seed in range(5)}
    wide = {text(learner.answer(REQUESTS[0], 2.0, seed)) for seed in range(5)}
    assert narrow == {likeliest}
    assert len(wide) > 1


def test_a_failure_reaches_those_who_asked(
    learner: HfLearner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("no")

    with monkeypatch.context() as patch:
        patch.setattr(generating._Group, "_logits", broken)
        with pytest.raises(RuntimeError, match="no"):
            learner.answer(REQUESTS[0])
    assert learner.answer(REQUESTS[0])


def test_text_is_read_token_by_token(learner: HfLearner) -> None:
    for given in ("a good film é", "", "\ud800"):
        assert text(learner.read(given)) == given
    prompt = "a good film"
    model = learner._model()
    ids = Encoder(model.loaded).read(prompt)
    logs = [token.logprob for token in learner.read(prompt)]
    assert logs == pytest.approx(scored(learner, ids[:1], ids[1:]), abs=1e-4)


def test_few_answers_are_labels() -> None:
    assert labels_of([(3, 1), (4, 1), (3, 1), None, (4, 1)], 5) == [[3, 1], [4, 1]]
    assert labels_of([(3, 1), (4, 1), (5, 1)], 3) == []
    assert labels_of([(2,) * 70] * 4, 4) == []


def test_of_no_share_at_all_the_likeliest_is_left(learner: HfLearner) -> None:
    for request in REQUESTS[:3]:
        likeliest = text(learner.answer(request))
        for seed in range(5):
            assert text(learner.answer({**request, "top_p": 0}, 1.0, seed)) == likeliest
