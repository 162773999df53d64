from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitchpipe.errors import UsageError
from pitchpipe.formats.fitting import RowFacts, check_grader, fit
from pitchpipe.formats.kinds import KINDS, is_graded
from pitchpipe.models import model_table
from pitchpipe.records import TrainingOptions, TrainingSpec
from pitchpipe.service.engine.catalog import BASES

MINI = "gpt-4.1-mini-2025-04-14"
REASONING = "o4-mini-2025-04-16"


def settled(kind: Any, known: Any = None, **said: Any) -> tuple[str, str, str]:
    found = fit(RowFacts("t.csv", kind), TrainingOptions(**said), known)
    return found.kind.name, found.training.model, found.training.method


@pytest.mark.parametrize(
    ("kind", "said", "expected"),
    [
        (None, {}, ("completion", "babbage-002", "supervised")),
        (None, {"model": MINI}, ("chat", MINI, "supervised")),
        (
            None,
            {"model": "ft:davinci-002:org::1"},
            ("completion", "ft:davinci-002:org::1", "supervised"),
        ),
        (None, {"model": "curie:ft-org-2023"}, ("completion", "curie:ft-org-2023", "supervised")),
        (None, {"model": "gpt-4o-mini"}, ("chat", "gpt-4o-mini", "supervised")),
        (None, {"model": "a-model-nobody-knows"}, ("chat", "a-model-nobody-knows", "supervised")),
        (None, {"method": "dpo"}, ("preference", MINI, "dpo")),
        (None, {"method": "reinforcement"}, ("reinforcement", REASONING, "reinforcement")),
        (None, {"model": REASONING}, ("reinforcement", REASONING, "reinforcement")),
        ("completion", {}, ("completion", "babbage-002", "supervised")),
        ("chat", {}, ("chat", MINI, "supervised")),
        ("chat", {"method": "reinforcement"}, ("reinforcement", REASONING, "reinforcement")),
        ("reinforcement", {}, ("reinforcement", REASONING, "reinforcement")),
        ("reinforcement", {"method": "supervised"}, ("chat", MINI, "supervised")),
        ("preference", {}, ("preference", MINI, "dpo")),
        ("preference", {"model": "gpt-4o"}, ("preference", "gpt-4o", "dpo")),
        ("completion", {"model": "somebody-elses"}, ("completion", "somebody-elses", "supervised")),
    ],
)
def test_what_is_left_open_follows_from_the_rows(
    kind: Any, said: dict[str, Any], expected: tuple[str, str, str]
) -> None:
    assert settled(kind, **said) == expected


@pytest.mark.parametrize(
    ("kind", "said", "words"),
    [
        (
            "chat",
            {"model": "babbage-002"},
            "chat records .*babbage-002 takes completion.*--model " + MINI,
        ),
        ("chat", {"model": "ft:babbage-002:o::1"}, "babbage-002 takes completion"),
        ("chat", {"model": "curie:ft-me-2023"}, "curie takes completion"),
        (
            "completion",
            {"model": MINI},
            "completion records .*takes chat records.*--model babbage-002",
        ),
        (
            "preference",
            {"model": "davinci-002"},
            "preference records .*davinci-002 takes completion",
        ),
        (
            "preference",
            {"method": "supervised"},
            "preference records .*method supervised.*--method dpo",
        ),
        ("chat", {"method": "dpo"}, "chat records .*method dpo .*--method supervised"),
        ("completion", {"method": "reinforcement"}, "completion .*--method supervised"),
        ("chat", {"model": REASONING}, "trains by reinforcement, not by supervised"),
        (
            "chat",
            {"model": MINI, "method": "reinforcement"},
            "trains by supervised or dpo.*--model " + REASONING,
        ),
        (
            None,
            {"model": "babbage-002", "method": "dpo"},
            "babbage-002 takes completion.*Leave out --method",
        ),
    ],
)
def test_what_does_not_fit_names_rows_model_and_what_to_change(
    kind: Any, said: dict[str, Any], words: str
) -> None:
    with pytest.raises(UsageError, match=rf"^t\.csv: the rows .*{words}"):
        settled(kind, **said)


