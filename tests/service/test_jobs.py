from __future__ import annotations

import csv
import io
import json
import re

import openai
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pitchpipe.service.engine.hyperparameters import resolve
from pitchpipe.service.http import Request, dumps

FIXTURES = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def test_a_job_goes_through_its_states(lab):
    job = lab.create()
    states = [job.status]
    while states[-1] != "succeeded":
        states.append(lab.client.fine_tuning.jobs.retrieve(job.id).status)
    assert list(dict.fromkeys(states)) == ["validating_files", "queued", "running", "succeeded"]


def test_polling_events_or_the_list_moves_a_job_on_too(lab):
    job_id = lab.create().id
    lab.client.fine_tuning.jobs.list_events(job_id)
    assert lab.client.fine_tuning.jobs.list().data[0].status == "running"


def test_an_immediate_job_has_already_run(make_lab):
    job = make_lab(pace="immediate").create()
    assert job.status == "succeeded"


def test_a_manual_job_moves_when_told_to(make_lab):
    lab = make_lab(pace="manual")
    job_id = lab.create().id
    for _ in range(3):
        assert lab.client.fine_tuning.jobs.retrieve(job_id).status == "validating_files"
    lab.service.advance(job_id)
    assert lab.client.fine_tuning.jobs.retrieve(job_id).status == "queued"


def test_the_result_file_has_every_step(lab, lines):
    valid = lab.upload(lines["completion"](5))
    job = lab.run(validation_file=valid, hyperparameters={"n_epochs": 2, "batch_size": 4})
    rows = list(csv.DictReader(io.StringIO(lab.result(job))))
    assert list(rows[0]) == [
        "step",
        "train_loss",
        "train_accuracy",
        "valid_loss",
        "valid_mean_token_accuracy",
    ]
    assert [int(row["step"]) for row in rows] == list(range(1, 11))
    assert [bool(row["valid_loss"]) for row in rows] == [n % 5 == 0 for n in range(1, 11)]
    assert float(rows[-1]["train_loss"]) < float(rows[0]["train_loss"])
    file = lab.client.files.retrieve(job.result_files[0])
    assert file.purpose == "fine-tune-results"


def test_events_tell_the_story_newest_first(lab):
    job = lab.run(hyperparameters={"n_epochs": 1, "batch_size": 10})
    listed = lab.client.fine_tuning.jobs.list_events(job.id).data
    assert listed[0].message == "The job has successfully completed"
    events = listed[::-1]
    ids = [event.id for event in events]
    assert ids == sorted(set(ids))
    assert [event.message.partition(":")[0] for event in events] == [
        "Created fine-tuning job",
        "Validating training file",
        "Files validated, moving job to queued state",
        "Fine-tuning job started",
        "Step 1/2",
        "Step 2/2",
        "Checkpoint created at step 2",
        "New fine-tuned model created",
        "The job has successfully completed",
    ]
    metrics = next(event for event in events if event.type == "metrics")
    assert metrics.data["step"] == 1
    assert metrics.data["total_steps"] == 2


def test_a_long_job_has_about_a_hundred_metrics_events(lab, lines):
    job = lab.run(lines["completion"](500), hyperparameters={"n_epochs": 3, "batch_size": 1})
    metrics = [event for event in lab.events(job.id) if event.type == "metrics"]
    assert 100 <= len(metrics) <= 103
    assert lab.result(job).count("\n") == 1501


def test_the_last_three_checkpoints_are_kept_and_answer(lab):
    job = lab.run(hyperparameters={"n_epochs": 5, "batch_size": 10})
    page = lab.client.fine_tuning.jobs.checkpoints.list(job.id)
    assert [checkpoint.step_number for checkpoint in page.data] == [10, 8, 6]
    names = [checkpoint.fine_tuned_model_checkpoint for checkpoint in page.data]
    assert names[0] == f"{job.fine_tuned_model}:ckpt-step-10"
    for name in names:
        assert lab.client.completions.create(model=name, prompt="x").choices
    with pytest.raises(openai.NotFoundError):
        lab.client.completions.create(model=names[0].replace("10", "4"), prompt="x")


