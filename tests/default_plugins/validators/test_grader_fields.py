"""Whether a grader can grade, before anything is uploaded."""

from __future__ import annotations

import pytest

from pitchpipe.plugins import PluginHost
from pitchpipe.records import Contract, Severity, TrainingSpec

HOST = PluginHost(entry_points=False)
GRADER = {
    "type": "string_check",
    "name": "clause",
    "operation": "eq",
    "input": "{{sample.output_text}}",
    "reference": "{{item.clause}}",
}


def made(grader, method="reinforcement"):
    spec = TrainingSpec("o4-mini-2025-04-16", method, method_options={"grader": grader})
    return HOST.validators.create("grader-fields").bind(Contract("chat", "chat"), spec)


@pytest.fixture
def records(frame, talk):
    def build(**columns):
        rows = range(len(next(iter(columns.values()))))
        asked = [[{"role": "user", "content": f"q {n}"}] for n in rows]
        return frame(messages=asked, **columns)

    return build


def test_every_row_has_what_the_grader_reads(find, records) -> None:
    chunk = records(clause=["a", None, "c", None])
    [finding] = find(made(GRADER), chunk)
    assert (finding.severity, finding.count, finding.lines) == (Severity.ERROR, 2, (3, 5))
    assert "'item.clause'" in finding.before
    assert find(made(GRADER), records(clause=["a", "b"])) == []


@pytest.mark.parametrize("reference", ["{{item.klause}}", "{{ item.reference.clause }}"])
def test_a_name_that_no_row_has_is_an_error_of_all(find, records, reference) -> None:
    [finding] = find(made(GRADER | {"reference": reference}), records(clause=["a", "b"]))
    assert finding.count == 2
    assert "training.method_options.grader" in finding.expected


@pytest.mark.parametrize(
    "change",
    [{"operation": "equals"}, {"reference": "{{"}, {"name": None}, {"input": 3}],
)
def test_a_grader_that_the_service_refuses_is_found_at_once(find, records, change) -> None:
    [finding] = find(made(GRADER | change), records(clause=["a"]))
    assert "the grader is not defined as it must be" in finding.message
    assert "training.method_options.grader" in finding.message


def test_parts_of_a_multi_grader_count(find, records) -> None:
    multi = {"type": "multi", "graders": {"same": GRADER}, "calculate_output": "same"}
    assert find(made(multi), records(clause=["a"])) == []
    [finding] = find(made(multi), records(other=["a"]))
    assert finding.count == 1


@pytest.mark.parametrize(
    ("grader", "method"),
    [
        ({"type": "python", "source": "..."}, "reinforcement"),
        ({"type": "score_model"}, "reinforcement"),
        (GRADER, "supervised"),
        (None, "reinforcement"),
    ],
)
def test_what_is_graded_elsewhere_is_left_alone(find, records, grader, method) -> None:
    assert find(made(grader, method), records(other=["a"])) == []
