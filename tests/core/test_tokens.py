from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitchpipe.tokens import PER_MESSAGE, PER_NAME, PER_REPLY, bytes_of, count, count_records


@pytest.mark.parametrize(
    ("text", "cl100k", "o200k"),
    [
        ("", 0, 0),
        ("hello world", 2, 2),
        ("tiktoken is great!", 6, 6),
        ("antidisestablishmentarianism", 6, 6),
        ("お誕生日おめでとう", 9, 8),
    ],
)
def test_known_counts(text: str, cl100k: int, o200k: int) -> None:
    assert count([text], "cl100k_base") == [cl100k]
    assert count([text], "o200k_base") == [o200k]


@given(st.lists(st.text(), max_size=5), st.sampled_from(["cl100k_base", "o200k_base"]))
def test_no_text_has_more_tokens_than_bytes(texts: list[str], encoding: str) -> None:
    for text, tokens in zip(texts, count(texts, encoding), strict=True):
        assert tokens <= len(text.encode("utf-8", "replace"))


def test_special_tokens_are_ordinary_text() -> None:
    assert count(["<|endoftext|>"], "cl100k_base")[0] > 1


def test_half_a_surrogate_pair_is_counted() -> None:
    assert count(["a\ud800b"], "o200k_base")[0] >= 2


def test_of_no_records_there_is_nothing_to_count() -> None:
    assert count_records([], "o200k_base") == []


def test_a_prompt_and_its_completion_are_one_text() -> None:
    record = {"prompt": "hello", "completion": " world"}
    assert count_records([record, record], "cl100k_base") == [2, 2]


def test_a_conversation_costs_its_frame() -> None:
    messages = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "world"}]
    words = sum(count(["user", "hello", "assistant", "world"], "o200k_base"))
    [tokens] = count_records([{"messages": messages}], "o200k_base")
    assert tokens == words + PER_REPLY + 2 * PER_MESSAGE


def test_tools_count_as_json() -> None:
    tools = [{"type": "function"}]
    [tokens] = count_records([{"messages": [], "tools": tools}], "o200k_base")
    text = json.dumps(tools, separators=(",", ":"))
    assert tokens == count([text], "o200k_base")[0] + PER_REPLY


def test_a_name_costs_one_more() -> None:
    message = {"role": "user", "content": "hello"}
    plain, named = count_records(
        [{"messages": [message]}, {"messages": [{**message, "name": "hello"}]}], "o200k_base"
    )
    assert named == plain + 1 + PER_NAME


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "iVBO" * 50_000}},
        {"type": "input_audio", "input_audio": {"data": "UklG" * 50_000, "format": "wav"}},
        {"type": "file", "file": {"file_data": "JVBE" * 50_000}},
    ],
)
def test_what_has_no_words_is_not_counted(part: dict[str, object]) -> None:
    text = {"type": "text", "text": "what is this?"}
    plain, more, string = count_records(
        [
            {"messages": [{"role": "user", "content": content}]}
            for content in ([text], [text, part], "what is this?")
        ],
        "o200k_base",
    )
    assert plain == more == string


@given(
    st.fixed_dictionaries({"prompt": st.text(), "completion": st.text()})
    | st.fixed_dictionaries(
        {
            "messages": st.lists(
                st.fixed_dictionaries({"role": st.just("user"), "content": st.text()})
            )
        }
    )
)
def test_no_record_has_more_tokens_than_its_bytes(record: dict[str, object]) -> None:
    assert count_records([record], "o200k_base")[0] <= bytes_of(record)
