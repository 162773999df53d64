from __future__ import annotations

import json

import openai
import pytest

PATH = "/v1/completions"
BODY = {"model": "davinci-002", "prompt": "x", "temperature": 0}


def line(number, **change):
    request = {"custom_id": f"r{number}", "method": "POST", "url": PATH, "body": BODY}
    return json.dumps(request | change).encode() + b"\n"


@pytest.fixture
def batch(lab):
    def create(content, **options):
        file_id = lab.upload(content, purpose="batch")
        return lab.client.batches.create(
            **{"input_file_id": file_id, "endpoint": PATH, "completion_window": "24h"} | options
        )

    return create


def end(lab, batch_id):
    for _ in range(20):
        found = lab.client.batches.retrieve(batch_id)
        if found.status in ("completed", "failed", "cancelled"):
            return found
    raise AssertionError(found.status)


def output(lab, file_id):
    return [json.loads(text) for text in lab.client.files.content(file_id).text.splitlines()]


def test_a_batch_goes_through_its_states(lab, batch):
    made = batch(line(1) + b"\n" + line(2), metadata={"k": "v"})
    states = [made.status]
    while states[-1] != "completed":
        made = lab.client.batches.retrieve(made.id)
        states.append(made.status)
    assert states == ["validating", "in_progress", "finalizing", "completed"]
    counts = made.request_counts
    assert (counts.total, counts.completed, counts.failed) == (2, 2, 0)
    assert made.error_file_id is None
    assert made.metadata == {"k": "v"}
    assert made.created_at == made.in_progress_at == made.finalizing_at == made.completed_at
    answers = output(lab, made.output_file_id)
    assert [answer["custom_id"] for answer in answers] == ["r1", "r2"]
    for answer in answers:
        assert answer["response"]["status_code"] == 200
        assert answer["response"]["body"]["choices"][0]["text"] == "untrained"
        assert answer["error"] is None
    assert lab.client.files.retrieve(made.output_file_id).purpose == "batch_output"


def test_requests_that_fail_are_in_the_error_file(lab, batch):
    wrong = line(2, body=BODY | {"model": "gpt-9"})
    made = end(
        lab,
        batch(line(1) + wrong, output_expires_after={"anchor": "created_at", "seconds": 3600}).id,
    )
    assert (made.request_counts.completed, made.request_counts.failed) == (1, 1)
    (failed,) = output(lab, made.error_file_id)
    assert failed["custom_id"] == "r2"
    assert failed["response"]["status_code"] == 404
    assert failed["response"]["body"]["error"]["code"] == "model_not_found"
    file = lab.client.files.retrieve(made.output_file_id)
    assert file.expires_at == file.created_at + 3600


def test_chat_batches(lab, batch):
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "x"}]}
    path = "/v1/chat/completions"
    made = end(lab, batch(line(1, url=path, body=body), endpoint=path).id)
    (answer,) = output(lab, made.output_file_id)
    assert answer["response"]["body"]["object"] == "chat.completion"


def test_a_large_batch_survives_reopening_and_keeps_its_order(make_lab, tmp_path):
    content = b"".join(map(line, range(2500)))
    lab = make_lab(data_dir=tmp_path)
    options = {"endpoint": PATH, "completion_window": "24h"}
    made = lab.client.batches.create(input_file_id=lab.upload(content, "batch"), **options)
    for _ in range(3):
        made = lab.client.batches.retrieve(made.id)
    assert made.request_counts.completed == 2000
    lab.close()
    again = make_lab(data_dir=tmp_path)
    done = end(again, made.id)
    ids = [answer["custom_id"] for answer in output(again, done.output_file_id)]
    assert ids == [f"r{number}" for number in range(2500)]


def test_a_cancelled_batch_keeps_its_answers(lab, batch):
    made = batch(b"".join(map(line, range(1500))))
    for _ in range(2):
        lab.client.batches.retrieve(made.id)
    assert lab.client.batches.cancel(made.id).status == "cancelling"
    done = lab.client.batches.retrieve(made.id)
    assert done.status == "cancelled"
    assert len(output(lab, done.output_file_id)) == 1000
    with pytest.raises(openai.BadRequestError, match="it has ended"):
        lab.client.batches.cancel(made.id)


@pytest.mark.parametrize(
    ("content", "code", "at"),
    [
        (b"", "empty_file", None),
        (line(1) + b"{", "invalid_json_line", 2),
        (line(1) + b"[]", "invalid_json_line", 2),
        (line(1) + line(1), "duplicate_custom_id", 2),
        (line(1, method="GET"), "invalid_url", 1),
        (line(1, url="/v1/chat/completions"), "invalid_url", 1),
        (line(1, custom_id=1), "missing_required_parameter", 1),
        (line(1, body=BODY | {"stream": True}), "invalid_request", 1),
    ],
)
def test_a_bad_file_fails_the_batch_with_its_line(lab, batch, content, code, at):
    made = end(lab, batch(content).id)
    assert made.status == "failed"
    assert (made.errors.data[0].code, made.errors.data[0].line) == (code, at)