def test_the_model_is_named_after_base_and_suffix(lab):
    job = lab.run(suffix="My Film, 2")
    assert job.fine_tuned_model.startswith("ft:babbage-002:offline:my-film-2:")
    assert lab.run().fine_tuned_model.startswith("ft:babbage-002:offline::")


def test_a_tuned_model_can_be_trained_further(lab):
    first = lab.run(hyperparameters={"n_epochs": 1, "batch_size": 20})
    second = lab.run(
        model=first.fine_tuned_model, hyperparameters={"n_epochs": 1, "batch_size": 20}
    )
    assert second.model == first.fine_tuned_model
    assert second.fine_tuned_model.startswith("ft:babbage-002:offline::")
    assert lab.result(second) != lab.result(first)  # it began where the first had ended


def test_a_base_that_was_deleted_meanwhile_fails_the_job(lab):
    first = lab.run()
    for checkpoint in range(2):
        job = lab.create(model=first.fine_tuned_model, suffix=f"s{checkpoint}")
    lab.client.models.delete(first.fine_tuned_model)
    # the saved learner lives on as the last checkpoint
    assert lab.finish(job.id).status == "succeeded"


def test_preferences_and_chats(lab, lines):
    method = {"type": "dpo", "dpo": {"hyperparameters": {"beta": 0.2, "n_epochs": 1}}}
    job = lab.create(lines["preference"](), model="gpt-4o-mini", method=method)
    assert job.model == "gpt-4o-mini-2024-07-18"
    assert job.method.dpo.hyperparameters.batch_size == "auto"
    job = lab.finish(job.id)
    assert job.status == "succeeded"
    values = job.method.dpo.hyperparameters
    assert (values.beta, values.n_epochs, values.batch_size) == (0.2, 1, 8)
    assert "beta" not in job.to_dict()["hyperparameters"]
    job = lab.run(lines["chat"](), model="gpt-4.1-nano", method={"type": "supervised"})
    assert job.status == "succeeded"
    assert job.method.supervised.hyperparameters.n_epochs == 5


def test_method_hyperparameters_win_over_the_old_ones(lab):
    given_twice = {
        "method": {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 2}}},
        "hyperparameters": {"n_epochs": 4},
    }
    assert lab.create(**given_twice).hyperparameters.n_epochs == 2


@pytest.mark.parametrize(
    ("records", "epochs", "batch"),
    [
        (10, 10, 8),
        (4, 25, 8),
        (33, 3, 8),
        (34, 3, 8),
        (8333, 3, 17),
        (9000, 2, 18),
        (10**6, 1, 256),
    ],
)
def test_auto(records, epochs, batch):
    asked = {"n_epochs": "auto", "batch_size": "auto", "learning_rate_multiplier": None, "beta": 1}
    assert resolve(asked, records) == {
        "n_epochs": epochs,
        "batch_size": batch,
        "learning_rate_multiplier": 1.0,
        "beta": 1,
    }


def test_tokens_are_counted_over_all_epochs(lab):
    one = lab.run(hyperparameters={"n_epochs": 1}).trained_tokens
    assert one > 0
    assert lab.run(hyperparameters={"n_epochs": 3}).trained_tokens == 3 * one


def test_the_same_requests_give_the_same_everything(make_lab):
    def story(lab):
        job = lab.run(suffix="same")
        answer = lab.client.completions.create(model=job.fine_tuned_model, prompt="x", n=5)
        return job.to_json(), lab.result(job), answer.to_json()

    assert story(make_lab()) == story(make_lab())
    assert story(make_lab(seed=1)) != story(make_lab())


# --- what may go wrong ---------------------------------------------------------------------------

