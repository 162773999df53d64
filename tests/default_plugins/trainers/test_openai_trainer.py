import base64
import json
import logging
import socket
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pitchpipe.default_plugins.trainers import following, jobs
from pitchpipe.default_plugins.trainers import openai as openai_trainer
from pitchpipe.default_plugins.trainers.fake import FakeTrainer
from pitchpipe.default_plugins.trainers.openai import OpenAITrainer
from pitchpipe.errors import BudgetError, ConfigError, RunError, ServiceError
from pitchpipe.records import TrainingSpec

SPEC = TrainingSpec("babbage-002", suffix="films", seed=7, n_epochs=2)


@pytest.fixture
def trainer(server):
    return OpenAITrainer(base_url=server.url, poll_seconds=0.0, retry_seconds=0.0)


@pytest.fixture
def impatient(server):
    """One that takes every failure for the end, as a killed process would."""
    return OpenAITrainer(
        base_url=server.url, poll_seconds=0.0, max_retries=0, follow_retries=0, retry_seconds=0.0
    )


@pytest.fixture
def trained(trainer, prepared, ledger):
    job = trainer.submit(prepared, SPEC, ledger())
    list(trainer.follow(job.id))
    return trainer.job(job.id)


def everything(service):
    """All jobs, uploads and events, oldest first, past any bad line."""
    from pitchpipe.service.http import Request

    def listed(path):
        return json.loads(service.handle(Request("GET", path)).body)["data"][::-1]

    made = listed("/v1/fine_tuning/jobs")
    uploads = [file for file in listed("/v1/files") if file["purpose"] == "fine-tune"]
    return made, uploads


def history(service, job_id):
    from pitchpipe.service.http import Request

    query = (("limit", "1000"),)
    path = f"/v1/fine_tuning/jobs/{job_id}/events"
    return [e["id"] for e in json.loads(service.handle(Request("GET", path, query)).body)["data"]][
        ::-1
    ]


# --- the whole flow ------------------------------------------------------------------------------


def test_a_job_from_the_files_to_the_metrics(trained, trainer, prepared):
    assert trained.status == "succeeded"
    assert trained.model == "babbage-002"
    assert "films" in trained.fine_tuned_model
    assert trained.seed == 7
    assert trained.hyperparameters["n_epochs"] == 2
    assert trained.trained_tokens > 0
    checkpoints = trainer.checkpoints(trained.id)
    assert [c.step for c in checkpoints] == sorted(c.step for c in checkpoints)
    assert all(c.metrics["train_loss"] >= 0 for c in checkpoints)
    metrics = trainer.metrics(trained.id)
    assert metrics["step"].tolist() == list(range(1, len(metrics) + 1))
    assert metrics["train_loss"].iloc[-1] < metrics["train_loss"].iloc[0]


def test_the_contract_comes_back_for_the_model_and_its_checkpoints(trained, trainer, contract):
    checkpoints = [c.model for c in trainer.checkpoints(trained.id)]
    assert any(":ckpt-step-" in name for name in checkpoints)
    for name in (trained.fine_tuned_model, *checkpoints):
        assert trainer.contract(name) == contract
    assert trainer.contract("ft:babbage-002:nobody::x") is None


def test_training_goes_on_from_a_tuned_model(trained, trainer, prepared, ledger):
    spec = TrainingSpec(trained.fine_tuned_model, n_epochs=1)
    job = trainer.submit(prepared, spec, ledger())
    list(trainer.follow(job.id))
    assert trainer.job(job.id).status == "succeeded"
    assert job.model == trained.fine_tuned_model


