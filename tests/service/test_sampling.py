"""Answers by chance: they vary where nothing fixes them, and repeat where something does."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitchpipe.service.engine.counts import Counts
from pitchpipe.service.learners.answers import sample
from pitchpipe.service.learners.ngram import NgramLearner
from pitchpipe.service.server.loopback import serve

LABELS = [f" label {n}" for n in range(12)]
PROMPTS = {
    "completion": [f"{n} ->" for n in range(6)],
    "chat": [f"{n}?" for n in range(6)],
}


def records(kind: str) -> bytes:
    """One question has every label in turn, so that all of them are likely."""

    def row(question: str, answer: str) -> dict[str, Any]:
        if kind == "completion":
            return {"prompt": question, "completion": answer}
        said = [("user", question), ("assistant", answer)]
        return {"messages": [{"role": role, "content": text} for role, text in said]}

    rows = [row(question, label) for question in PROMPTS[kind] for label in LABELS]
    return "".join(json.dumps(each) + "\n" for each in rows).encode()


class Sampler:
    """A trained model of a service of its own, asked in one of the ways that there are."""

    def __init__(self, lab: Any, way: str) -> None:
        self.lab = lab
        self.way = way
        self.kind = "chat" if way == "chat" else "completion"
        base = "gpt-4o-mini" if way == "chat" else "babbage-002"
        values = {"n_epochs": 1}
        job = lab.run(records(self.kind), model=base, hyperparameters=values, seed=1)
        assert job.status == "succeeded"
        self.model = job.fine_tuned_model

    def ask(self, client: openai.OpenAI | None = None, at: int = 0, **options: Any) -> list[str]:
        """What the choices say to the question at a place."""
        asked = (client or self.lab.client).with_options(max_retries=0)
        prompt = PROMPTS[self.kind][at]
        if self.way == "engine":
            path = f"/engines/{self.model}/completions"
            answer: Any = asked.post(path, cast_to=object, body={"prompt": prompt, **options})
            return [choice["text"] for choice in answer["choices"]]
        if self.way == "completion":
            told: Any = asked.completions.create(model=self.model, prompt=prompt, **options)
            return _texts(told, lambda choice: choice.text, options)
        messages: Any = [{"role": "user", "content": prompt}]
        told = asked.chat.completions.create(model=self.model, messages=messages, **options)
        said = "delta" if options.get("stream") else "message"
        return _texts(told, lambda choice: getattr(choice, said).content, options)


def _texts(told: Any, text: Any, options: dict[str, Any]) -> list[str]:
    if not options.get("stream"):
        return [text(choice) for choice in told.choices]
    found: dict[int, str] = {}
    for chunk in told:
        for choice in chunk.choices:
            found[choice.index] = found.get(choice.index, "") + (text(choice) or "")
    return [found[index] for index in sorted(found)]


WAYS = pytest.mark.parametrize("way", ["completion", "chat", "engine"])


@pytest.fixture
def sampler(make_lab):
    def make(way: str, **options: Any) -> Sampler:
        return Sampler(make_lab(learner=NgramLearner, **options), way)

    return make


@WAYS
def test_what_nothing_seeds_varies(sampler, way):
    asked = sampler(way)
    assert len({asked.ask()[0] for _ in range(30)}) > 4
    assert len(set(asked.ask(n=30))) > 4
    assert len({asked.ask(temperature=1)[0] for _ in range(30)}) > 4


@WAYS
def test_a_service_s_seed_gives_the_same_sequence(sampler, way):
    one, two, other = sampler(way, seed=7), sampler(way, seed=7), sampler(way, seed=8)
    stories = [
        [each.ask(n=2, temperature=t) for _ in range(5) for t in (0.7, 1, 2)]
        for each in (one, two, other)
    ]
    assert stories[0] == stories[1]
    assert stories[0] != stories[2]


@WAYS
def test_the_order_among_different_requests_does_not_matter(sampler, way):
    one, two = sampler(way, seed=7), sampler(way, seed=7)
    places = range(len(PROMPTS[one.kind]))
    first = {at: [one.ask(at=at) for _ in range(6)] for at in places}
    second: dict[int, list[list[str]]] = {at: [] for at in places}
    for _ in range(6):
        for at in reversed(places):
            second[at].append(two.ask(at=at))
    assert first == second


@WAYS
def test_neither_does_it_where_they_come_at_once(sampler, way):
    alone, crowded = sampler(way, seed=7), sampler(way, seed=7)
    places = range(4)
    expected = {at: [alone.ask(at=at) for _ in range(8)] for at in places}
    begin = threading.Barrier(len(places), timeout=60)
    with serve(crowded.lab.service) as url, openai.OpenAI(api_key="k", base_url=url) as client:

        def story(at: int) -> list[list[str]]:
            begin.wait()
            return [crowded.ask(client, at) for _ in range(8)]

        with ThreadPoolExecutor(len(places)) as threads:
            assert dict(zip(places, threads.map(story, places), strict=True)) == expected


@WAYS
def test_equal_requests_at_once_have_the_answers_that_they_have_in_turn(sampler, way):
    alone, crowded = sampler(way, seed=7), sampler(way, seed=7)
    expected = sorted(alone.ask()[0] for _ in range(24))
    with (
        serve(crowded.lab.service) as url,
        openai.OpenAI(api_key="k", base_url=url) as client,
        ThreadPoolExecutor(6) as threads,
    ):
        said = threads.map(lambda _: crowded.ask(client)[0], range(24))
        assert sorted(said) == expected


@WAYS
@pytest.mark.parametrize("seed", [0, 1, -5, 2**63 - 1, -(2**63)])
def test_a_request_s_seed_gives_the_same_answer_every_time(sampler, way, seed):
    one, other = sampler(way, seed=1), sampler(way, seed=2)
    assert len({tuple(each.ask(seed=seed, n=5)) for each in (one, other, one, other)}) == 1


@WAYS
def test_seeds_of_requests_differ(sampler, way):
    asked = sampler(way)
    assert len({asked.ask(seed=seed)[0] for seed in range(30)}) > 4
    assert len(set(asked.ask(seed=1, n=30))) > 4


@WAYS
@pytest.mark.parametrize("options", [{}, {"seed": 3}, {"top_p": 0.5}])
def test_temperature_0_never_varies(sampler, way, options):
    asked = sampler(way)
    said = [text for _ in range(5) for text in asked.ask(temperature=0, n=4, **options)]
    assert len(set(said)) == 1


@WAYS
def test_of_no_share_at_all_the_likeliest_is_left(sampler, way):
    asked = sampler(way)
    likeliest = asked.ask(temperature=0)
    for top_p in (0, 1e-9):
        assert {asked.ask(top_p=top_p, temperature=2)[0] for _ in range(10)} == set(likeliest)
    wide = {asked.ask(top_p=1, temperature=2)[0] for _ in range(60)}
    narrow = {asked.ask(top_p=0.4, temperature=2)[0] for _ in range(60)}
    assert len(narrow) < len(wide)


@pytest.mark.parametrize("way", ["completion", "chat"])
@pytest.mark.parametrize("concurrent", [False, True])
def test_a_stream_says_what_is_said_without(make_lab, way, concurrent):
    class Live(NgramLearner):
        pass

    Live.concurrent = concurrent  # whose streams are made while they are read
    whole, streamed = (Sampler(make_lab(learner=Live, seed=7), way) for _ in range(2))
    for options in ({}, {"n": 3}, {"seed": 5}, {"temperature": 0.5}):
        for _ in range(5):
            assert streamed.ask(stream=True, **options) == whole.ask(**options)


def test_prompts_of_one_request_vary(sampler):
    asked = sampler("completion")
    prompts = [PROMPTS["completion"][0]] * 30
    answer = asked.lab.client.completions.create(model=asked.model, prompt=prompts)
    assert len({choice.text for choice in answer.choices}) > 4


def test_models_are_counted_apart(sampler):
    asked = sampler("completion", seed=7)
    alone = sampler("completion", seed=7)
    second = asked.lab.run(records("completion"), hyperparameters={"n_epochs": 1}, seed=1)
    first = asked.model
    stories: dict[str, list[list[str]]] = {first: [], second.fine_tuned_model: []}
    for _ in range(5):
        for asked.model in stories:
            stories[asked.model].append(asked.ask())
    assert stories[first] == [alone.ask() for _ in range(5)]


# --- batches ---


def batch(asked: Sampler, count: int, **options: Any) -> list[str]:
    """The answers to equal requests of one batch, by their order in it."""
    path = {"completion": "/v1/completions", "chat": "/v1/chat/completions"}[asked.way]
    question: dict[str, Any] = {"prompt": PROMPTS["completion"][0]}
    if asked.way == "chat":
        question = {"messages": [{"role": "user", "content": PROMPTS["chat"][0]}]}
    line = {"method": "POST", "url": path, "body": {"model": asked.model, **question, **options}}
    content = "".join(json.dumps(line | {"custom_id": str(n)}) + "\n" for n in range(count))
    client = asked.lab.client
    file = client.files.create(file=("b.jsonl", content.encode()), purpose="batch")
    made = client.batches.create(
        input_file_id=file.id,
        endpoint=path,  # type: ignore[arg-type]
        completion_window="24h",
    )
    while client.batches.retrieve(made.id).status != "completed":
        pass
    output = client.files.content(client.batches.retrieve(made.id).output_file_id or "").text
    answers = {}
    for text in output.splitlines():
        told = json.loads(text)
        (choice, *_) = told["response"]["body"]["choices"]
        answers[told["custom_id"]] = choice.get("text") or choice["message"]["content"]
    return [answers[str(n)] for n in range(count)]


@pytest.mark.parametrize("way", ["completion", "chat"])
def test_a_batch_varies_and_repeats_as_requests_do(sampler, way):
    one, two, other = sampler(way, seed=7), sampler(way, seed=7), sampler(way, seed=8)
    first, second = batch(one, 30), batch(one, 30)
    assert len(set(first)) > 4
    assert first != second
    two.ask()  # what else is asked makes no difference
    assert [batch(two, 30), batch(two, 30)] == [first, second]
    assert batch(other, 30) != first
    assert len(set(batch(one, 10, seed=4))) == 1
    assert len(set(batch(one, 10, temperature=0))) == 1


def test_a_batch_whose_requests_are_asked_at_once_repeats(make_lab):
    class Live(NgramLearner):
        concurrent = True

    one, two = (Sampler(make_lab(learner=Live, seed=7), "chat") for _ in range(2))
    assert batch(one, 60) == batch(two, 60)


def test_a_new_store_repeats_batches_without_a_seed(sampler):
    one, two = sampler("completion", seed=None), sampler("completion", seed=None)
    assert batch(one, 20) == batch(two, 20)


# --- starts, snapshots, seeds ---


def test_a_start_counts_anew(sampler, tmp_path):
    first = sampler("completion", seed=7, data_dir=tmp_path)
    story = [first.ask() for _ in range(6)]
    first.lab.close()
    again = sampler("completion", seed=7, data_dir=tmp_path)
    again.model = first.model
    assert [again.ask() for _ in range(6)] == story


def test_what_is_brought_back_counts_on(sampler):
    asked = sampler("completion")
    control = asked.lab.service.control
    control.seed = 5
    story = [asked.ask() for _ in range(3)]
    name = control.snapshot()
    rest = [asked.ask() for _ in range(3)]
    control.restore(name)
    assert [asked.ask() for _ in range(3)] == rest
    control.seed = 5
    assert [asked.ask() for _ in range(6)] == story + rest
    control.seed = 6
    assert [asked.ask() for _ in range(6)] != story + rest


# --- parts ---


@given(st.lists(st.binary(max_size=2), max_size=60), st.integers(1, 5))
def test_counting(keys, most):
    counts, last = Counts(most), {}
    for place, key in enumerate(keys):
        since = set(keys[last[key] : place]) if key in last else set()
        before = counts.count(key)
        if len(set(keys)) <= most:
            assert before == keys[:place].count(key)
        elif len(since) > most:
            assert before == 0
        assert len(counts) <= most
        last[key] = place
    again = Counts(most)
    again.restore(json.loads(json.dumps(counts.to_json())))
    assert again.to_json() == counts.to_json()
    assert [again.count(key) for key in keys] == [counts.count(key) for key in keys]


@given(
    st.lists(st.floats(-5, 5), min_size=1, max_size=90),
    st.floats(0.1, 2),
    st.floats(0, 1, exclude_max=True),
    st.floats(0, 1),
)
def test_a_share_of_the_likeliest(scores, temperature, chance, top_p):
    logits = np.array(scores)
    place = sample(logits, temperature, chance, top_p)
    shares = np.exp((logits - logits.max()) / temperature)
    shares /= shares.sum()
    likelier = shares[shares > shares[place]].sum()
    assert likelier <= top_p + 1e-9
    if top_p == 0:
        assert shares[place] == shares.max()
    if top_p == 1:
        assert place == sample(logits, temperature, chance)