GOOD = '{"prompt": "a", "completion": "b"}\n'


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{not json", r"line 5: not JSON \(.*column 2\)"),
        ('{"prompt": NaN, "completion": "b"}', "line 5: not JSON"),
        ("[" * 100_000, "line 5: not JSON"),
        ("[]", "line 5: expected a JSON object"),
        ('{"prompt": "a"}', "line 5: the key 'completion' is missing"),
        ('{"prompt": 1, "completion": "b"}', "line 5: 'prompt' must be a string"),
        ('{"prompt": "a", "completion": ""}', "line 5: 'completion' is empty"),
        ('{"prompt": "a", "completion": "b", "x": 1}', "line 5: unexpected key 'x'"),
        ('{"messages": []}', "line 5: the example is in the chat format.*completion format"),
    ],
)
def test_a_bad_line_fails_the_job_and_is_named(lab, line, message):
    content = "\ufeff" + GOOD * 3 + "\n" + line + "\n" + GOOD * 10
    job = lab.run(content.encode())
    assert job.status == "failed"
    assert (job.error.code, job.error.param) == ("invalid_training_file", "training_file")
    assert re.search(message, job.error.message)
    assert lab.events(job.id)[-1].level == "error"
    assert job.fine_tuned_model is None
    assert job.finished_at is not None


def _chat(*messages, **extra):
    return {"messages": list(messages)} | extra


USER = {"role": "user", "content": "u"}
SAYS = {"role": "assistant", "content": "a"}
CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
CALLS = {"role": "assistant", "content": None, "tool_calls": [CALL]}
ANSWERS = {"role": "tool", "tool_call_id": "c", "content": "t"}
SOUND = {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}}


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (_chat(), "'messages' must be a list"),
        (_chat("hi"), r"'messages\[0\]' must be an object"),
        (_chat({"role": "boss", "content": ""}), r"'messages\[0\].role' must be one of"),
        (_chat({"role": "user", "content": None}, SAYS), r"'messages\[0\].content' must be"),
        (_chat({"role": "user", "content": [1]}, SAYS), r"'messages\[0\].content' must be"),
        (_chat(USER | {"weight": 1}, SAYS), r"'messages\[0\].weight' must be"),
        (_chat(USER, SAYS | {"weight": 2}), r"'messages\[1\].weight' must be"),
        (_chat(USER, SAYS | {"weight": 0}), "at least one assistant message"),
        (_chat(SAYS, USER), "the last message must be from the assistant"),
        (_chat(USER, SAYS, prompts=1), "unexpected key 'prompts'"),
        (_chat(USER, SAYS | {"loss": 1}), r"unexpected key 'messages\[1\].loss'"),
        (_chat(USER | {"name": None}, SAYS), r"'messages\[0\].name' must not be None"),
        (_chat(USER, SAYS | {"tool_calls": []}), r"'messages\[1\].tool_calls' must not be \[\]"),
        (_chat(USER, SAYS | {"weight": True}), r"'messages\[1\].weight' must be 0 or 1"),
        (_chat(USER, CALLS, SAYS), r"'messages\[1\].tool_calls\[0\]' must be answered"),
        (_chat(USER, ANSWERS, SAYS), r"'messages\[1\]' must answer one of the calls"),
        (_chat(USER, SAYS, functions=[]), "'functions' must be 1 to 128 functions"),
        (_chat(USER, SAYS, tools=[{"name": "f"}]), "'tools' must be 1 to 128 functions"),
        (_chat(USER | {"content": [SOUND]}, SAYS), "sound and files cannot be trained on"),
        (_chat(USER | {"content": "\ud83d"}, SAYS), "half of a surrogate pair"),
        ({"prompt": "a", "completion": "b"}, "completion format.*expect the chat format"),
    ],
)
def test_a_bad_conversation_is_named(lab, lines, record, message):
    content = lines["chat"](10) + json.dumps(record).encode()
    job = lab.run(content, model="gpt-4o-mini")
    assert re.search("line 11: .*" + message, job.error.message)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"input": []}, "'input' must be an object"),
        ({"input": {}}, "'input.messages' must be a list"),
        ({"preferred_output": [USER]}, "'preferred_output' must hold messages of the assistant"),
        ({"non_preferred_output": []}, "'non_preferred_output' must be a list"),
        ({"preferred_output": SAYS}, "'preferred_output' must be a list of one message"),
        ({"preferred_output": [CALLS, ANSWERS, SAYS]}, "'preferred_output' must hold exactly one"),
    ],
)
def test_a_bad_preference_is_named(lab, lines, change, message):
    rows = lines["preference"](10).splitlines()
    rows[3] = json.dumps(json.loads(rows[3]) | change).encode()
    job = lab.run(b"\n".join(rows), model="gpt-4o", method={"type": "dpo"})
    assert "line 4: " + message in job.error.message