def test_everything_asked_for_is_sent(server, trainer, prepared, ledger):
    integration = {"type": "wandb", "wandb": {"project": "p"}}
    spec = TrainingSpec(
        "babbage-002",
        n_epochs=3,
        batch_size=4,
        learning_rate_multiplier=0.5,
        suffix="s",
        seed=3,
        metadata={"team": "blue"},
        integrations=(integration,),
    )
    trainer.submit(prepared, spec, ledger())
    sent = json.loads(server.requests[-1].body)
    assert sent["method"]["supervised"]["hyperparameters"] == {
        "n_epochs": 3,
        "batch_size": 4,
        "learning_rate_multiplier": 0.5,
    }
    assert (sent["suffix"], sent["seed"], sent["integrations"]) == ("s", 3, [integration])
    assert sent["metadata"]["team"] == "blue"
    assert "hyperparameters" not in sent


def test_what_is_left_out_is_not_sent(server, trainer, prepared, ledger):
    data = type(prepared)(prepared.train, None, 32, 0, prepared.contract)
    trainer.submit(data, TrainingSpec("babbage-002"), ledger())
    sent = json.loads(server.requests[-1].body)
    assert sorted(sent) == ["metadata", "method", "model", "training_file"]


# --- once, whatever happens ----------------------------------------------------------------------


def finish(trainer, prepared, entries, ledger, service):
    """What the next process does, and what must then be true."""
    job = trainer.submit(prepared, SPEC, ledger(entries))
    made, uploads = everything(service)
    assert [j["id"] for j in made] == [job.id]
    assert len({upload["filename"] for upload in uploads}) == len(uploads) == 2
    events = [event.id for event in trainer.follow(job.id)]
    assert events == history(service, job.id)
    assert trainer.job(job.id).status == "succeeded"


@pytest.mark.parametrize("crash_at", range(15))
def test_a_crash_at_any_write_makes_no_second_job(
    crash_at, trainer, prepared, ledger, crash, service
):
    entries = {"intend": {}, "done": {}}
    with pytest.raises(crash):
        trainer.submit(prepared, SPEC, ledger(entries, crash_at))
    finish(trainer, prepared, entries, ledger, service)


def test_there_is_no_later_write_to_crash_at(trainer, prepared, ledger):
    last = ledger(crash_at=15)
    trainer.submit(prepared, SPEC, last)
    assert last.left == 0


@pytest.mark.parametrize("fate", ["LOST", "UNANSWERED"])
@pytest.mark.parametrize("number", range(5))
def test_a_process_that_dies_with_a_request_makes_no_second_job(
    number, fate, server, trainer, impatient, prepared, ledger, service, faults
):
    entries = {"intend": {}, "done": {}}
    server.script = lambda n, request: getattr(faults, fate) if n == number else None
    with pytest.raises(ServiceError, match="cannot be reached"):
        impatient.submit(prepared, SPEC, ledger(entries))
    finish(trainer, prepared, entries, ledger, service)


@pytest.mark.parametrize("fate", ["LOST", "UNANSWERED"])
@pytest.mark.parametrize("number", range(5))
def test_a_dropped_connection_is_taken_up_again_within_the_process(
    number, fate, server, trainer, prepared, ledger, service, faults
):
    server.script = lambda n, request: getattr(faults, fate) if n == number else None
    finish(trainer, prepared, None, ledger, service)


@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_any_series_of_misfortunes_makes_one_job_and_every_event_once(
    data, server, impatient, prepared, ledger, crash, faults, tmp_path_factory
):
    from pitchpipe.service.service import Service

    server.service = Service(clock=lambda: 1_700_000_000)
    entries = {"intend": {}, "done": {}}
    fates = st.sampled_from([None, None, None, faults.LOST, faults.UNANSWERED])
    seen = []
    for _ in range(data.draw(st.integers(1, 4), label="processes")):
        script = data.draw(st.lists(fates, max_size=12), label="line")
        start = len(server.requests)
        server.script = lambda n, request, start=start, script=script: (
            script[n - start] if n - start < len(script) else None
        )
        crash_at = data.draw(st.none() | st.integers(0, 16), label="crash")
        try:
            job = impatient.submit(prepared, SPEC, ledger(entries, crash_at))
            for event in impatient.follow(job.id, seen):
                seen.append(event.id)  # noqa: PERF401 - kept even when the next one fails
        except (crash, ServiceError):
            pass
    server.script = lambda n, request: None
    job = impatient.submit(prepared, SPEC, ledger(entries))
    seen += [event.id for event in impatient.follow(job.id, seen)]
    made, uploads = everything(server.service)
    assert len(made) == 1
    assert len(uploads) == 2
    assert seen == history(server.service, job.id)
    server.service.close()


