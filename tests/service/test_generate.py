from __future__ import annotations

import itertools
import json
import math

import openai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitchpipe.service.http import Request
from pitchpipe.service.protocol import tokens
from pitchpipe.service.protocol.answers import chat_logprobs, completion_choice, trim
from pitchpipe.stages import Token

TOKENS = st.lists(st.text("ab\n ", min_size=1, max_size=4), max_size=8).map(
    lambda texts: [Token(text, -0.5, ((text, -0.5), ("b", -1.0))) for text in texts]
)


@settings(max_examples=200)
@given(
    said=TOKENS,
    stops=st.lists(st.text("ab\n", min_size=1, max_size=2), max_size=3),
    most=st.none() | st.integers(0, 9),
)
def test_trimming(said, stops, most):
    answer = trim(said, stops, most)
    whole = "".join(token.text for token in said[:most])
    assert whole.startswith(answer.text)
    assert not any(stop in answer.text for stop in stops)
    cut = any(stop in whole for stop in stops)
    assert (len(answer.text) < len(whole)) == cut
    too_long = most is not None and most < len(said)
    assert answer.finish_reason == ("length" if too_long and not cut else "stop")
    for token in answer.tokens:
        assert token.text in dict(token.alternatives)
    choice = completion_choice(0, "", answer, 1)["logprobs"]
    for offset, text in zip(choice["text_offset"], choice["tokens"], strict=True):
        assert answer.text[offset : offset + len(text)] == text


def test_a_stop_inside_a_token_cuts_its_alternatives_too():
    half = math.log(0.25)
    token = Token(
        " pos\n", half, ((" pos\n", half), (" pos\nx", half), (" neg\n", half), ("", -9.0))
    )
    (kept,) = trim([token], ["\n"], None).tokens
    assert kept.text == " pos"
    assert kept.alternatives[0] == (" pos", pytest.approx(math.log(0.5)))
    assert kept.alternatives[1] == (" neg", half)


def test_impossible_tokens_have_the_api_s_figure():
    said = trim([Token("a", -math.inf, (("a", -math.inf), ("a", -math.inf)))], [], None)
    assert completion_choice(0, "", said, 1)["logprobs"]["token_logprobs"] == [-9999.0]
    assert chat_logprobs(said, 1)["content"][0]["top_logprobs"][0]["logprob"] == -9999.0
    cut = trim([Token("ab", -1.0, (("ab", -math.inf), ("ac", -math.inf)))], ["b"], None)
    assert dict(cut.tokens[0].alternatives) == {"a": -math.inf, "ac": -math.inf}


@pytest.fixture
def tuned(lab):
    return lab.run().fine_tuned_model


def test_a_completion(lab, tuned):
    answer = lab.client.completions.create(model=tuned, prompt="one two", temperature=0)
    (choice,) = answer.choices
    assert (choice.text, choice.finish_reason, choice.index) == ("yes now", "stop", 0)
    assert choice.logprobs is None
    usage = answer.usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (2, 2, 4)
    assert (answer.object, answer.model) == ("text_completion", tuned)
    again = lab.client.completions.create(model=tuned, prompt="one two", temperature=0)
    assert again.id != answer.id
    assert again.choices == answer.choices


def test_a_completion_s_logprobs(lab, tuned):
    answer = lab.client.completions.create(model=tuned, prompt="x", temperature=0, logprobs=1)
    logprobs = answer.choices[0].logprobs
    assert logprobs.tokens == ["yes", " now"]
    assert logprobs.text_offset == [0, 3]
    assert logprobs.token_logprobs[0] == pytest.approx(math.log(0.65))
    assert [list(top) for top in logprobs.top_logprobs] == [["yes"], [" now"]]
    wide = lab.client.completions.create(model=tuned, prompt="x", temperature=0, logprobs=5)
    assert list(wide.choices[0].logprobs.top_logprobs[0]) == ["yes", "no"]


