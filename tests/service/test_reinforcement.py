from __future__ import annotations

import csv
import io
import json

import openai
import pytest

from gradings import ALIKE, CHECK
from pitchpipe.samples import film_reviews
from pitchpipe.service.engine.hyperparameters import names, resolve
from pitchpipe.service.learners.ngram import NgramLearner

MODEL = "o4-mini-2025-04-16"


def lines(records) -> bytes:
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def asked(text, **fields):
    return {"messages": [{"role": "user", "content": text}]} | fields


def toys(count=40):
    words = [("sunny", "out"), ("rainy", "in"), ("stormy", "in"), ("mild", "out")]
    return [
        asked(f"day {n} is {words[n % 4][0]}", label=words[n % 4][1], day=n) for n in range(count)
    ]


def method(grader=CHECK, **values):
    return {
        "type": "reinforcement",
        "reinforcement": {"grader": grader, "hyperparameters": values},
    }


@pytest.fixture
def lab(make_lab):
    return make_lab(learner=NgramLearner)


def train(lab, records, model=MODEL, grader=CHECK, values=None, **options):
    return lab.run(lines(records), model=model, method=method(grader, **values or {}), **options)


def rewards(lab, job):
    """The mean reward of each step, and where they were measured, those of held-out records."""
    rows = list(csv.DictReader(io.StringIO(lab.result(job))))
    for row in rows:
        assert float(row["train_loss"]) == pytest.approx(1 - float(row["train_accuracy"]), abs=1e-5)
    valid = [
        (int(r["step"]), float(r["valid_mean_token_accuracy"])) for r in rows if r["valid_loss"]
    ]
    return [float(row["train_accuracy"]) for row in rows], valid


def said(lab, model, text):
    answer = lab.client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": text}], temperature=0
    )
    return answer.choices[0].message.content


def test_reward_rises_and_the_model_answers_by_it(lab):
    job = train(lab, toys(), values={"n_epochs": 5})
    assert job.status == "succeeded"
    steps, _ = rewards(lab, job)
    assert steps[0] < 0.7
    assert sum(steps[-5:]) / 5 > 0.95
    assert said(lab, job.fine_tuned_model, "tomorrow is stormy") == "in"
    assert said(lab, job.fine_tuned_model, "tomorrow is sunny") == "out"
    assert said(lab, "o4-mini", "tomorrow is sunny") == "This model has not been trained yet."


def test_reward_rises_on_film_reviews(lab):
    with film_reviews().open(encoding="utf-8", newline="") as stream:
        reviews = list(csv.reader(stream))[1:]
    records = [asked(text, label=tag) for text, tag in reviews]
    job = train(
        lab,
        records[:512],
        values={"n_epochs": 4},
        validation_file=lab.upload(lines(records[512:])),
    )
    steps, valid = rewards(lab, job)
    quarter = len(steps) // 4
    assert sum(steps[:quarter]) / quarter < 0.65
    assert sum(steps[-quarter:]) / quarter > 0.9
    assert valid[-1][1] > 0.65
    right = [said(lab, job.fine_tuned_model, text) == tag for text, tag in reviews[512:]]
    assert sum(right) / len(right) > 0.7


def test_free_text_is_learnt_by_likeness(lab):
    records = [asked(f"who lives in house{n}?", answer=f"cat number {n}") for n in range(80)]
    grader = ALIKE | {"reference": "{{ item.answer }}", "evaluation_metric": "rouge_l"}
    job = train(lab, records, grader=grader, values={"n_epochs": 4})
    steps, _ = rewards(lab, job)
    assert sum(steps[-10:]) > sum(steps[:10])
    assert said(lab, job.fine_tuned_model, "who lives in house7?") == "cat number 7"


