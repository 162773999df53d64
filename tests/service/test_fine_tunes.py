"""The API of 2023, as a client in any language would use it."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitchpipe.service.http import Request, Wait, dumps, loads
from pitchpipe.service.service import Service

METRICS = {
    "compute_classification_metrics": True,
    "classification_positive_class": " pos",
    "classification_n_classes": 2,
}


def sentiments(count=40):
    rows = [
        {
            "prompt": f"a {'fine' if n % 3 else 'dull'} film {n}\n\n###\n\n",
            "completion": " pos" if n % 3 else " neg",
        }
        for n in range(count)
    ]
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


class Old:
    """A client of 2023."""

    def __init__(self, lab):
        self.lab = lab
        self.files = {
            "training_file": lab.upload(sentiments()),
            "validation_file": lab.upload(sentiments(20)),
        }

    def call(self, method, path, body=None):
        target = f"/v1/{path}"
        content = b"" if body is None else dumps(body)
        response = self.lab.service.handle(Request.of(method, target, [], content))
        if not isinstance(response.body, bytes):
            return response.status, response.body
        return response.status, loads(response.body)

    def create(self, **options):
        status, body = self.call("POST", "fine-tunes", {"model": "ada"} | self.files | options)
        assert status == 200, body
        return body

    def finish(self, job_id):
        while (body := self.call("GET", f"fine-tunes/{job_id}")[1])["status"] in (
            "pending",
            "running",
        ):
            pass
        return body

    def results(self, job):
        text = self.lab.client.files.content(job["result_files"][0]["id"]).text
        return list(csv.DictReader(io.StringIO(text)))


@pytest.fixture
def old(make_lab):
    return Old(make_lab(learner=None))


def test_what_happens_is_told_as_it_was(old):
    job = old.create(suffix="My films!")
    assert job["status"] == "pending"
    done = old.finish(job["id"])
    assert [event["message"] for event in done["events"]] == [
        f"Created fine-tune: {job['id']}",
        "Fine-tune costs $0.00",
        "Fine-tune enqueued. Queue number: 0",
        "Fine-tune is in the queue. Queue number: 0",
        "Fine-tune started",
        *(f"Completed epoch {epoch}/4" for epoch in range(1, 5)),
        f"Uploaded model: {done['fine_tuned_model']}",
        f"Uploaded result file: {done['result_files'][0]['id']}",
        "Fine-tune succeeded",
    ]
    assert done["fine_tuned_model"] == "ada:ft-offline:my-films-2023-11-14-22-13-20"
    assert {event["object"] for event in done["events"]} == {"fine-tune-event"}


def test_the_cost_is_by_the_prices_of_then(old):
    many = old.lab.upload(sentiments(3000))
    job = old.finish(old.create(model="davinci", training_file=many)["id"])
    (message,) = [e["message"] for e in job["events"] if "costs" in e["message"]]
    tokens = old.lab.client.fine_tuning.jobs.retrieve(job["id"]).trained_tokens
    assert message == f"Fine-tune costs ${tokens * 30 / 1e6:.2f}"
    assert tokens * 30 / 1e6 > 1


def test_the_queue_has_an_order(make_lab):
    old = Old(make_lab(learner=None, pace="manual"))
    ids = [old.create()["id"] for _ in range(3)]
    for job_id in ids:
        old.lab.service.advance(job_id)
    places = [
        event["message"].rpartition(" ")[2]
        for job_id in ids
        for event in old.call("GET", f"fine-tunes/{job_id}/events")[1]["data"]
        if "enqueued" in event["message"]
    ]
    assert places == ["0", "1", "2"]


def test_two_models_of_one_second_have_two_names(old):
    names = [old.finish(old.create()["id"])["fine_tuned_model"] for _ in range(3)]
    assert len(set(names)) == 3
    assert [name[-8:] for name in names] == ["22-13-20", "22-13-21", "22-13-22"]


def test_the_result_file_has_the_columns_of_classification(old):
    job = old.finish(old.create(**METRICS, classification_betas=[0.5, 2])["id"])
    rows = old.results(job)
    assert [int(row["step"]) for row in rows] == list(range(1, 21))
    assert [int(row["elapsed_examples"]) for row in rows[:6]] == [8, 16, 24, 32, 40, 48]
    assert int(rows[-1]["elapsed_examples"]) == 160
    names = ["accuracy", "precision", "recall", "auroc", "auprc", "f1.0", "f0.5", "f2.0"]
    ends = [row for row in rows if row["classification/accuracy"]]
    assert [int(row["step"]) for row in ends] == [5, 10, 15, 20]
    assert [float(rows[-1][f"classification/{name}"]) for name in names] == [1.0] * 8
    assert [row["validation_loss"] != "" for row in rows] == [int(r["step"]) % 5 == 0 for r in rows]
    shown = job["hyperparams"]
    assert shown["classification_positive_class"] == " pos"
    assert (shown["n_epochs"], shown["batch_size"]) == (4, 8)


def test_more_than_two_classes(old):
    rows = [{"prompt": f"{w} {n} ->", "completion": f" {w}"} for n in range(9) for w in "abc"]
    many = old.lab.upload("".join(json.dumps(row) + "\n" for row in rows).encode())
    options = {"training_file": many, "validation_file": many}
    job = old.create(
        **options, compute_classification_metrics=True, classification_n_classes=3, n_epochs=9
    )
    last = old.results(old.finish(job["id"]))[-1]
    assert [name for name in last if name.startswith("class")] == [
        "classification/accuracy",
        "classification/weighted_f1_score",
    ]
    assert float(last["classification/accuracy"]) > 0.9


def test_without_metrics_there_are_no_such_columns(old):
    last = old.results(old.finish(old.create()["id"]))[-1]
    assert not [name for name in last if name.startswith("classification")]


def test_a_model_is_trained_on_and_on(old):
    first = old.finish(old.create()["id"])["fine_tuned_model"]
    second = old.finish(old.create(model=first, n_epochs=16)["id"])
    assert second["model"] == first
    assert second["fine_tuned_model"] != first
    messages = [event["message"] for event in second["events"]]
    assert "Completed epoch 16/16" in messages
    losses = [float(row["training_loss"]) for row in old.results(second)]
    assert losses[-1] < losses[0] < 0.6
    modern = old.lab.run(
        sentiments(), model=second["fine_tuned_model"], hyperparameters={"n_epochs": 1}
    )
    assert modern.status == "succeeded"
    assert modern.fine_tuned_model.startswith("ft:ada:")
    assert old.finish(old.create(model=modern.fine_tuned_model)["id"])["status"] == "succeeded"


def test_each_generation_lists_its_own(old):
    modern = old.lab.create(sentiments())
    mine = old.create()["id"]
    assert [job.id for job in old.lab.client.fine_tuning.jobs.list()] == [modern.id]
    listed = old.call("GET", "fine-tunes")[1]
    assert [job["id"] for job in listed["data"]] == [mine]
    assert "events" not in listed["data"][0]
    assert old.call("GET", f"fine-tunes/{modern.id}")[0] == 404


def test_cancel_and_delete(old):
    job_id = old.create()["id"]
    status, refused = old.call("DELETE", f"fine-tunes/{job_id}")
    assert (status, refused["error"]["code"]) == (400, "invalid_status")
    _, job = old.call("POST", f"fine-tunes/{job_id}/cancel")
    assert (job["status"], job["events"][-1]["message"]) == ("cancelled", "Fine-tune cancelled")
    assert old.call("POST", f"fine-tunes/{job_id}/cancel")[0] == 400
    assert old.call("DELETE", f"fine-tunes/{job_id}")[1] == {
        "id": job_id,
        "object": "fine-tune",
        "deleted": True,
    }
    assert old.call("GET", f"fine-tunes/{job_id}")[0] == 404


def test_events_are_streamed_until_the_job_ends(old):
    job_id = old.create(n_epochs=2)["id"]
    _, body = old.call("GET", f"fine-tunes/{job_id}/events?stream=true")
    pieces = [piece for piece in body if not isinstance(piece, Wait)]
    assert pieces[-1] == b"data: [DONE]\n\n"
    told = [loads(piece.removeprefix(b"data: "))["message"] for piece in pieces[:-1]]
    listed = old.call("GET", f"fine-tunes/{job_id}/events")[1]["data"]
    assert told == [event["message"] for event in listed]


def test_a_stream_waits_for_a_job_that_stands_still(make_lab):
    old = Old(make_lab(learner=None, pace="manual"))
    job_id = old.create()["id"]
    _, body = old.call("GET", f"fine-tunes/{job_id}/events?stream=true")
    assert b"Created" in next(body)
    assert isinstance(next(body), Wait)
    old.lab.service.advance(job_id)
    assert b"costs" in next(body)


def test_a_stream_ends_with_the_service(make_lab):
    old = Old(make_lab(learner=None, pace="manual"))
    job_id = old.create()["id"]
    _, body = old.call("GET", f"fine-tunes/{job_id}/events?stream=true")
    next(body)
    old.lab.service.close()
    assert list(body) == []


@pytest.mark.parametrize(
    ("change", "status", "message"),
    [
        ({"model": "gpt-4o-mini"}, 400, "use /v1/fine_tuning/jobs"),
        ({"model": "gpt-9"}, 400, "is not available"),
        ({"training_file": "file-none"}, 400, "file-none does not exist"),
        ({"n_epochs": 0}, 400, "n_epochs"),
        ({"nepochs": 1}, 400, "nepochs"),
        ({**METRICS, "validation_file": None}, 400, "needs a 'validation_file'"),
        ({"compute_classification_metrics": True}, 400, "'classification_n_classes', or for two"),
        ({**METRICS, "classification_n_classes": 3}, 400, "for two classes only"),
        ({"classification_betas": [1]}, 400, "need 'classification_positive_class'"),
        ({"classification_betas": [-1]}, 400, "classification_betas"),
    ],
)
def test_what_cannot_be_is_refused(old, change, status, message):
    found, body = old.call("POST", "fine-tunes", {"model": "ada"} | old.files | change)
    assert found == status
    assert message in body["error"]["message"]
    assert set(body["error"]) == {"message", "type", "param", "code"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"classification_positive_class": " good"}, "no completion begins with the positive"),
        (
            {"classification_positive_class": None, "classification_n_classes": 5},
            "has 2 distinct completions, but classification_n_classes is 5",
        ),
    ],
)
def test_classes_that_are_not_in_the_file_fail_the_job(old, change, message):
    job = old.finish(old.create(**METRICS | change)["id"])
    assert job["status"] == "failed"
    assert message in job["events"][-1]["message"]


def test_engines(old):
    engines = old.call("GET", "engines")[1]["data"]
    assert {"id": "ada", "object": "engine", "owner": "openai", "ready": True} in engines
    assert old.call("GET", "engines/ada")[1]["id"] == "ada"
    assert old.call("GET", "engines/none")[0] == 404
    body = {"prompt": "x", "max_tokens": 3}
    status, answer = old.call("POST", "engines/ada/completions", body)
    assert (status, answer["model"]) == (200, "ada")
    talk = {"messages": [{"role": "user", "content": "x"}]}
    assert old.call("POST", "engines/gpt-4o-mini/chat/completions", talk)[0] == 200


@given(st.dictionaries(st.text(max_size=12), st.none() | st.integers() | st.text(max_size=5)))
def test_any_body_has_an_answer(body):
    service = Service()
    response = service.handle(Request.of("POST", "/v1/fine-tunes", [], json.dumps(body).encode()))
    assert response.status == 400
    service.close()
