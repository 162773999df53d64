"""Formulas, templates and texts of graders: bounded, whoever wrote them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hostile import ask, in_child, is_refusal
from pitchpipe.service.graders.errors import DefinitionError, GradingError
from pitchpipe.service.graders.formula import Formula
from pitchpipe.service.graders.grading import TextSimilarity
from pitchpipe.service.graders.samples import sample_of
from pitchpipe.service.graders.similarity import METRICS
from pitchpipe.service.graders.templates import Template
from pitchpipe.service.service import Service

GRADERS = "/v1/fine_tuning/alpha/graders"
CHECK = {"type": "string_check", "name": "a", "input": "x", "reference": "x", "operation": "eq"}


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    service = Service(seed=0)
    yield service
    service.close()


def validate(service: Service, grader: Any) -> tuple[int, Any]:
    return ask(service, "POST", f"{GRADERS}/validate", json.dumps({"grader": grader}).encode())


def multi(formula: str, **more: Any) -> dict[str, Any]:
    parts = {"a": CHECK}
    return {"type": "multi", "name": "m", "graders": parts, "calculate_output": formula} | more


FORMULAS = {
    "480 times not": "not " * 480 + "a",
    "not of parentheses": "not(" * 190 + "a" + ")" * 190,
    "minus signs": "-" * 1999 + "a",
    "tildes": "~" * 1999 + "a",
    "parentheses": "(" * 1000 + "a" + ")" * 1000,
    "brackets": "[" * 999 + "]" * 999,
    "braces": "{" * 999,
    "calls": "min(" * 150 + "a" + ")" * 150,
    "attributes": "a" + ".b" * 900,
    "subscripts": "a" + "[0]" * 600,
    "powers": "^".join(["a"] * 900),
    "lambdas": "lambda:" * 280 + "a",
    "conditions": "a if a else " * 160 + "a",
    "comparisons": "a<" * 900 + "a",
    "walrus": "(b:=a)",
    "comprehensions": "[a for a in [a for a in a]]",
    "an f-string": 'f"{a!r:{a}}"',
    "a string": "'x' * 1000000000",
    "a list": "[a] * 1000000000",
    "an integer beyond a float": "9" * 1999,
    "a number beyond a float": "1e999",
    "a shift": "1<<1000000",
    "a power of Python": "9**9**9",
    "a complex number": "1j",
    "a backslash": "\\",
    "a NUL": "a\x00",
    "a comment": "#",
    "a line": "a\nimport os",
    "an attribute of a class": "().__class__.__bases__",
    "await": "await a",
    "a star": "min(*a)",
    "a long one": "a" + "+a" * 1000,
    "nothing": "",
    "a bidirectional one": "a\u202e+a",
}


@pytest.mark.parametrize("formula", FORMULAS.values(), ids=FORMULAS)
def test_a_formula_beyond_bounds_is_refused(service: Service, formula: str) -> None:
    status, answer = validate(service, multi(formula))
    assert is_refusal(status, answer)
    assert answer["error"]["param"] == "grader.calculate_output"


@pytest.mark.parametrize(
    "formula", ["9^9^9", "10^1000000", "a/(a-a)", "log(0)", "exp(1000)", "(-1)^0.5", "1e308*10"]
)
def test_a_number_beyond_bounds_is_no_reward(service: Service, formula: str) -> None:
    assert validate(service, multi(formula))[0] == 200
    body = {"grader": multi(formula), "model_sample": "x"}
    status, answer = ask(service, "POST", f"{GRADERS}/run", json.dumps(body).encode())
    assert (status, answer["reward"]) == (200, 0)
    assert answer["metadata"]["errors"]["other_error"]


@settings(max_examples=300)
@given(
    st.lists(
        st.sampled_from(
            [
                *(
                    "a",
                    "b",
                    "not ",
                    "-",
                    "+",
                    "*",
                    "**",
                    "^",
                    "(",
                    ")",
                    "min(",
                    ",",
                    "9",
                    ".",
                    "e9",
                ),
                *("[", "]", "lambda:", "if ", " else ", "'", '"', "{", "}", ":", "=", "<", "\n"),
            ]
        ),
        max_size=40,
    ).map("".join)
)
def test_any_formula_is_worked_out_or_refused(text: str) -> None:
    formula = Formula(text)
    try:
        formula.check(["a"])
    except DefinitionError:
        return
    with contextlib.suppress(GradingError):
        assert isinstance(formula.value({"a": 0.5}), float)


def test_graders_of_a_multi_grader_are_few(service: Service) -> None:
    parts = {f"g{number}": CHECK | {"name": f"g{number}"} for number in range(21)}
    for graders in (
        parts,
        list(parts.values()),
        {str(n): 0 for n in range(100_000)},
        [[]] * 100_000,
    ):
        status, answer = validate(service, multi("g1", graders=graders))
        assert is_refusal(status, answer)
    twenty = dict(list(parts.items())[:20])
    assert validate(service, multi("g1", graders=twenty))[0] == 200


# --- templates ------------------------------------------------------------------------------------

TEMPLATES = {
    "long": "x" * 100_001,
    "of many variables": "{{item.a}}" * 1001,
    "opened and not closed": "{{" * 1000,
    "opened and filled": "{{item" + "a" * 90_000,
    "of quotes": '{{item["' + '"]["' * 20_000 + "}}",
    "of brackets": "{{item" + "[" * 90_000 + "}}",
    "of blanks": "{{item" + " " * 90_000 + "}}",
    "of blanks within": "{{item[" + " " * 90_000 + "}}",
    "of a long index": "{{item[" + "9" * 90_000 + "]}}",
    "of dots": "{{item" + "." * 90_000 + "}}",
    "of another namespace": "{{" + "x" * 90_000 + "}}",
}


@pytest.mark.parametrize("text", TEMPLATES.values(), ids=TEMPLATES)
def test_a_template_beyond_bounds_is_refused(service: Service, text: str) -> None:
    for key in ("input", "reference"):
        status, answer = validate(service, CHECK | {key: text})
        assert is_refusal(status, answer)
        assert answer["error"]["param"] == f"grader.{key}"


@given(
    st.lists(
        st.sampled_from(["{{", "}}", "item", ".a", '["a"]', "[0]", " ", '"', "'", "x", "[", "]"]),
        max_size=25,
    ).map("".join)
)
def test_any_template_is_filled_or_refused(text: str) -> None:
    template = Template(text)
    try:
        template.check("input")
        template.fill({"item": {"a": [1]}, "sample": {}})
    except (DefinitionError, GradingError):
        pass


def test_a_filled_template_is_bounded() -> None:
    template = Template("{{item.a}}" * 1000)
    with pytest.raises(GradingError, match="longer than"):
        template.fill({"item": {"a": "x" * 100_000}})


@pytest.mark.parametrize("text", ["[" * 101 + "]" * 101, "[" * 100_000, "1e400", "NaN", "9" * 5000])
def test_a_sample_beyond_bounds_is_not_json(text: str) -> None:
    assert "output_json" not in sample_of(text)


def test_a_sample_keeps_its_integers() -> None:
    assert sample_of("9" * 30)["output_json"] == int("9" * 30)


# --- likeness -------------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", sorted(METRICS))
def test_long_texts_are_not_compared(metric: str) -> None:
    grader = TextSimilarity(Template("{{item.a}}"), Template("{{item.b}}"), metric)
    for ours, theirs in ((100_001, 1), (1, 100_001), (40_000, 40_000)):
        grade = grader.grade({"a": "x" * ours, "b": "y" * theirs}, {})
        assert (grade.reward, grade.flags) == (0, {"other_error"})
    assert grader.grade({"a": "x" * 100_000, "b": "x" * 100}, {}).flags == frozenset()


def test_texts_within_bounds_are_compared_in_the_end() -> None:
    code = """
from pitchpipe.service.graders.similarity import METRICS
for letters in ("a", "ab ", "a b. ", "a\\n", "ing es "):
    text = (letters * 40_000)[:31_000]
    for metric in METRICS.values():
        assert 0 <= metric(text, text[::-1]) <= 1
print("true")
"""
    assert in_child(code)