def test_objects_are_learnt_through_their_fields(lab):
    records = [asked(f"who is {name}?", name=name, role="cat") for name in ("Ann", "Bob") * 10]
    part = {"type": "string_check", "name": "x", "operation": "eq"}
    grader = {
        "type": "multi",
        "name": "both",
        "graders": {
            name: part
            | {
                "input": f"{{{{ sample.output_json.{name} }}}}",
                "reference": f"{{{{ item.{name} }}}}",
            }
            for name in ("name", "role")
        },
        "calculate_output": "0.5 * name + 0.5 * role",
    }
    job = train(lab, records, grader=grader, values={"n_epochs": 8})
    answer = json.loads(said(lab, job.fine_tuned_model, "who is Bob?"))
    assert answer == {"name": "Bob", "role": "cat"}
    shown = job.to_dict(warnings=False)  # the client knows one grader there
    assert shown["method"]["reinforcement"]["grader"] == grader


def test_a_tuned_model_learns_on(lab):
    first = train(lab, toys(), values={"n_epochs": 3})
    second = train(lab, toys(), first.fine_tuned_model, values={"n_epochs": 1})
    assert rewards(lab, second)[0][0] > rewards(lab, first)[0][0]


def test_a_job_shows_its_grader_and_settled_hyperparameters(lab):
    asked_for = method(reasoning_effort="low", eval_samples=2)
    asked_for["reinforcement"]["response_format"] = {"type": "text"}
    job = lab.create(lines(toys()), model="o4-mini", method=asked_for)
    assert job.model == MODEL
    values = job.method.reinforcement.hyperparameters.to_dict()
    assert values == dict.fromkeys(names("reinforcement"), "auto") | {
        "reasoning_effort": "low",
        "eval_samples": 2,
    }
    job = lab.finish(job.id)
    shown = job.to_dict()["method"]["reinforcement"]
    assert shown["grader"] == CHECK
    assert shown["hyperparameters"] == {
        "n_epochs": 3,
        "batch_size": 8,
        "learning_rate_multiplier": 1.0,
        "compute_multiplier": 1.0,
        "eval_interval": 5,
        "eval_samples": 2,
        "reasoning_effort": "low",
    }
    assert set(job.to_dict()["hyperparameters"]) == {
        "n_epochs",
        "batch_size",
        "learning_rate_multiplier",
    }
    assert job.trained_tokens > 0


def test_effort_has_a_default_of_its_own(lab):
    job = lab.create(lines(toys()), model=MODEL, method=method())
    assert job.method.reinforcement.hyperparameters.reasoning_effort == "default"


def test_auto_fits_the_batches():
    asked_for = dict.fromkeys(names("reinforcement"), "auto")
    assert resolve(asked_for | {"batch_size": 7}, 50)["eval_interval"] == 8
    assert resolve(asked_for | {"eval_interval": 3}, 50)["eval_interval"] == 3


def test_events_and_checkpoints_tell_rewards(lab):
    job = train(
        lab,
        toys(),
        values={"n_epochs": 2, "eval_interval": 2},
        validation_file=lab.upload(lines(toys(8))),
    )
    _, valid = rewards(lab, job)
    assert [step for step, _ in valid] == [2, 4, 5, 6, 8, 10]
    metrics = [event.data for event in lab.events(job.id) if event.type == "metrics"]
    assert [data["step"] for data in metrics if "valid_loss" in data] == [2, 4, 5, 6, 8, 10]
    assert [data["full_valid_mean_reward"] for data in metrics if "valid_loss" in data] == [
        pytest.approx(reward, abs=1e-5) for _, reward in valid
    ]
    assert all(data["train_mean_reward"] == 1 - data["train_loss"] for data in metrics)
    checkpoint = lab.client.fine_tuning.jobs.checkpoints.list(job.id).data[0]
    assert checkpoint.metrics.valid_loss == pytest.approx(
        1 - checkpoint.metrics.valid_mean_token_accuracy
    )
    assert said(lab, checkpoint.fine_tuned_model_checkpoint, "stormy") in ("in", "out")


