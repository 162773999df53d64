import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitchpipe.default_plugins.trainers.jobs import (
    RUN_KEY,
    contract_from,
    metadata_of,
    method_of,
    to_job,
)
from pitchpipe.errors import ConfigError
from pitchpipe.records import Contract, TrainingSpec

SPEC = TrainingSpec("babbage-002")
CONTRACT = Contract(
    "completion", "completion", {"separator": "\n\n###\n\n"}, ("a", "b"), ("\n",), 9
)

contracts = st.builds(
    Contract,
    format=st.sampled_from(["completion", "chat", "preference"]),
    formatter=st.text(min_size=1, max_size=20),
    options=st.dictionaries(st.text(max_size=9), st.text(max_size=400), max_size=4),
    labels=st.lists(st.text(max_size=40), max_size=20).map(tuple),
    stop=st.lists(st.text(max_size=5), max_size=4).map(tuple),
    max_tokens=st.none() | st.integers(1, 4096),
)


@given(contracts)
def test_a_contract_comes_back_from_the_metadata(contract):
    pairs = metadata_of(SPEC, contract, "key")
    assert all(len(key) <= 64 and len(value) <= 512 for key, value in pairs.items())
    assert len(pairs) <= 16
    assert pairs[RUN_KEY] == "key"
    if len(pairs) > 1:
        assert contract_from(pairs) == contract


def test_the_users_pairs_are_kept():
    spec = TrainingSpec("m", metadata={"team": "blue"})
    pairs = metadata_of(spec, CONTRACT, "key")
    assert pairs["team"] == "blue"
    assert contract_from(pairs) == CONTRACT


def test_a_contract_that_does_not_fit_is_left_out_and_said(caplog):
    long = Contract("chat", "chat", labels=tuple(f"label {i:09}" for i in range(1000)))
    with caplog.at_level(logging.WARNING):
        assert metadata_of(SPEC, long, "key") == {RUN_KEY: "key"}
    assert "does not fit" in caplog.text


def test_too_many_pairs_are_refused():
    pairs = {f"k{i}": "v" for i in range(16)}
    with pytest.raises(ConfigError, match="metadata: 16 pairs"):
        metadata_of(TrainingSpec("m", metadata=pairs), CONTRACT, "key")


def test_reserved_names_are_refused():
    with pytest.raises(ConfigError, match=r"metadata\.pitchpipe_run"):
        metadata_of(TrainingSpec("m", metadata={"pitchpipe_run": "x"}), CONTRACT, "key")


@pytest.mark.parametrize(
    "metadata",
    [{}, {"pitchpipe_contract_1": "{}"}, {"pitchpipe_contract_0": "{"},
     {"pitchpipe_contract_0": "{}"}, {"pitchpipe_contract_0": "7"}],
)  # fmt: skip
def test_metadata_without_a_readable_contract_has_none(metadata):
    assert contract_from(metadata) is None


def test_supervised_hyperparameters_have_no_beta():
    assert method_of(TrainingSpec("m", n_epochs=2, beta=0.5)) == {
        "type": "supervised",
        "supervised": {
            "hyperparameters": {
                "n_epochs": 2,
                "batch_size": "auto",
                "learning_rate_multiplier": "auto",
            }
        },
    }


def test_dpo_has_beta():
    method = method_of(TrainingSpec("m", method="dpo", beta=0.5, learning_rate_multiplier=2.0))
    assert method["dpo"]["hyperparameters"] == {
        "n_epochs": "auto",
        "batch_size": "auto",
        "learning_rate_multiplier": 2.0,
        "beta": 0.5,
    }


def test_reinforcement_takes_the_options_given():
    options = {"grader": {"type": "string_check"}, "hyperparameters": {"reasoning_effort": "low"}}
    method = method_of(
        TrainingSpec("m", method="reinforcement", method_options=options, n_epochs=1)
    )
    assert method["reinforcement"]["grader"] == {"type": "string_check"}
    assert method["reinforcement"]["hyperparameters"]["reasoning_effort"] == "low"
    assert method["reinforcement"]["hyperparameters"]["n_epochs"] == 1
    assert options["hyperparameters"] == {"reasoning_effort": "low"}


def api_job(**changes):
    from openai.types.fine_tuning import FineTuningJob

    body = {
        "id": "ftjob-1", "object": "fine_tuning.job", "status": "running", "model": "m",
        "created_at": 5, "finished_at": None, "fine_tuned_model": None, "trained_tokens": None,
        "organization_id": "o", "result_files": [], "seed": 1, "training_file": "file-1",
        "validation_file": None, "hyperparameters": {"n_epochs": 3}, "error": None, **changes,
    }  # fmt: skip
    return FineTuningJob.construct(**body)


def test_a_failed_job_tells_the_services_words():
    error = {"code": "invalid_training_file", "message": "line 7 is bad", "param": "training_file"}
    job = to_job(api_job(status="failed", error=error))
    assert job.error == "line 7 is bad (invalid_training_file, training_file)"
    assert job.done


@pytest.mark.parametrize("error", [None, {"code": None, "message": None, "param": None}])
def test_no_error_is_none(error):
    assert to_job(api_job(error=error)).error is None


def test_an_unknown_status_is_kept_and_not_the_end():
    job = to_job(api_job(status="polishing"))
    assert job.status == "polishing"
    assert not job.done


def test_hyperparameters_come_from_the_method_where_the_top_has_none():
    method = {"type": "dpo", "dpo": {"hyperparameters": {"beta": 0.1, "n_epochs": 4}}}
    assert to_job(api_job(hyperparameters={}, method=method)).hyperparameters == {
        "beta": 0.1,
        "n_epochs": 4,
    }
    assert to_job(api_job(hyperparameters={"n_epochs": 2, "batch_size": None})).hyperparameters == {
        "n_epochs": 2
    }


def test_a_grader_that_the_sdk_declares_otherwise_warns_of_nothing(recwarn):
    check = {
        "type": "string_check",
        "name": "a",
        "operation": "eq",
        "input": "{{sample.output_text}}",
        "reference": "{{item.answer}}",
    }
    grader = {"type": "multi", "name": "m", "calculate_output": "a", "graders": {"a": check}}
    method = {
        "type": "reinforcement",
        "reinforcement": {"grader": grader, "hyperparameters": {"n_epochs": 3}},
    }
    assert to_job(api_job(method=method, hyperparameters=None)).hyperparameters == {"n_epochs": 3}
    assert not recwarn.list
