from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitchpipe.hosted import objects
from pitchpipe.hosted.objects import Reference
from pitchpipe.hosted.shutdowns import ShutDown, shut_down, stated

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2)
    ),
    max_leaves=4,
)
FIELDS = (
    "created_at", "bytes", "status", "method", "hyperparameters", "result_files", "training_file",
    "fine_tuned_model", "model", "fine_tune", "shutdown_date", "deprecation", "expires_at",
    "input_file_id", "fine_tuning_job_id", "user_provided_suffix",
)  # fmt: skip


@given(
    st.dictionaries(st.sampled_from(FIELDS), JSON),
    st.sampled_from(["file", "job", "model", "checkpoint", "batch"]),
)
def test_nothing_that_a_service_sends_is_too_strange(described, kind):
    described["id"] = "x"
    objects.created(described)
    objects.size_of(described)
    objects.method_of(described)
    objects.hyperparameters_of(described)
    objects.suffix_of(described)
    objects.is_tuned(described)
    objects.base_model_of(described)
    stated(described)
    for reference in objects.references(kind, described):
        assert reference.id
        assert isinstance(reference.id, str)


@pytest.mark.parametrize("value", [True, "1700000000", None, -1, 0, 1e300, float("nan")])
def test_a_time_is_unix_seconds(value):
    assert objects.time_of(value) is None
    assert objects.time_of(1_700_000_000) == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("job", "method", "hyperparameters"),
    [
        ({"hyperparameters": {"n_epochs": 3}}, "supervised", {"n_epochs": 3}),
        (
            {
                "method": {"type": "dpo", "dpo": {"hyperparameters": {"beta": 0.1, "n_epochs": 2}}},
                "hyperparameters": {"n_epochs": None},
            },
            "dpo",
            {"beta": 0.1, "n_epochs": 2},
        ),
        ({"method": {"type": "unheard-of"}}, "unheard-of", {}),
        ({}, None, {}),
    ],
)
def test_methods_and_hyperparameters_of_jobs_of_any_age(job, method, hyperparameters):
    assert objects.method_of(job) == method
    assert objects.hyperparameters_of(job) == hyperparameters


@pytest.mark.parametrize(
    ("job", "suffix"),
    [
        ({"user_provided_suffix": "a", "fine_tuned_model": "ft:b:o:c:i"}, "a"),
        ({"fine_tuned_model": "ft:gpt-4o:org:c:id"}, "c"),
        ({"fine_tuned_model": "ft:gpt-4o:org::id"}, None),
        ({"fine_tuned_model": "curie:ft-org-2023"}, None),
        ({"fine_tuned_model": None}, None),
    ],
)
def test_a_suffix_is_named_or_part_of_the_models_name(job, suffix):
    assert objects.suffix_of(job) == suffix


@pytest.mark.parametrize(
    ("model", "base"),
    [
        ({"id": "ft:gpt-4o-2024-08-06:org::id"}, "gpt-4o-2024-08-06"),
        ({"id": "curie:ft-org-2023-01-01"}, "curie"),
        ({"id": "gpt-4o-mini-2024-07-18.ft-0a1b"}, "gpt-4o-mini-2024-07-18"),
        ({"id": "curie.ft-1", "model": "curie", "fine_tune": "ft-1"}, "curie"),
    ],
)
def test_tuned_models_of_every_age_are_known_with_their_base(model, base):
    assert objects.is_tuned(model)
    assert objects.base_model_of(model) == base
    assert not objects.is_tuned({"id": base})


def test_a_job_mentions_files_and_models():
    job = {
        "training_file": "f1",
        "validation_file": None,
        "result_files": ["f2", {"id": "f3"}, None, 7],
        "fine_tuned_model": "ft:b:o::i",
        "model": "ft:b:o::h",
    }
    assert objects.references("job", job) == [
        Reference("training", "file", "f1"),
        Reference("results", "file", "f2"),
        Reference("results", "file", "f3"),
        Reference("result", "model", "ft:b:o::i"),
        Reference("base", "model", "ft:b:o::h"),
    ]


def test_a_batch_mentions_files_and_the_tuned_model_it_asks():
    batch = {
        "input_file_id": "a",
        "output_file_id": "b",
        "error_file_id": "c",
        "model": "ft:b:o::i",
    }
    roles = [(one.role, one.id) for one in objects.references("batch", batch)]
    assert roles == [("input", "a"), ("output", "b"), ("errors", "c"), ("asks", "ft:b:o::i")]


@pytest.mark.parametrize(
    ("model", "day"),
    [
        ({"shutdown_date": "2027-01-14"}, date(2027, 1, 14)),
        ({"shutdown_date": "2027-01-14T00:00:00Z"}, date(2027, 1, 14)),
        ({"shutdown_date": "next year"}, None),
        ({"shutdown_date": None}, None),
        ({"shutdown_date": 7}, None),
        (
            {"deprecation": {"fine_tune": 1_700_000_000, "inference": 1_800_000_000}},
            date(2027, 1, 15),
        ),
        ({"deprecation": {"inference": "soon"}}, None),
    ],
)
def test_the_day_that_a_service_names(model, day):
    assert stated(model) == day


BASE, TUNED = "gpt-4o-mini-2024-07-18", "ft:gpt-4o-mini-2024-07-18:o::i"
TABLE = date(2027, 1, 14)


@pytest.mark.parametrize(
    ("listed", "by_table", "expected"),
    [
        (
            {TUNED: date(2028, 1, 1), BASE: date(2029, 1, 1)},
            True,
            (date(2028, 1, 1), "service", TUNED),
        ),
        ({BASE: date(2029, 1, 1)}, True, (date(2029, 1, 1), "service", BASE)),
        ({}, True, (TABLE, "table", BASE)),
        ({}, False, None),
    ],
)
def test_the_services_own_day_comes_before_that_of_the_table(listed, by_table, expected):
    found = shut_down(TUNED, BASE, listed, by_table=by_table)
    assert found == (ShutDown(*expected) if expected else None)


def test_nobody_knows_when_a_model_of_another_maker_goes():
    assert shut_down("ft:their-model:o::i", None, {}, by_table=True) is None