@pytest.mark.parametrize(
    ("options", "text", "reason"),
    [
        ({"max_tokens": 1}, "yes", "length"),
        ({"max_tokens": 2}, "yes now", "stop"),
        ({"max_tokens": 0, "echo": True}, "x", "length"),
        ({"stop": " "}, "yes", "stop"),
        ({"stop": ["zz", "es", ""]}, "y", "stop"),
        ({"echo": True}, "xyes now", "stop"),
        ({"max_tokens": None, "stop": None, "n": None, "seed": None}, "yes now", "stop"),
    ],
)
def test_where_a_completion_ends(lab, tuned, options, text, reason):
    answer = lab.client.completions.create(model=tuned, prompt="x", temperature=0, **options)
    assert (answer.choices[0].text, answer.choices[0].finish_reason) == (text, reason)


def test_several_prompts_and_choices(lab, tuned):
    answer = lab.client.completions.create(model=tuned, prompt=["a", "b"], n=3, temperature=0)
    assert [choice.index for choice in answer.choices] == list(range(6))
    assert len(lab.client.completions.create(model=tuned, prompt=None).choices) == 1  # type: ignore[call-overload]


def test_choices_differ_and_repeat_with_the_seed(lab, tuned):
    def texts(**options):
        answer = lab.client.completions.create(model=tuned, prompt="x", n=8, **options)
        return [choice.text for choice in answer.choices]

    assert set(texts()) == {"yes now", "no"}
    assert texts() != texts()
    assert texts(seed=1) == texts(seed=1)
    assert len({tuple(texts(seed=seed)) for seed in range(0, 80, 8)}) > 1
    assert set(texts(temperature=0)) == {"yes now"}


def test_a_chat_completion(lab, lines):
    model = lab.run(lines["chat"](), model="gpt-4o-mini").fine_tuned_model
    answer = lab.client.chat.completions.create(
        model=model,
        messages=[{"role": "user", "content": "hello there"}],
        temperature=0,
        logprobs=True,
        top_logprobs=2,
        max_completion_tokens=1,
    )
    (choice,) = answer.choices
    assert (choice.message.role, choice.message.content) == ("assistant", "yes")
    assert (choice.message.refusal, choice.finish_reason) == (None, "length")
    (token,) = choice.logprobs.content
    assert (token.token, bytes(token.bytes)) == ("yes", b"yes")
    assert [top.token for top in token.top_logprobs] == ["yes", "no"]
    assert answer.usage.completion_tokens == 1
    assert answer.object == "chat.completion"
    plain = lab.client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": "hi"}], n=2, stop=" now"
    )
    assert [choice.logprobs for choice in plain.choices] == [None, None]


def test_base_models_answer_untrained(lab):
    assert (
        lab.client.completions.create(model="davinci-002", prompt="x").choices[0].text
        == "untrained"
    )
    message = {"role": "user", "content": "x"}
    answer = lab.client.chat.completions.create(model="gpt-4o-mini", messages=[message])
    assert answer.choices[0].message.content == "untrained"


@pytest.mark.parametrize("usage", [False, True])
def test_a_completion_streams(lab, tuned, usage):
    chunks = list(
        lab.client.completions.create(
            model=tuned,
            prompt="x",
            echo=True,
            temperature=0,
            stream=True,
            stream_options={"include_usage": usage},
        )
    )
    choices = [choice for chunk in chunks for choice in chunk.choices]
    assert [choice.text for choice in choices] == ["x", "yes", " now", ""]
    assert [choice.finish_reason for choice in choices] == [None, None, None, "stop"]
    assert len({chunk.id for chunk in chunks}) == 1
    assert [chunk.usage.total_tokens for chunk in chunks if chunk.usage] == ([3] if usage else [])


def test_a_chat_completion_streams(lab, lines):
    model = lab.run(lines["chat"](), model="gpt-4o").fine_tuned_model
    stream = lab.client.chat.completions.create(
        model=model,
        messages=[{"role": "user", "content": "x"}],
        n=2,
        temperature=0,
        stream=True,
        logprobs=True,
    )
    said = {0: "", 1: ""}
    ends = []
    for chunk in stream:
        (choice,) = chunk.choices
        said[choice.index] += choice.delta.content or ""
        if choice.delta.content:
            assert choice.logprobs.content[0].token == choice.delta.content
        ends.append(choice.finish_reason)
    assert said == {0: "yes now", 1: "yes now"}
    assert ends.count("stop") == 2