def test_between_two_looks_it_waits(server, prepared, ledger, service):
    trainer = OpenAITrainer(base_url=server.url, poll_seconds=0.001)
    job = trainer.submit(prepared, SPEC, ledger())
    assert [event.id for event in trainer.follow(job.id)] == history(service, job.id)


def test_a_second_submit_asks_for_nothing_but_the_job(server, trainer, prepared, ledger):
    book = ledger()
    first = trainer.submit(prepared, SPEC, book)
    asked = len(server.requests)
    assert trainer.submit(prepared, SPEC, book).id == first.id
    assert [r.method for r in server.requests[asked:]] == ["GET"]


def test_another_run_shares_the_upload_and_not_the_job(trainer, prepared, ledger, service):
    first = trainer.submit(prepared, SPEC, ledger())
    second = trainer.submit(prepared, SPEC, ledger())
    assert first.id != second.id
    assert first.training_file == second.training_file
    assert len(everything(service)[1]) == 2


def test_a_job_of_another_run_is_not_adopted_by_a_service_that_ignores_the_filter(
    server, trainer, prepared, ledger, crash, service, faults
):
    other = trainer.submit(prepared, SPEC, ledger())
    entries = {"intend": {}, "done": {}}
    with pytest.raises(crash):
        trainer.submit(prepared, SPEC, ledger(entries, 12))  # the intention is on disk
    listing = service.handle

    def unfiltered(n, request):
        bare = type(request)(request.method, request.path, (), request.headers, request.body)
        return listing(bare) if request.get(f"metadata[{jobs.RUN_KEY}]") else None

    server.script = unfiltered
    assert trainer.submit(prepared, SPEC, ledger(entries)).id != other.id


def test_files_that_changed_since_are_refused(trainer, prepared, ledger, crash):
    entries = {"intend": {}, "done": {}}
    with pytest.raises(crash):
        trainer.submit(prepared, SPEC, ledger(entries, 3))
    prepared.train.write_text(prepared.train.read_text() * 2)
    with pytest.raises(RunError, match=r"train\.jsonl: its contents differ"):
        trainer.submit(prepared, SPEC, ledger(entries))


# --- following -----------------------------------------------------------------------------------


@pytest.mark.parametrize("fate", ["LOST", "UNANSWERED"])
@pytest.mark.parametrize("number", range(8))
def test_a_connection_dropped_while_following_loses_and_repeats_nothing(
    number, fate, server, trainer, prepared, ledger, service, faults
):
    job = trainer.submit(prepared, SPEC, ledger())
    start = len(server.requests)
    server.script = lambda n, request: getattr(faults, fate) if n == start + number else None
    events = list(trainer.follow(job.id))
    assert [event.id for event in events] == history(service, job.id)
    assert "metrics" in {event.type for event in events}


def test_a_restart_goes_on_after_the_last_event_seen(trainer, prepared, ledger, service):
    job = trainer.submit(prepared, SPEC, ledger())
    seen = []
    for _ in range(12):
        stream = trainer.follow(job.id, list(seen))
        fresh = next(stream, None)
        stream.close()
        if fresh is None:
            break
        seen.append(fresh.id)
    assert seen == history(service, job.id)[: len(seen)]
    seen += [event.id for event in trainer.follow(job.id, seen)]
    assert seen == history(service, job.id)
    assert list(trainer.follow(job.id, seen)) == []


def test_a_history_of_many_pages_comes_whole(monkeypatch, trainer, trained, service):
    monkeypatch.setattr(following, "PAGE", 3)
    events = [event.id for event in trainer.follow(trained.id)]
    assert events == history(service, trained.id)
    assert len(events) > 9
    rest = [event.id for event in trainer.follow(trained.id, events[:5])]
    assert rest == events[5:]


