from __future__ import annotations

import contextlib
import math
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitchpipe.service.graders.errors import DefinitionError, GradingError
from pitchpipe.service.graders.formula import Formula

SCORES = {"a": 0.25, "b": 1.0, "c_2": 0.0}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a", 0.25),
        (" (a + b) / 2 ", 0.625),
        ("-a + +b * 2", 1.75),
        ("1 - 2 ^ 3 ^ 0.5 * a", 1 - 2 ** (3**0.5) * 0.25),
        ("min(a, b, c_2) + max(a)", 0.25),
        ("abs(a - b)", 0.75),
        ("floor(a * 10) + ceil(a * 10)", 5.0),
        ("exp(log(a)) + sqrt(a)", 0.75),
        ("1e3 * a", 250.0),
    ],
)
def test_a_formula_is_worked_out(text, value):
    formula = Formula(text)
    formula.check(SCORES)
    assert formula.value(SCORES) == pytest.approx(value)
    assert pickle.loads(pickle.dumps(formula)).value(SCORES) == formula.value(SCORES)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "cannot be read"),
        ("a +", "cannot be read"),
        ("d * 2", "no grader is called 'd'; there are a, b, c_2"),
        ("a ** 2", "the power is '^'"),
        ("a // 2", "'a // 2' is not allowed"),
        ("a % 2", "not allowed"),
        ("True", "'True' is not a number"),
        ("'x'", "not allowed"),
        ("1j", "not allowed"),
        ("a.real", "not allowed"),
        ("a if b else 1", "not allowed"),
        ("[a][0]", "not allowed"),
        ("lambda: a", "not allowed"),
        ("(a := 2)", "not allowed"),
        ("__import__('os')", "not allowed"),
        ("min()", "'min' takes one number or more"),
        ("sqrt(a, b)", "'sqrt' takes one number, but has 2"),
        ("min(*a)", "not allowed"),
        ("max(a, default=2)", "not allowed"),
        ("pow(a, 2)", "not allowed"),
        ("-" * 500 + "a", "nested deeper than 100"),
        ("(" * 500 + "a" + ")" * 500, "cannot be read"),
        ("+".join("a" * 1500), "at most 2000"),
        ("a\0", "cannot be read"),
    ],
)
def test_what_is_no_formula_is_refused(text, message):
    with pytest.raises(DefinitionError) as caught:
        Formula(text).check(SCORES)
    assert message in caught.value.message
    assert caught.value.param == "calculate_output"


@pytest.mark.parametrize(
    "text", ["1 / c_2", "log(c_2)", "sqrt(-b)", "(-b) ^ a", "c_2 ^ -1", "exp(1000)", "1e308 * 10"]
)
def test_a_result_that_is_no_number_is_told(text):
    formula = Formula(text)
    formula.check(SCORES)
    with pytest.raises(GradingError) as caught:
        formula.value(SCORES)
    assert caught.value.flag == "other_error"


EXPRESSIONS = st.recursive(
    st.sampled_from(["a", "b", "c_2", "2", "0.5", "3e2"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/^"), inner).map(lambda t: f"({' '.join(t)})"),
        st.tuples(st.sampled_from(["abs", "floor", "ceil", "exp", "sqrt", "log"]), inner).map(
            lambda t: f"{t[0]}({t[1]})"
        ),
        st.lists(inner, min_size=1, max_size=3).map(lambda args: f"max({', '.join(args)})"),
        inner.map(lambda text: f"-{text}"),
    ),
    max_leaves=10,
)


@given(EXPRESSIONS, st.floats(0, 1), st.floats(0, 1))
def test_every_formula_is_finite_or_told(text, a, b):
    formula = Formula(text)
    formula.check(["a", "b", "c_2"])
    with contextlib.suppress(GradingError):
        assert math.isfinite(formula.value({"a": a, "b": b, "c_2": 1.0}))


@given(st.text(max_size=40))
def test_any_text_is_a_formula_or_refused(text):
    formula = Formula(text)
    with contextlib.suppress(DefinitionError):
        formula.check(["a"])
        with contextlib.suppress(GradingError):
            assert math.isfinite(formula.value({"a": 0.5}))


@given(st.floats(-10, 10), st.floats(-10, 10), st.floats(-10, 10))
def test_operators_bind_as_in_arithmetic(x, y, z):
    scores = {"x": x, "y": y, "z": z}
    assert Formula("x + y * z - x").value(scores) == x + y * z - x