def test_the_same_requests_give_the_same_rewards(make_lab):
    def story(lab, **values):
        job = train(lab, toys(), values={"n_epochs": 2} | values)
        return lab.result(job), job.to_json()

    labs = [make_lab(learner=NgramLearner) for _ in range(3)]
    assert story(labs[0]) == story(labs[1])
    assert story(labs[0])[0] != story(labs[2], compute_multiplier=4.0)[0]


def test_a_paused_job_goes_on_as_if_it_had_not_been(make_lab):
    values = {"n_epochs": 3, "batch_size": 8}
    whole = make_lab(learner=NgramLearner, pace="manual")
    expected = whole.result(train(whole, toys(2000), values=values))
    broken = make_lab(learner=NgramLearner, pace="manual")
    job = broken.create(lines(toys(2000)), model=MODEL, method=method(**values))
    jobs = broken.client.fine_tuning.jobs
    for _ in range(3):
        broken.service.advance(job.id)
    assert jobs.checkpoints.list(job.id).data
    jobs.pause(job.id)
    jobs.resume(job.id)
    assert broken.result(broken.finish(job.id)) == expected


# --- what may go wrong ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (asked("x"), "line 3: the grader names 'item.label', but 'item' has no 'label'."),
        ({"label": "in"}, "line 3: the key 'messages' is missing"),
        ({"messages": [], "label": "in"}, "line 3: 'messages' must be a list"),
        (
            {
                "messages": [
                    {"role": "user", "content": "x"},
                    {"role": "assistant", "content": "in"},
                ],
                "label": "in",
            },
            "line 3: the last message must be from the user",
        ),
    ],
)
def test_a_bad_record_fails_the_job_and_is_named(lab, record, message):
    records = toys()
    records[2] = record
    job = train(lab, records)
    assert job.status == "failed"
    assert (job.error.code, job.error.param) == ("invalid_training_file", "training_file")
    assert message in job.error.message


def test_records_may_hold_what_is_like_another_format(lab):
    records = [record | {"prompt": "p", "completion": "c"} for record in toys()]
    assert train(lab, records, values={"n_epochs": 1}).status == "succeeded"


def test_a_validation_file_is_checked_too(lab):
    job = train(lab, toys(), validation_file=lab.upload(lines([asked("x")])))
    assert job.error.code == "invalid_validation_file"
    assert "line 1" in job.error.message


@pytest.mark.parametrize(
    ("model", "of", "param", "code"),
    [
        ("gpt-4.1", method(), "method.type", "unsupported_value"),
        (MODEL, {"type": "supervised"}, "method.type", "unsupported_value"),
        (MODEL, {"type": "dpo"}, "method.type", "unsupported_value"),
        (MODEL, None, "method.type", "unsupported_value"),
        (
            MODEL,
            {"type": "reinforcement"},
            "method.reinforcement",
            "missing_required_parameter",
        ),
        (
            MODEL,
            {"type": "reinforcement", "reinforcement": {}},
            "method.reinforcement.grader",
            "missing_required_parameter",
        ),
        (
            MODEL,
            method({"type": "python", "name": "p", "source": ""}),
            "method.reinforcement.grader.type",
            "unsupported_value",
        ),
        (
            MODEL,
            method(CHECK | {"reference": "{{ nothing }}"}),
            "method.reinforcement.grader.reference",
            "invalid_value",
        ),
        (
            MODEL,
            method(compute_multiplier=11),
            "method.reinforcement.hyperparameters.compute_multiplier",
            "integer_above_max_value",
        ),
        (
            MODEL,
            method(reasoning_effort="huge"),
            "method.reinforcement.hyperparameters.reasoning_effort",
            "invalid_value",
        ),
        (
            MODEL,
            method(beta=0.1),
            "method.reinforcement.hyperparameters.beta",
            "unknown_parameter",
        ),
    ],
)
def test_a_job_is_checked_when_it_is_created(lab, model, of, param, code):
    options = {} if of is None else {"method": of}
    with pytest.raises(openai.BadRequestError) as caught:
        lab.create(lines(toys()), model=model, **options)
    assert (caught.value.param, caught.value.code) == (param, code)
