import json
import logging

import pytest

from pitchpipe.default_plugins.predictors.batch import BatchPredictor
from pitchpipe.default_plugins.predictors.batch_files import parts_of, read_output
from pitchpipe.default_plugins.trainers.fake import FakeTrainer
from pitchpipe.errors import ServiceError
from pitchpipe.records import Request, TrainingSpec


@pytest.fixture
def predictor(server):
    return BatchPredictor(base_url=server.url, retry_seconds=0.0, poll_seconds=0.0, batch_size=15)


@pytest.fixture
def impatient(server):
    return BatchPredictor(
        base_url=server.url, retry_seconds=0.0, poll_seconds=0.0, batch_size=15, max_retries=0
    )


def batches(service):
    from pitchpipe.service.http import Request as Sent

    return json.loads(service.handle(Sent("GET", "/v1/batches")).body)["data"]


def test_answers_are_in_order_over_several_batches(
    predictor, model, requests_, labels, ledger, service, caplog
):
    with caplog.at_level(logging.INFO, "pitchpipe"):
        answers = list(predictor.predict(model, requests_, ledger()))
    assert [answer.text for answer in answers] == labels
    assert all(answer.probability(answer.text) > 0 for answer in answers)
    assert [batch["request_counts"]["total"] for batch in batches(service)] == [10, 15, 15]
    assert "in_progress" in caplog.text


def test_answers_that_come_in_another_order_are_put_right(
    server, predictor, model, requests_, labels, ledger, service
):
    def backwards(n, request):
        if request.path.endswith("/content"):
            response = service.handle(request)
            lines = response.body.splitlines(keepends=True)
            return type(response)(200, response.headers, b"".join(reversed(lines)))
        return None

    server.script = backwards
    answers = predictor.predict(model, requests_, ledger())
    assert [answer.text for answer in answers] == labels


@pytest.mark.parametrize("crash_at", range(15))
def test_a_crash_at_any_write_makes_no_batch_twice(
    crash_at, predictor, model, requests_, labels, ledger, crash, service
):
    entries = {"intend": {}, "done": {}}
    with pytest.raises(crash):
        list(predictor.predict(model, requests_[:20], ledger(entries, crash_at)))
    answers = predictor.predict(model, requests_[:20], ledger(entries))
    assert [answer.text for answer in answers] == labels[:20]
    assert len(batches(service)) == 2


@pytest.mark.parametrize("fate", ["LOST", "UNANSWERED"])
@pytest.mark.parametrize("number", range(9))
def test_a_process_that_dies_with_a_request_makes_no_batch_twice(
    number, fate, server, predictor, impatient, model, requests_, labels, ledger, service, faults
):
    entries = {"intend": {}, "done": {}}
    server.script = lambda n, request: getattr(faults, fate) if n == number else None
    with pytest.raises(ServiceError):
        list(impatient.predict(model, requests_[:20], ledger(entries)))
    answers = predictor.predict(model, requests_[:20], ledger(entries))
    assert [answer.text for answer in answers] == labels[:20]
    assert len(batches(service)) == 2


def test_requests_without_an_answer_are_named(server, predictor, model, requests_, ledger):
    bad = Request("completions", {"prompt": "p", "max_tokens": -1})
    series = [*requests_[:3], bad, *requests_[:2], bad]
    with pytest.raises(ServiceError, match=r"2 of 7 requests .*request 4: .*; request 7: .*400"):
        list(predictor.predict(model, series, ledger()))


def test_a_batch_that_failed_is_told_and_made_anew_the_next_time(
    server, predictor, model, requests_, labels, ledger, service, faults
):
    entries = {"intend": {}, "done": {}}
    broken = []

    def fail_the_first(n, request):
        if request.method == "GET" and "/batches/" in request.path:
            body = json.loads(service.handle(request).body)
            broken.append(body["id"])
            if body["id"] == broken[0]:
                error = {"code": "x", "message": "the line is not JSON", "line": 2, "param": None}
                errors = {"object": "list", "data": [error]}
                return faults.answer(200, {**body, "status": "failed", "errors": errors})
        return None

    server.script = fail_the_first
    with pytest.raises(ServiceError, match=r"failed: the line is not JSON \(line 2\)"):
        list(predictor.predict(model, requests_[:3], ledger(entries)))
    answers = predictor.predict(model, requests_[:3], ledger(entries))
    assert [answer.text for answer in answers] == labels[:3]
    assert len(batches(service)) == 2