def test_conversations_with_tools_weights_and_parts_are_taken(lab):
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    record = _chat(
        {"role": "system", "content": "s"},
        {"role": "user", "content": [{"type": "text", "text": "u"}]},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "content": "t", "tool_call_id": "c"},
        {"role": "assistant", "content": "a", "weight": 1},
        tools=[{"type": "function", "function": {"name": "f"}}],
        parallel_tool_calls=False,
    )
    content = "\n".join([json.dumps(record)] * 10).encode()
    assert lab.run(content, model="gpt-4o-mini").status == "succeeded"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "has 0 example"),
        (GOOD.encode() * 9, "Training file has 9 example.* at least 10"),
        (GOOD.encode() * 10 + b"\xff\n", "line 11: not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_trained_on_fails_the_job(lab, content, message):
    assert re.search(message, lab.run(content).error.message)


def test_a_bad_validation_file_is_named_as_such(lab):
    job = lab.run(validation_file=lab.upload(b"{}"))
    assert (job.error.code, job.error.param) == ("invalid_validation_file", "validation_file")
    assert lab.run(validation_file=lab.upload(GOOD.encode())).status == "succeeded"


def test_a_file_deleted_too_soon_fails_the_job(lab):
    job = lab.create()
    lab.client.files.delete(job.training_file)
    assert "was deleted" in lab.finish(job.id).error.message


@pytest.mark.parametrize(
    ("change", "param", "code"),
    [
        ({"model": "gpt-9"}, "model", "model_not_available"),
        ({"model": 5}, "model", "invalid_type"),
        ({"training_file": "file-none"}, "training_file", "file_not_found"),
        ({"validation_file": "file-none"}, "validation_file", "file_not_found"),
        ({"suffix": "x" * 65}, "suffix", "string_above_max_length"),
        ({"suffix": ""}, "suffix", "string_below_min_length"),
        ({"seed": -1}, "seed", "integer_below_min_value"),
        ({"n_epochs": 3}, "n_epochs", "unknown_parameter"),
        (
            {"hyperparameters": {"n_epochs": 51}},
            "hyperparameters.n_epochs",
            "integer_above_max_value",
        ),
        ({"hyperparameters": {"n_epochs": "many"}}, "hyperparameters.n_epochs", "invalid_value"),
        ({"hyperparameters": {"batch_size": 0.5}}, "hyperparameters.batch_size", "invalid_type"),
        (
            {"hyperparameters": {"learning_rate_multiplier": 0}},
            "hyperparameters.learning_rate_multiplier",
            "integer_below_min_value",
        ),
        ({"method": {}}, "method.type", "missing_required_parameter"),
        ({"method": {"type": "magic"}}, "method.type", "invalid_value"),
        ({"method": {"type": "dpo"}}, "method.type", "unsupported_value"),
        ({"method": {"type": "reinforcement"}}, "method.type", "unsupported_value"),
        ({"metadata": {"a": 1}}, "metadata.a", "invalid_type"),
        ({"metadata": {"a": "x" * 513}}, "metadata.a", "string_above_max_length"),
        ({"metadata": {str(n): "" for n in range(17)}}, "metadata", "array_above_max_length"),
        (
            {"integrations": [{"type": "wandb"}]},
            "integrations[0].wandb",
            "missing_required_parameter",
        ),
    ],
)
def test_a_job_is_checked_when_it_is_created(lab, change, param, code):
    body = {"model": "babbage-002", "training_file": lab.upload()} | change
    response = lab.service.handle(Request("POST", "/v1/fine_tuning/jobs", body=dumps(body)))
    error = json.loads(response.body)["error"]
    assert (response.status, error["type"]) == (400, "invalid_request_error")
    assert (error["param"], error["code"]) == (param, code)
    assert error["message"]


def test_a_file_of_another_purpose_is_refused(lab):
    with pytest.raises(openai.BadRequestError, match="purpose 'batch'") as caught:
        lab.create(training_file=lab.upload(purpose="batch"))
    assert caught.value.param == "training_file"


def test_integrations_and_metadata_are_kept(lab):
    wandb = {"type": "wandb", "wandb": {"project": "p"}}
    job = lab.create(integrations=[wandb], metadata={"k": "ü"}, seed=7)
    assert job.to_dict()["integrations"] == [wandb]
    assert (job.metadata, job.seed) == ({"k": "ü"}, 7)


# --- lists ---------------------------------------------------------------------------------------


def test_jobs_are_found_by_metadata(lab):
    a = lab.create(metadata={"run": "1", "x[y]": "é"}).id
    b = lab.create(metadata={"run": "1"}).id
    c = lab.create().id
    jobs = lab.client.fine_tuning.jobs

    def found(query):
        return [job.id for job in jobs.list(limit=1, extra_query=query)]

    assert found({"metadata[run]": "1"}) == [b, a]
    assert found({"metadata[run]": "1", "metadata[x[y]]": "é"}) == [a]
    assert found({"metadata[run]": "2"}) == []
    assert found({"metadata": "null"}) == [c]
    assert [job.id for job in jobs.list(metadata={"run": "1"})] == [b, a]


@FIXTURES
@given(limit=st.integers(1, 40))
def test_walking_the_pages_gives_each_event_once(make_lab, limit):
    lab = make_lab(pace="manual")
    job = lab.run(hyperparameters={"n_epochs": 4, "batch_size": 10})
    events = [event.id for event in lab.client.fine_tuning.jobs.list_events(job.id, limit=limit)]
    assert len(events) == 18
    assert events == sorted(set(events), reverse=True)
    steps = [
        checkpoint.step_number
        for checkpoint in lab.client.fine_tuning.jobs.checkpoints.list(job.id, limit=limit)
    ]
    assert steps == [8, 6, 4]


@FIXTURES
@given(limit=st.integers(1, 8))
def test_walking_the_pages_gives_each_job_once(make_lab, limit):
    lab = make_lab()
    file = lab.upload()
    made = [lab.create(training_file=file).id for _ in range(6)]
    assert [job.id for job in lab.client.fine_tuning.jobs.list(limit=limit)] == made[::-1]


@pytest.mark.parametrize(
    ("query", "param", "code"),
    [
        ({"limit": 0}, "limit", "integer_below_min_value"),
        ({"limit": 10**20}, "limit", "integer_above_max_value"),
        ({"limit": "x"}, "limit", "invalid_type"),
        ({"after": "ftjob-none"}, "after", "invalid_value"),
        ({"after": "ü"}, "after", "invalid_value"),
    ],
)
def test_a_wrong_page_is_refused(lab, query, param, code):
    with pytest.raises(openai.BadRequestError) as caught:
        lab.client.fine_tuning.jobs.list(extra_query=query)
    assert (caught.value.param, caught.value.code) == (param, code)


def test_a_cursor_of_another_list_is_refused(lab):
    one, two = lab.create(), lab.create()
    event = lab.events(one.id)[0].id
    with pytest.raises(openai.BadRequestError, match="no event of this list"):
        lab.client.fine_tuning.jobs.list_events(two.id, after=event)


def test_an_unknown_job_is_404_everywhere(lab):
    jobs = lab.client.fine_tuning.jobs
    for call in (
        jobs.retrieve,
        jobs.list_events,
        jobs.checkpoints.list,
        jobs.cancel,
        jobs.pause,
        jobs.resume,
    ):
        with pytest.raises(openai.NotFoundError, match="Could not find fine tune: ftjob-x"):
            call("ftjob-x")


def test_a_slice_of_a_slow_learner_ends_by_time(make_lab, monkeypatch):
    monkeypatch.setattr("pitchpipe.service.engine.training._SLICE_SECONDS", 0.0)
    lab = make_lab(pace="manual")
    job_id = lab.create(hyperparameters={"batch_size": 5, "n_epochs": 1}).id
    for _ in range(3):
        lab.service.advance(job_id)
    row = lab.service.store.get("job", job_id)
    assert (row.body["status"], row.private["step"]) == ("running", 1)
    assert lab.finish(job_id).status == "succeeded"
