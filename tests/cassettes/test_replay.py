import pytest
import yaml

from pitchpipe.errors import ServiceError
from pitchpipe.testing.cassettes import BASE_URL, find_secrets, recorder

NAMES = ("success", "failure", "cancelled", "busy")


@pytest.fixture(autouse=True)
def a_key_that_goes_nowhere(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "none-is-needed")


@pytest.fixture
def play(no_sockets, cassettes, flows, tmp_path):
    def run(name):
        with recorder(cassettes).use_cassette(f"{name}.yaml") as cassette:
            run_key = cassette.get_metadata("run_key", "missing")
            got = flows.FLOWS[name](flows.Stage(BASE_URL, tmp_path, run_key))
            assert cassette.all_played
        return got

    return run


def test_every_flow_is_recorded_and_nothing_else(cassettes, flows):
    assert sorted(path.stem for path in cassettes.glob("*.yaml")) == sorted(NAMES)
    assert sorted(flows.FLOWS) == sorted(NAMES)


def test_a_job_from_upload_to_predictions(play, flows):
    got = play("success")
    job, metrics = got["job"], got["metrics"]
    assert job.status == "succeeded"
    assert job.trained_tokens > 0
    assert job.hyperparameters["n_epochs"] == 2
    steps = 2 * (len(flows.REVIEWS) - flows.HELD_OUT) // 4
    assert metrics["step"].tolist() == list(range(1, steps + 1))
    messages = [event.message for event in got["events"]]
    assert len({event.id for event in got["events"]}) == len(messages)
    assert "created" in messages[0].lower()
    assert "success" in messages[-1].lower()
    assert got["checkpoints"]
    assert all(c.model.startswith(job.fine_tuned_model) for c in got["checkpoints"])
    assert got["contract"] == flows.CONTRACT
    assert len(got["answers"]) == len(flows.REVIEWS)
    assert {answer.text for answer in got["answers"]} <= {"pos", "neg"}
    assert all(answer.alternatives for answer in got["answers"])


def test_a_failed_job_tells_the_message_and_the_line(play, flows):
    got = play("failure")
    assert got["job"].status == "failed"
    assert str(len(flows.REVIEWS) - flows.HELD_OUT + 1) in got["job"].error
    assert "training_file" in got["job"].error
    assert got["events"][-1].level == "error"


def test_a_cancelled_job(play):
    got = play("cancelled")
    assert got["job"].status == "cancelled"
    assert got["job"].fine_tuned_model is None
    assert got["listed"] == got["job"]


def test_a_service_that_is_busy_once_is_asked_again(play):
    assert len(play("busy")["answers"]) == 1


def test_a_question_that_was_not_recorded_is_not_answered(no_sockets, cassettes, flows, tmp_path):
    from vcr.errors import CannotOverwriteExistingCassetteException

    stage = flows.Stage(BASE_URL, tmp_path, "")
    with recorder(cassettes).use_cassette("busy.yaml"):
        answers = stage.predictor.predict(flows.MODEL, [flows.ask(("new", "pos"))], flows.Book(""))
        # openai 2.x takes any error of its transport for a lost connection
        with pytest.raises((CannotOverwriteExistingCassetteException, ServiceError)):
            next(answers)


@pytest.mark.parametrize("name", NAMES)
def test_no_recording_holds_a_secret(cassettes, name):
    assert list(find_secrets((cassettes / f"{name}.yaml").read_text())) == []


def exchanges(path):
    recording = yaml.safe_load(path.read_text())
    return [(pair["request"], pair["response"]["status"]) for pair in recording["interactions"]]


@pytest.mark.parametrize("name", NAMES)
def test_the_recordings_are_of_what_is_sent_today(record, cassettes, tmp_path, name):
    record.record(name, tmp_path, real=False)
    assert exchanges(tmp_path / f"{name}.yaml") == exchanges(cassettes / f"{name}.yaml")