def test_statuses_nobody_knows_are_logged_and_followed(
    server, trainer, prepared, ledger, faults, service, caplog
):
    job = trainer.submit(prepared, SPEC, ledger())
    left = [3]

    def odd(n, request):
        if request.path.endswith(job.id) and left[0]:
            left[0] -= 1
            body = json.loads(service.handle(request).body)
            return faults.answer(200, {**body, "status": "polishing"})
        return None

    server.script = odd
    with caplog.at_level(logging.INFO, "pitchpipe"):
        events = [event.id for event in trainer.follow(job.id)]
    assert events == history(service, job.id)
    assert [r.getMessage() for r in caplog.records].count(f"job {job.id}: polishing") == 1


def test_a_line_that_stays_dead_is_given_up_with_the_url(server, trainer, prepared, ledger, faults):
    job = trainer.submit(prepared, SPEC, ledger())
    server.script = lambda n, request: faults.LOST
    start = len(server.requests)
    with pytest.raises(ServiceError, match=server.url):
        list(trainer.follow(job.id))
    assert len(server.requests) - start == trainer.follow_retries + 1


def test_a_failed_job_ends_with_the_services_message_and_line(trainer, prepared, ledger):
    prepared.train.write_text(prepared.train.read_text() + '{"prompt": 7}\n')
    job = trainer.submit(prepared, SPEC, ledger())
    events = list(trainer.follow(job.id))
    job = trainer.job(job.id)
    assert job.status == "failed"
    assert "33" in job.error
    assert "training_file" in job.error
    assert any(event.level == "error" for event in events)
    with pytest.raises(ServiceError, match="no result file"):
        trainer.metrics(job.id)


def test_polling_waits_as_the_job_and_the_options_say(prepared, ledger):
    paused, running = (jobs_of(status) for status in ("paused", "running"))
    hosted, offline = OpenAITrainer(), OpenAITrainer(base_url="offline:")
    assert [hosted._interval(paused), hosted._interval(running)] == [5.0, 5.0]
    assert [offline._interval(paused), offline._interval(running)] == [1.0, 0.0]
    assert OpenAITrainer(poll_seconds=0.5)._interval(running) == 0.5


def jobs_of(status):
    from pitchpipe.records import Job

    return Job("ftjob-1", status, "m")


# --- steering ------------------------------------------------------------------------------------


@pytest.mark.parametrize("fate", [None, "LOST", "UNANSWERED"])
def test_pause_resume_and_cancel_are_heard_once(fate, server, trainer, prepared, ledger, faults):
    job = trainer.submit(prepared, SPEC, ledger())
    while trainer.job(job.id).status != "running":
        pass
    hit = []

    def drop_first(n, request):
        if fate and request.method == "POST" and request.path not in hit:
            hit.append(request.path)
            return getattr(faults, fate)
        return None

    server.script = drop_first
    assert trainer.pause(job.id).status == "paused"
    assert trainer.pause(job.id).status == "paused"
    assert trainer.resume(job.id).status in ("queued", "running")
    assert not trainer.resume(job.id).done
    assert trainer.cancel(job.id).status == "cancelled"
    assert trainer.cancel(job.id).status == "cancelled"
    assert [job.id for job in trainer.jobs()] == [job.id]


def test_what_has_ended_is_not_steered(trainer, trained):
    for verb in (trainer.cancel, trainer.pause, trainer.resume):
        with pytest.raises(ServiceError, match="succeeded"):
            verb(trained.id)


def test_jobs_come_newest_first_over_many_pages(monkeypatch, trainer, prepared, ledger):
    monkeypatch.setattr(jobs, "PAGE", 2)
    made = [trainer.submit(prepared, SPEC, ledger()).id for _ in range(5)]
    assert [job.id for job in trainer.jobs()] == made[::-1]


