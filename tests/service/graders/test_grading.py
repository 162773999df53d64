from __future__ import annotations

import pickle
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradings import ALIKE, BOTH, CHECK
from pitchpipe.service.graders.grading import build
from pitchpipe.service.graders.samples import sample_of
from pitchpipe.service.graders.similarity import METRICS
from pitchpipe.service.graders.strings import OPERATIONS
from pitchpipe.service.protocol import graders as definitions

TONE = ALIKE | {
    "name": "tone",
    "input": "{{ sample.output_json.tone }}",
    "reference": "{{ item.tone }}",
}


def multi(graders, formula="0.5 * label + 0.5 * tone"):
    return BOTH | {"graders": graders, "calculate_output": formula}


@pytest.mark.parametrize(
    ("operation", "text", "reference", "reward"),
    [
        ("eq", "Yes", "Yes", 1),
        ("eq", "Yes", "yes", 0),
        ("ne", "Yes", "yes", 1),
        ("ne", "Yes", "Yes", 0),
        ("like", "Oh yes.", "yes", 1),
        ("like", "Oh Yes.", "yes", 0),
        ("ilike", "Oh YES.", "yes", 1),
        ("ilike", "yes", "oh yes", 0),
        ("like", "anything", "", 1),
    ],
)
def test_string_checks(operation, text, reference, reward):
    grader = build(CHECK | {"operation": operation})
    assert grader.reward({"label": reference}, text) == reward


@given(st.text(), st.text())
def test_string_checks_agree_with_each_other(text, reference):
    worth = {
        operation: build(CHECK | {"operation": operation}).reward({"label": reference}, text)
        for operation in OPERATIONS
    }
    assert worth["eq"] + worth["ne"] == 1
    assert worth["eq"] <= worth["like"] <= worth["ilike"]


@pytest.mark.parametrize("graders", [{"label": CHECK, "tone": TONE}, [CHECK, TONE]])
def test_a_multi_grader_puts_scores_together(graders):
    grader = build(multi(graders))
    grader.check()
    item = {"label": '{"tone": "warm"}', "tone": "warm"}
    grade = grader.grade(item, sample_of('{"tone": "warm"}'))
    assert (grade.reward, grade.scores) == (1.0, {"label": 1.0, "tone": 1.0})
    grade = grader.grade(item, sample_of('{"tone": "harm"}'))
    assert (grade.reward, grade.scores) == (0.375, {"label": 0.0, "tone": 0.75})


def test_a_multi_grader_may_hold_a_single_one():
    assert build(multi(CHECK, "1 - label")).reward({"label": "a"}, "b") == 1


def test_an_answer_that_cannot_be_graded_is_worth_nothing_and_says_why():
    grade = build(multi([CHECK, TONE])).grade({"label": "no"}, sample_of("no"))
    assert grade.reward == 0.5
    assert grade.flags == {"sample_parse_error"}
    assert "sample.output_json.tone" in grade.reasons[0]
    grade = build(multi([CHECK], "1 / label")).grade({"label": "a"}, sample_of("b"))
    assert (grade.reward, grade.flags) == (0.0, {"other_error"})


def test_a_record_without_a_field_that_is_named_is_in_trouble():
    grader = build(multi([CHECK, TONE]))
    assert grader.trouble({"label": "x", "tone": "y", "more": 1}) is None
    trouble = grader.trouble({"label": "x"})
    assert trouble == "the grader names 'item.tone', but 'item' has no 'tone'."


def test_graders_can_be_sent_to_other_processes():
    reward = pickle.loads(pickle.dumps(build(multi([CHECK, TONE])).reward))
    assert reward({"label": "a", "tone": "b"}, "a") == 0.5


def test_definitions_know_every_metric_and_operation():
    of = definitions._KINDS
    metrics = get_args(of["text_similarity"].model_fields["evaluation_metric"].annotation)
    operations = get_args(of["string_check"].model_fields["operation"].annotation)
    assert (set(metrics), set(operations)) == (set(METRICS), set(OPERATIONS))


def test_texts_beyond_bounds_are_not_compared():
    long = "x" * 100_001
    grade = build(ALIKE).grade({"label": long}, sample_of(long))
    assert (grade.reward, grade.flags) == (0, {"other_error"})
    many = build(CHECK | {"input": "{{ item.label }}" * 101})
    assert many.grade({"label": long}, sample_of("")).flags == {"other_error"}
