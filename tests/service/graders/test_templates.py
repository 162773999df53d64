from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitchpipe.service.graders.errors import DefinitionError, GradingError
from pitchpipe.service.graders.samples import sample_of
from pitchpipe.service.graders.templates import Template

CALL = {"id": "c", "type": "function", "function": {"name": "find", "arguments": '{"a": 1}'}}
VALUES = {
    "item": {"label": "pos", "deep": {"a b": [1, {"x": None}], "ü": 2.5}, "yes": True},
    "sample": sample_of(json.dumps({"name": "Ada", "tool_calls": [CALL]})),
}
NAMES = st.from_regex(r"[\w-]+", fullmatch=True)
JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("", ""),
        ("plain } { text", "plain } { text"),
        ("{{ item.label }}", "pos"),
        ("{{item.label}}-{{item.label}}", "pos-pos"),
        ('{"a": {{ item.yes }}}', '{"a": true}'),
        ("{{ item.deep['a b'][0] }}", "1"),
        ('{{ item.deep["a b"][1].x }}', "null"),
        ("{{ item.deep.ü }}", "2.5"),
        ("{{ item . deep }}", '{"a b": [1, {"x": null}], "ü": 2.5}'),
        ("{{ sample.output_json.name }}", "Ada"),
        ("{{ sample.output_tools[0].function.name }}", "find"),
        ("{{ sample.choices[0].message.tool_calls[0].function.arguments }}", '{"a": 1}'),
    ],
)
def test_variables_are_filled_in(text, filled):
    template = Template(text)
    template.check("input")
    assert template.fill(VALUES) == filled


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{{ label }}", "unknown namespace 'label'; expected 'item' or 'sample'"),
        ("{{ }}", "unknown namespace ''"),
        ("{{ item }}", "a variable is missing"),
        ("{{ item.a..b }}", "cannot be read from '..b' on"),
        ("{{ item[-1] }}", "cannot be read"),
        ("{{ sample.output_audio }}", "a sample has no 'output_audio'; it has output_text,"),
        ("{{ item.a ", "not closed"),
    ],
)
def test_what_is_no_variable_is_refused(text, message):
    with pytest.raises(DefinitionError) as caught:
        Template(text).check("reference")
    assert message in caught.value.message
    assert caught.value.param == "reference"


@pytest.mark.parametrize(
    ("text", "flag", "message"),
    [
        ("{{ item.lable }}", "invalid_variable_error", "'item.lable', but 'item' has no 'lable'"),
        ("{{ item.label.x }}", "invalid_variable_error", "'item.label' has no 'x'"),
        ("{{ item.deep['a b'][2] }}", "invalid_variable_error", "has no 2"),
        ("{{ item.label[0] }}", "invalid_variable_error", "has no 0"),
        ("{{ sample.output_tools[1] }}", "invalid_variable_error", "has no 1"),
    ],
)
def test_a_path_that_leads_nowhere_says_where_it_ends(text, flag, message):
    with pytest.raises(GradingError) as caught:
        Template(text).fill(VALUES)
    assert caught.value.flag == flag
    assert message in str(caught.value)


@pytest.mark.parametrize("text", ["not json", "NaN", "[" * 5000, ""])
def test_a_sample_that_is_not_json_has_none(text):
    values = {"sample": sample_of(text)}
    assert Template("{{ sample.output_text }}").fill(values) == text
    with pytest.raises(GradingError) as caught:
        Template("{{ sample.output_json.x }}").fill(values)
    assert caught.value.flag == "sample_parse_error"


@given(st.dictionaries(NAMES, JSONS, min_size=1), st.data())
def test_each_field_is_found_by_name_and_by_quotes(item, data):
    name = data.draw(st.sampled_from(sorted(item)))
    value = item[name] if isinstance(item[name], str) else json.dumps(item[name], ensure_ascii=0)
    for text in (f"{{{{ item.{name} }}}}", f'{{{{item["{name}"]}}}}'):
        assert Template(text).fill({"item": item}) == value


@given(st.text())
def test_a_text_is_refused_or_keeps_all_that_is_not_a_variable(text):
    template = Template(text)
    try:
        template.check("input")
    except DefinitionError:
        assert "{{" in text
        return
    if not list(template.paths("item")) and not list(template.paths("sample")):
        assert template.fill({}) == text