def test_a_result_file_is_read_in_base64_and_as_csv(server, trainer, trained, service, faults):
    sent = []

    def plain(n, request):
        if request.path.endswith("/content"):
            response = service.handle(request)
            sent.append(base64.b64decode(response.body, validate=True))
            return type(response)(200, response.headers, sent[-1])
        return None

    encoded = trainer.metrics(trained.id)
    server.script = plain
    assert trainer.metrics(trained.id).equals(encoded)
    assert sent[0].startswith(b"step,train_loss,")


# --- refusals ------------------------------------------------------------------------------------


def test_an_unknown_job_is_named(trainer):
    with pytest.raises(ServiceError, match="ftjob-nobody"):
        trainer.job("ftjob-nobody")


def test_a_model_the_service_refuses_is_named(trainer, prepared, ledger):
    with pytest.raises(ServiceError, match=r"no-such-model.*parameter model"):
        trainer.submit(prepared, TrainingSpec("no-such-model"), ledger())


def test_a_wrong_key_is_not_quoted(server, trainer, prepared, ledger, faults):
    quoting = faults.refusal(401, "Incorrect API key provided: kkkk****kkkk.", "invalid_api_key")
    server.script = lambda n, request: quoting
    with pytest.raises(ServiceError, match="OPENAI_API_KEY") as caught:
        trainer.submit(prepared, SPEC, ledger())
    assert "kkk" not in str(caught.value)