ADVICE = {
    r"eave out --model \(training\.model\)(?! and)": lambda said, _: {**said, "model": "auto"},
    r"eave out --method \(training\.method\)": lambda said, _: {**said, "method": "auto"},
    r"eave out --model \(training\.model\) and --method \(training\.method\)": lambda _, __: {},
    r"pass --model ([\w.-]*\w)": lambda said, found: {**said, "model": found[1]},
    r"pass --method (\w+)": lambda said, found: {**said, "method": found[1]},
}


@pytest.mark.parametrize("kind", [None, *KINDS])
@pytest.mark.parametrize("model", ["auto", "unknown-model", "babbage-002", MINI, REASONING])
@pytest.mark.parametrize("method", ["auto", "supervised", "dpo", "reinforcement"])
def test_every_advice_followed_by_itself_fits(kind: Any, model: str, method: str) -> None:
    said = {"model": model, "method": method}
    try:
        settled(kind, **said)
        return
    except UsageError as error:
        message = str(error)
    followed = 0
    for words, change in ADVICE.items():
        for found in re.finditer(words, message):
            changed = change(said, found)
            assert changed.get("method") != "dpo" or kind is not None  # no two answers to compare
            settled(kind, **changed)
            followed += 1
    assert followed, message


def test_the_trainers_word_counts_for_its_own_models() -> None:
    assert settled(None, "completion", model="mine") == ("completion", "mine", "supervised")
    with pytest.raises(UsageError, match="the model mine takes completion records"):
        settled("chat", "completion", model="mine")


def test_why_is_said_and_only_what_was_chosen() -> None:
    named = fit(RowFacts("t"), TrainingOptions(model="babbage-002")).notes
    assert named == ("Format: completion (babbage-002 takes prompt and completion).",)
    chosen = fit(RowFacts("t", "preference"), TrainingOptions()).notes
    assert chosen == (
        "Format: preference (the rows hold preferred and other answers).",
        f"Model: {MINI} (the default for preference records).",
        "Method: dpo (the one that preference records are for).",
    )


@given(
    st.sampled_from([None, *KINDS]),
    st.sampled_from(["auto", "unknown-model", *sorted(BASES)]),
    st.sampled_from(["auto", "supervised", "dpo", "reinforcement"]),
)
def test_what_fits_is_what_the_service_takes(kind: Any, model: str, method: Any) -> None:
    try:
        found = fit(RowFacts("t", kind), TrainingOptions(model=model, method=method))
    except UsageError:
        assert (model, method) != ("auto", "auto")
        return
    training = found.training
    assert model in ("auto", training.model)
    assert method in ("auto", training.method)
    assert found.kind.method == training.method
    if training.model in BASES:
        base = BASES[training.model]
        assert (base.format == "completion") == (found.kind.format == "completion")
        assert training.method in base.methods


def test_every_default_fits_its_records_and_is_known() -> None:
    for kind in KINDS.values():
        assert settled(kind.name) == (kind.name, kind.model, kind.method)
        assert kind.model in model_table().models


def test_a_grader_is_asked_for_before_anything_is_uploaded() -> None:
    check_grader(TrainingSpec())
    check_grader(TrainingSpec(method="reinforcement", method_options={"grader": {"type": "x"}}))
    with pytest.raises(UsageError, match=r"^training\.method_options\.grader: no grader is set"):
        check_grader(TrainingSpec(method="reinforcement"))


@pytest.mark.parametrize(
    ("columns", "messages", "graded"),
    [
        (["messages", "answer"], [{"role": "user"}], True),
        (["messages", "answer"], [{"role": "developer"}, {"role": "user"}], True),
        (["messages"], [{"role": "user"}], False),
        (["messages", "tools"], [{"role": "user"}], False),
        (["messages", "id"], [{"role": "user"}, {"role": "assistant"}], False),
        (["messages", "id"], [{"role": "user"}, {"role": "assistant"}, {"role": "user"}], False),
        (["messages", "answer"], "no list", False),
        (["messages", "answer"], ["no object"], False),
        (["messages", "answer"], [], False),
    ],
)
def test_reinforcement_records_are_told_by_a_question_and_something_to_grade_by(
    columns: list[str], messages: Any, graded: bool
) -> None:
    assert is_graded(columns, [messages]) is graded
    assert not is_graded(columns, [])