USER = {"role": "user", "content": "x"}


@pytest.mark.parametrize(
    ("path", "change", "status", "param", "code"),
    [
        ("completions", {"model": "gpt-9"}, 404, None, "model_not_found"),
        ("completions", {"model": "gpt-4o-mini"}, 404, "model", None),
        ("chat/completions", {"model": "ada"}, 404, "model", None),
        ("completions", {"prompt": [1, 2]}, 400, "prompt", "unsupported_value"),
        ("completions", {"prompt": {}}, 400, "prompt", "invalid_type"),
        ("completions", {"logprobs": 6}, 400, "logprobs", "integer_above_max_value"),
        ("completions", {"temperature": 2.5}, 400, "temperature", "decimal_above_max_value"),
        ("completions", {"temperature": "hot"}, 400, "temperature", "invalid_type"),
        ("completions", {"max_tokens": -1}, 400, "max_tokens", "integer_below_min_value"),
        ("completions", {"n": 0}, 400, "n", "integer_below_min_value"),
        ("completions", {"n": 3, "best_of": 2}, 400, None, "invalid_value"),
        ("completions", {"stop": list("abcde")}, 400, "stop", "array_above_max_length"),
        ("completions", {"stream_options": {}}, 400, None, "invalid_value"),
        ("completions", {"classification": 1}, 400, "classification", "unknown_parameter"),
        ("chat/completions", {"messages": []}, 400, "messages", "array_below_min_length"),
        ("chat/completions", {"messages": "hi"}, 400, "messages", "invalid_type"),
        (
            "chat/completions",
            {"messages": [USER, {}]},
            400,
            "messages[1].role",
            "missing_required_parameter",
        ),
        ("chat/completions", {"messages": [{"role": "user"}]}, 400, "messages[0]", "invalid_value"),
        (
            "chat/completions",
            {"messages": [{"role": "x"}]},
            400,
            "messages[0].role",
            "invalid_value",
        ),
        ("chat/completions", {"top_logprobs": 2}, 400, None, "invalid_value"),
        ("chat/completions", {"max_tokens": 0}, 400, "max_tokens", "integer_below_min_value"),
    ],
)
def test_requests_are_checked(lab, path, change, status, param, code):
    body = {"completions": {"model": "ada", "prompt": "x"}}.get(path) or {
        "model": "gpt-4o-mini",
        "messages": [USER],
    }
    content = json.dumps(body | change).encode()
    response = lab.service.handle(Request("POST", f"/v1/{path}", body=content))
    error = json.loads(response.body)["error"]
    assert (response.status, error["param"], error["code"]) == (status, param, code)
    assert error["type"] == "invalid_request_error"


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda x: st.lists(x) | st.dictionaries(st.text(), x),
        max_leaves=5,
    )
)
def test_nothing_in_a_request_is_an_error_of_the_service(shared, value):
    for body in (
        {"model": "ada", "prompt": value},
        {"model": "gpt-4o-mini", "messages": value},
        {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": value}]},
        {"model": value},
        value,
    ):
        content = json.dumps(body).encode()
        for path in ("completions", "chat/completions", "fine_tuning/jobs", "batches"):
            response = shared.handle(Request("POST", f"/v1/{path}", body=content))
            assert response.status < 500
            assert json.loads(response.body)


@pytest.fixture(scope="module")
def shared():
    from pitchpipe.service.learners.ngram import NgramLearner
    from pitchpipe.service.service import Service

    service = Service(learner=NgramLearner)
    yield service
    service.close()


@given(st.text(max_size=50), st.text(max_size=50))
def test_counting_tokens(a, b):
    assert tokens.count([a, {"x": b, "n": 1}]) == tokens.count(a) + tokens.count(b)
    assert tokens.count("It's 3.5, no?") == 9
    assert tokens.count("a" * 20) == 3


# --- echo with log probabilities, best_of -------------------------------------------------------


def test_an_echoed_prompt_is_spelled_by_its_tokens(lab):
    @given(st.text(max_size=30), st.integers(0, 5), st.booleans())
    def check(prompt, top, stream):
        answer = lab.client.completions.create(
            model="ada", prompt=prompt, echo=True, logprobs=top, max_tokens=1, stream=stream
        )
        choices = [chunk.choices[0] for chunk in answer] if stream else answer.choices
        logprobs = [choice.logprobs for choice in choices if choice.logprobs]
        tokens = [token for part in logprobs for token in part.tokens]
        offsets = [offset for part in logprobs for offset in part.text_offset]
        assert "".join(choice.text for choice in choices) == "".join(tokens)
        assert "".join(tokens).startswith(prompt)
        assert offsets == list(itertools.accumulate(map(len, tokens), initial=0))[:-1]
        assert all(chance <= 0 for part in logprobs for chance in part.token_logprobs)

    check()


def test_a_label_is_scored_by_reading_it(make_lab, lines):
    lab = make_lab(learner=None)
    model = lab.run(lines["completion"](60)).fine_tuned_model

    def read(text):
        answer = lab.client.completions.create(
            model=model, prompt=text, echo=True, logprobs=0, max_tokens=0
        )
        return answer.choices[0]

    said = lab.client.completions.create(model=model, prompt="7 ->", logprobs=0, temperature=0)
    label = said.choices[0].text
    scored = read("7 ->" + label)
    count = len(said.choices[0].logprobs.tokens)
    assert scored.logprobs.token_logprobs[-count:] == pytest.approx(
        said.choices[0].logprobs.token_logprobs
    )
    assert scored.text == "7 ->" + label
    scores = {text: sum(read("7 ->" + text).logprobs.token_logprobs) for text in ("yes now", "no")}
    assert max(scores, key=scores.get) == label


def test_the_best_of_several_is_the_likeliest(make_lab, lines):
    lab = make_lab(learner=None)
    model = lab.run(lines["completion"](30), hyperparameters={"n_epochs": 1}).fine_tuned_model
    options = {"model": model, "prompt": "7 ->", "logprobs": 0, "temperature": 2, "seed": 1}
    every = lab.client.completions.create(**options, n=20).choices
    means = [sum(c.logprobs.token_logprobs) / len(c.logprobs.tokens) for c in every]
    best = lab.client.completions.create(**options, n=1, best_of=20).choices[0]
    assert len({choice.text for choice in every}) == 2
    assert best.text == every[means.index(max(means))].text


@pytest.mark.parametrize("param", ["max_tokens", "max_completion_tokens"])
@pytest.mark.parametrize(("model", "most"), [("gpt-4o", 16_384), ("gpt-3.5-turbo", 4096)])
def test_no_answer_is_longer_than_the_model_gives(lab, param, model, most):
    messages = [{"role": "user", "content": "x"}]
    create = lab.client.chat.completions.create
    assert create(model=model, messages=messages, **{param: most}).choices
    with pytest.raises(openai.BadRequestError) as refused:
        create(model=model, messages=messages, **{param: most + 1})
    assert (refused.value.param, refused.value.code) == (param, "invalid_value")
    assert f"supports at most {most} completion tokens, whereas you provided {most + 1}" in str(
        refused.value
    )


def test_no_completion_is_longer_than_the_model_gives(lab):
    create = lab.client.completions.create
    assert create(model="davinci-002", prompt="x", max_tokens=16_384).choices
    with pytest.raises(openai.BadRequestError, match="max_tokens is too large: 16385"):
        create(model="davinci-002", prompt="x", max_tokens=16_385)
    assert create(model="davinci", prompt="x", max_tokens=10**6).choices  # nobody told a limit


@pytest.mark.parametrize(
    ("param", "most"), [("messages", 2048), ("tools", 128), ("functions", 128)]
)
def test_lists_of_a_conversation_are_bounded(lab, param, most):
    items = {
        "messages": {"role": "user", "content": "x"},
        "tools": {"type": "function", "function": {"name": "f"}},
        "functions": {"name": "f"},
    }
    asked = {"model": "gpt-4o", "messages": [items["messages"]]}
    assert lab.client.chat.completions.create(**asked | {param: [items[param]] * most}).choices
    with pytest.raises(openai.BadRequestError) as refused:
        lab.client.chat.completions.create(**asked | {param: [items[param]] * (most + 1)})
    assert (refused.value.param, refused.value.code) == (param, "array_above_max_length")