def test_without_a_key_nothing_is_sent_or_written(server, trainer, prepared, ledger, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    book = ledger()
    with pytest.raises(ServiceError, match="no key"):
        trainer.submit(prepared, SPEC, book)
    assert server.requests == []
    assert book.entries == {"intend": {}, "done": {}}


def test_metadata_that_does_not_fit_is_refused_before_anything_is_sent(
    server, trainer, prepared, ledger
):
    spec = TrainingSpec("babbage-002", metadata={f"k{i}": "v" for i in range(16)})
    with pytest.raises(ConfigError, match="metadata"):
        trainer.submit(prepared, spec, ledger())
    assert server.requests == []


def test_a_cost_above_the_limit_sends_nothing(server, prepared, ledger):
    trainer = OpenAITrainer(base_url=server.url, prices={"babbage-002": 1e6})
    with pytest.raises(BudgetError, match=r"above max_cost, 0\.50 USD"):
        trainer.submit(prepared, TrainingSpec("babbage-002", max_cost=0.5), ledger())
    assert server.requests == []


@pytest.mark.parametrize(
    ("options", "spec", "cost", "source"),
    [
        ({}, {}, 0.4, "developers.openai.com"),
        ({"prices": {"babbage-002": 2.0}}, {}, 2.0, "trainer's options"),
        ({"base_url": "offline:x", "prices": {"babbage-002": 2.0}}, {}, 0.0, "costs nothing"),
        ({"base_url": "http://127.0.0.1:1/v1"}, {}, None, "no prices are known for http://127"),
        ({}, {"model": "gpt-9"}, None, "'gpt-9' is not in the price list"),
        ({}, {"method": "reinforcement"}, None, "by the hour"),
    ],
)
def test_an_estimate_says_where_its_price_is_from(
    monkeypatch, prepared, options, spec, cost, source
):
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    estimate = OpenAITrainer(**options).estimate(
        prepared, TrainingSpec(**{"model": "babbage-002", "n_epochs": 2, **spec})
    )
    price = None if cost is None else estimate.tokens * 2 * cost / 1e6
    assert estimate.cost == price
    assert estimate.epochs == 2
    assert source in estimate.source
    assert "counted exactly" in estimate.source
    assert (estimate.seconds is None) == (cost != 0.0)


def test_both_are_offered_by_name():
    from pitchpipe.plugins import PluginHost

    trainers = PluginHost(entry_points=False).trainers
    assert trainers.get("openai").stage is OpenAITrainer
    assert trainers.create("fake", {"base_url": "offline:x"}) == FakeTrainer(base_url="offline:x")


# --- the fake one --------------------------------------------------------------------------------


@pytest.fixture
def no_sockets(monkeypatch):
    def refuse(*args):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def test_the_fake_needs_neither_key_nor_socket(no_sockets, monkeypatch, tmp_path, prepared, ledger):
    monkeypatch.chdir(tmp_path)
    trainer = FakeTrainer()
    job = trainer.submit(prepared, SPEC, ledger())
    assert [event.id for event in trainer.follow(job.id)]
    assert trainer.job(job.id).status == "succeeded"
    assert (tmp_path / ".pitchpipe" / "service").is_dir()
    assert trainer.predictor_options() == {"base_url": "offline:.pitchpipe/service"}
    assert not trainer.tunes_language_model
    assert OpenAITrainer(base_url="http://127.0.0.1:9/v1").tunes_language_model
    assert not OpenAITrainer(base_url="offline:").tunes_language_model
    assert trainer.estimate(prepared, TrainingSpec("babbage-002")).cost == 0


def test_a_preference_job_trains_with_dpo(no_sockets, tmp_path, ledger, contract):
    from pitchpipe.records import PreparedData

    def row(number):
        question = {"role": "user", "content": f"question {number}"}
        return {
            "input": {"messages": [question]},
            "preferred_output": [{"role": "assistant", "content": "yes"}],
            "non_preferred_output": [{"role": "assistant", "content": "no"}],
        }

    file = tmp_path / "train.jsonl"
    file.write_text("".join(json.dumps(row(number)) + "\n" for number in range(20)))
    trainer = FakeTrainer(base_url=f"offline:{tmp_path / 'service'}")
    spec = TrainingSpec("gpt-4o-mini-2024-07-18", method="dpo", beta=0.2, n_epochs=1)
    job = trainer.submit(PreparedData(file, None, 20, 0, contract), spec, ledger())
    list(trainer.follow(job.id))
    job = trainer.job(job.id)
    assert job.status == "succeeded", job.error
    assert job.hyperparameters["beta"] == 0.2


@pytest.fixture
def on(monkeypatch):
    """Makes it another day for the trainer."""

    def be(day):
        class Day(date):
            @classmethod
            def today(cls):
                return date.fromisoformat(day)

        monkeypatch.setattr(openai_trainer, "date", Day)
        monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
        monkeypatch.setenv("OPENAI_API_KEY", "k" * 20)

    return be


@pytest.mark.parametrize(
    ("model", "day", "says"),
    [
        ("gpt-4.1-nano-2025-04-14", "2026-11-26", "model gpt-4.1-nano-2025-04-14 is not answered"),
        ("gpt-4.1-mini-2025-04-14", "2027-02-01", "model gpt-4.1-mini-2025-04-14 is not answered"),
        ("a-model-without-dates", "2027-01-06", "the hosted service takes no fine-tuning jobs"),
    ],
)
def test_nothing_is_submitted_for_what_has_retired(on, prepared, ledger, model, day, says):
    on(day)
    book = ledger()
    with pytest.raises(ServiceError, match=says):
        OpenAITrainer().submit(prepared, TrainingSpec(model=model), book)
    assert book.entries == {"intend": {}, "done": {}}


def test_what_retires_soon_is_warned_of(on, prepared, ledger, caplog, no_network):
    on("2026-11-26")
    trainer = OpenAITrainer(max_retries=0, timeout=0.1)
    spec = TrainingSpec(model="gpt-4.1-mini-2025-04-14")
    with pytest.raises(ServiceError, match="no network"):  # it would go on
        trainer.submit(prepared, spec, ledger())
    assert "is not answered for from 2027-01-14" in caplog.text
    no_network.clear()


def test_other_services_do_not_retire(on, server, prepared, ledger):
    on("2030-01-01")
    trainer = OpenAITrainer(base_url=server.url)
    spec = TrainingSpec(model="babbage-002", n_epochs=1)
    assert trainer.submit(prepared, spec, ledger()).id
    assert not trainer.hosted