def test_too_many_requests(lab, batch, monkeypatch):
    monkeypatch.setattr("pitchpipe.service.engine.batch_files.MAX_REQUESTS", 1)
    assert end(lab, batch(line(1) + line(2)).id).errors.data[0].code == "too_many_requests"


@pytest.mark.parametrize("polls", [0, 1])
def test_a_deleted_file_fails_the_batch(lab, batch, polls):
    made = batch(line(1))
    for _ in range(polls):
        lab.client.batches.retrieve(made.id)
    lab.client.files.delete(made.input_file_id)
    assert end(lab, made.id).errors.data[0].code == "invalid_file"


@pytest.mark.parametrize(
    ("options", "param"),
    [
        ({"endpoint": "/v1/embeddings"}, "endpoint"),
        ({"completion_window": "1h"}, "completion_window"),
        ({"input_file_id": "file-none"}, "input_file_id"),
    ],
)
def test_a_batch_is_checked_when_it_is_created(batch, options, param):
    with pytest.raises(openai.BadRequestError) as caught:
        batch(line(1), **options)
    assert caught.value.param == param


def test_batches_are_listed_newest_first(lab, batch):
    assert lab.client.batches.list().data == []
    made = [batch(line(1)).id for _ in range(5)]
    assert [found.id for found in lab.client.batches.list(limit=2)] == made[::-1]
    with pytest.raises(openai.BadRequestError, match="<= 100"):
        lab.client.batches.list(limit=101)


def test_an_unknown_batch_is_404(lab):
    for call in (lab.client.batches.retrieve, lab.client.batches.cancel):
        with pytest.raises(openai.NotFoundError, match="batch_x"):
            call("batch_x")


def test_batches_at_other_paces(make_lab):
    options = {"endpoint": PATH, "completion_window": "24h"}
    lab = make_lab(pace="immediate")
    made = lab.client.batches.create(input_file_id=lab.upload(line(1), "batch"), **options)
    assert made.status == "completed"
    lab = make_lab(pace="manual")
    made = lab.client.batches.create(input_file_id=lab.upload(line(1), "batch"), **options)
    assert lab.client.batches.retrieve(made.id).status == "validating"
    lab.service.advance(made.id)
    assert lab.client.batches.retrieve(made.id).status == "in_progress"


# --- expiry ---------------------------------------------------------------------------------------


def test_what_is_not_answered_in_time_is_told(make_lab, monkeypatch):
    monkeypatch.setattr("pitchpipe.service.engine.batches._SLICE", 2)
    lab = make_lab(pace="manual")
    file_id = lab.upload(b"".join(map(line, range(5))), purpose="batch")
    made = lab.client.batches.create(input_file_id=file_id, endpoint=PATH, completion_window="24h")
    lab.service.advance(made.id)
    lab.service.advance(made.id)
    lab.clock.now += 24 * 3600
    lab.service.advance(made.id)
    found = lab.client.batches.retrieve(made.id)
    assert (found.status, found.expired_at) == ("expired", made.expires_at)
    counts = found.request_counts
    assert (counts.total, counts.completed, counts.failed) == (5, 2, 3)
    assert [answer["custom_id"] for answer in output(lab, found.output_file_id)] == ["r0", "r1"]
    late = output(lab, found.error_file_id)
    assert [answer["custom_id"] for answer in late] == ["r2", "r3", "r4"]
    assert {answer["error"]["code"] for answer in late} == {"batch_expired"}
    assert {answer["response"] for answer in late} == {None}
    lab.service.advance(made.id)
    assert lab.client.batches.retrieve(made.id) == found


def test_a_batch_that_never_began_expires_whole(make_lab):
    lab = make_lab()
    file_id = lab.upload(line(1), purpose="batch")
    made = lab.client.batches.create(input_file_id=file_id, endpoint=PATH, completion_window="24h")
    lab.clock.now += 24 * 3600 + 1
    found = lab.client.batches.retrieve(made.id)
    assert (found.status, found.output_file_id) == ("expired", None)
    assert (found.request_counts.total, found.request_counts.failed) == (1, 1)
    assert [answer["custom_id"] for answer in output(lab, found.error_file_id)] == ["r1"]


def test_a_batch_that_has_ended_does_not_expire(lab, batch):
    made = end(lab, batch(line(1)).id)
    lab.clock.now += 48 * 3600
    assert lab.client.batches.retrieve(made.id).status == "completed"