def test_a_batch_that_failed_without_a_reason_is_told(
    server, predictor, model, requests_, ledger, service, faults
):
    def fail(n, request):
        if request.method == "GET" and "/batches/" in request.path:
            return faults.answer(
                200, {**json.loads(service.handle(request).body), "status": "failed"}
            )
        return None

    server.script = fail
    with pytest.raises(ServiceError, match="the service gives no reason"):
        list(predictor.predict(model, requests_[:3], ledger()))


def test_between_two_looks_it_waits(server, model, requests_, labels, ledger):
    predictor = BatchPredictor(base_url=server.url, poll_seconds=0.001)
    answers = predictor.predict(model, requests_, ledger())
    assert [answer.text for answer in answers] == labels


def test_both_predictors_are_offered_by_name():
    from pitchpipe.default_plugins.predictors.openai import OpenAIPredictor
    from pitchpipe.plugins import PluginHost

    predictors = PluginHost(entry_points=False).predictors
    assert predictors.get("batch").stage is BatchPredictor
    assert predictors.create("openai", {"concurrency": 3}) == OpenAIPredictor(concurrency=3)


def test_nothing_to_ask_makes_no_batch(server, predictor, ledger):
    assert list(predictor.predict("m", [], ledger())) == []
    assert server.requests == []


def test_it_needs_no_socket_offline(tmp_path, prepared, requests_, ledger):
    trainer = FakeTrainer(base_url=f"offline:{tmp_path / 'service'}")
    job = trainer.submit(prepared, TrainingSpec("babbage-002"), ledger())
    list(trainer.follow(job.id))
    predictor = BatchPredictor(**trainer.predictor_options())
    model = trainer.job(job.id).fine_tuned_model
    assert len(list(predictor.predict(model, requests_, ledger()))) == len(requests_)
    assert predictor.resumes


@pytest.mark.parametrize("size", [0, 50_001])
def test_a_batch_size_the_service_does_not_take_is_refused(size):
    with pytest.raises(ValueError, match="batch_size"):
        BatchPredictor(batch_size=size)


def test_parts_keep_to_one_endpoint_and_to_the_limits(monkeypatch):
    from pitchpipe.default_plugins.predictors import batch_files

    chat, plain = Request("chat.completions", {"messages": []}), Request("completions", {})
    series = [plain, plain, chat, plain, plain, plain]
    numbers = [[line.number for line in part] for part in parts_of(series, "m", 2)]
    assert numbers == [[1, 2], [3], [4, 5], [6]]
    size = len(next(parts_of(series, "m", 1))[0].text)
    monkeypatch.setattr(batch_files, "MOST_BYTES", 2 * size)
    assert [len(part) for part in parts_of([plain] * 5, "m", 100)] == [2, 2, 1]


def test_output_is_read_whatever_went_wrong():
    lines = [
        {"custom_id": "a", "response": {"status_code": 200, "body": {"x": 1}}, "error": None},
        {"custom_id": "b", "response": None, "error": {"code": "batch_expired", "message": "Late"}},
        {"custom_id": "c", "response": {"status_code": 500, "body": None}, "error": None},
        {"custom_id": "d", "response": {"status_code": 400, "body": {"error": {"message": "No"}}}},
        {"custom_id": "e", "response": {"status_code": 400, "body": {"error": "odd"}}},
    ]
    content = "".join(json.dumps(line) + "\n" for line in lines).encode()
    answers, failures = read_output(content, b"")
    assert answers == {"a": {"x": 1}}
    assert failures == {
        "b": "Late", "c": "no reason given (500)", "d": "No (400)", "e": "odd (400)",
    }  # fmt: skip
