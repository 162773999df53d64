import itertools
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time

import pytest

from pitchpipe.default_plugins.predictors.openai import OpenAIPredictor
from pitchpipe.default_plugins.predictors.ordered import THREAD_NAME
from pitchpipe.default_plugins.trainers.fake import FakeTrainer
from pitchpipe.errors import DataError, ServiceError
from pitchpipe.records import Request, TrainingSpec


@pytest.fixture
def predictor(server):
    return OpenAIPredictor(base_url=server.url, retry_seconds=0.0, concurrency=8)


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    for thread in threading.enumerate():
        if thread.name.startswith(THREAD_NAME):
            thread.join(10)
            assert not thread.is_alive()


def test_answers_are_the_models_and_in_order(predictor, model, requests_, labels, ledger):
    answers = list(predictor.predict(model, requests_, ledger()))
    assert [answer.text for answer in answers] == labels
    assert all(answer.finish_reason == "stop" for answer in answers)
    assert all(0 < answer.probability(answer.text) <= 1 for answer in answers)


@pytest.mark.parametrize("seed", range(3))
def test_order_holds_under_any_delays_and_passing_failures(
    seed, server, predictor, model, requests_, labels, ledger, faults
):
    chance = random.Random(seed)
    lock = threading.Lock()
    failed = set()

    def rough(n, request):
        with lock:
            fate, delay = chance.choice(range(6)), chance.random() / 200
            again = request.body in failed
            failed.add(request.body)
        time.sleep(delay)
        if again:
            return None
        return [
            faults.LOST,
            faults.UNANSWERED,
            faults.refusal(429, "Slow down.", retry_after="0"),
            faults.refusal(503, "Overloaded."),
            None,
            None,
        ][fate]

    server.script = rough
    answers = predictor.predict(model, requests_, ledger())
    assert [answer.text for answer in answers] == labels


def test_an_endless_series_of_requests_is_answered_as_it_comes(
    server, predictor, model, requests_, labels, ledger
):
    endless = predictor.predict(model, itertools.cycle(requests_), ledger())
    assert [next(endless).text for _ in range(100)] == (labels * 3)[:100]
    endless.close()
    assert len(server.requests) <= 100 + 8 * 4


def test_a_failure_for_good_is_told_and_ends_the_others(
    server, predictor, model, requests_, ledger, faults
):
    refusal = faults.refusal(400, "prompt is too long", param="prompt")
    server.script = lambda n, request: refusal if b"number 20" in request.body else None
    answers = predictor.predict(model, itertools.cycle(requests_), ledger())
    assert len([next(answers) for _ in range(20)]) == 20
    with pytest.raises(ServiceError, match=r"prompt is too long \(parameter prompt\)"):
        next(answers)


def test_tries_are_counted(server, predictor, model, requests_, ledger, faults):
    server.script = lambda n, request: faults.refusal(500, "Oops.")
    with pytest.raises(ServiceError, match=r"failed \(500\): Oops"):
        next(predictor.predict(model, requests_[:1], ledger()))
    assert len(server.requests) == predictor.max_retries + 1


def test_a_model_without_probabilities_is_asked_without(
    server, predictor, model, requests_, labels, ledger, faults
):
    refusal = faults.refusal(400, "logprobs are not supported by this model", param="logprobs")
    server.script = lambda n, request: refusal if b'"logprobs"' in request.body else None
    answers = list(predictor.predict(model, requests_, ledger()))
    assert [answer.text for answer in answers] == labels
    assert all(answer.alternatives == () for answer in answers)
    refused = sum(b'"logprobs"' in request.body for request in server.requests)
    assert 1 <= refused <= 8  # remembered: no more than were under way at once


def test_an_unknown_model_is_named(predictor, model, requests_, ledger):
    with pytest.raises(ServiceError, match="no-such-model"):
        next(predictor.predict("no-such-model", requests_, ledger()))


def test_half_a_character_is_refused_with_what_to_do(predictor, model, ledger):
    with pytest.raises(DataError, match="surrogate"):
        next(predictor.predict(model, [Request("completions", {"prompt": "\ud800"})], ledger()))


def test_no_concurrency_is_refused():
    with pytest.raises(ValueError, match="concurrency"):
        OpenAIPredictor(concurrency=0)


def test_no_key_is_told(predictor, requests_, ledger, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(ServiceError, match="no key"):
        next(predictor.predict("m", requests_, ledger()))


def test_chat_in_process_without_a_thread(tmp_path, ledger, contract):
    from pitchpipe.records import PreparedData

    def messages(number):
        word, label = (("fine", "pos"), ("bad", "neg"))[number % 2]
        asked = [{"role": "user", "content": f"a {word} film"}]
        return asked, label

    file = tmp_path / "train.jsonl"
    lines = []
    for number in range(20):
        asked, label = messages(number)
        lines.append(json.dumps({"messages": [*asked, {"role": "assistant", "content": label}]}))
    file.write_text("\n".join(lines) + "\n")
    trainer = FakeTrainer(base_url=f"offline:{tmp_path / 'service'}")
    data = PreparedData(file, None, 20, 0, contract)
    job = trainer.submit(data, TrainingSpec("gpt-4o-mini-2024-07-18"), ledger())
    list(trainer.follow(job.id))
    body = {"temperature": 0, "logprobs": True, "top_logprobs": 2}
    requests = [
        Request("chat.completions", {"messages": messages(number)[0], **body})
        for number in range(6)
    ]
    predictor = OpenAIPredictor(**trainer.predictor_options())
    before = threading.active_count()
    answers = predictor.predict(trainer.job(job.id).fine_tuned_model, requests, ledger())
    first = next(answers)
    assert threading.active_count() == before
    assert [first.text, *(answer.text for answer in answers)] == ["pos", "neg"] * 3
    assert first.probability("pos") > first.probability("neg") > 0


PROGRAM = """
import sys
from pitchpipe.default_plugins.predictors.openai import OpenAIPredictor
from pitchpipe.journal import MemoryLedger
from pitchpipe.records import Request
request = Request("completions", {"prompt": "p"})
try:
    list(OpenAIPredictor(base_url=sys.argv[1]).predict("m", [request] * 100, MemoryLedger()))
except KeyboardInterrupt:
    sys.exit(130)
"""


def test_ctrl_c_ends_at_once_though_answers_are_outstanding(server):
    busy, release = threading.Semaphore(0), threading.Event()

    def hang(n, request):
        busy.release()
        release.wait(60)

    server.script = hang
    program = subprocess.Popen([sys.executable, "-c", PROGRAM, server.url], env=os.environ)
    try:
        for _ in range(16):
            assert busy.acquire(timeout=60)
        program.send_signal(signal.SIGINT)
        assert program.wait(20) == 130
    finally:
        program.kill()
        program.wait()
        release.set()
