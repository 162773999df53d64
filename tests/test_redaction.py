import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitchpipe.redaction import PLACEHOLDER, hide_keys, holds_key, redact


@pytest.mark.parametrize(
    "secret",
    [
        "sk-proj-abc123DEF456",
        "sk-abcde***************wxyz",
        "Bearer abcdef.ghijk",
        "abcd*****wxyz",
        "sess-0123456789",
    ],
)
def test_whatever_looks_like_a_secret_is_taken_out(secret):
    assert redact(f"Incorrect key: {secret}, sorry.") == f"Incorrect key: {PLACEHOLDER}, sorry."


@pytest.mark.parametrize(
    "text", ["risk-averse task-oriented", "the bearer of news", "**bold**", "a sk-", ""]
)
def test_ordinary_words_stay(text):
    assert redact(text) == text


def test_keys_in_the_environment_and_those_given_are_taken_out(monkeypatch):
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "0a1b2c3d")
    text = redact("used 0a1b2c3d and hunter2", ["hunter2", ""])
    assert text == f"used {PLACEHOLDER} and {PLACEHOLDER}"


KEYS = [
    "sk-" + "a1B2" * 8,
    "AKIA" + "ABCDEFGH12345678",
    "ghp_" + "a" * 36,
    "xoxb-" + "1234567890-abc",
    "AIza" + "c" * 35,
    "-----BEGIN " + "PRIVATE KEY-----",
]


@given(st.lists(st.sampled_from([*KEYS, " ", "a", "-", "_", "\n", "sk", "AKIA"]), max_size=8))
def test_of_keys_that_are_hidden_none_is_left(parts):
    text = "".join(parts)
    hidden = hide_keys(text)
    assert not holds_key(hidden)
    assert (hidden == text) == (not holds_key(text))
    assert hide_keys(hidden) == hidden


@pytest.mark.parametrize("key", KEYS)
def test_a_key_that_is_hidden_can_be_named(key):
    assert hide_keys(f"is {key}!") == f"is {PLACEHOLDER}!"
    assert hide_keys(f"is {key}!", named=True).startswith("is [a")
    assert hide_keys(f"my{key[1:]}") == f"my{key[1:]}"


@given(st.text("a.-* ", max_size=12))
def test_a_masked_word_is_taken_out_whole(text):
    assert redact(text) == re.sub(r"[\w.-]*\*{3,}[\w.-]*", PLACEHOLDER, text)


@pytest.mark.parametrize("part", ["a", "a.", "-", "*", "**a", "sk-", "Bearer ", "sk-a"])
def test_a_long_word_takes_time_in_proportion(part):
    """It would take minutes if each of its letters were tried as a beginning."""
    redact(part * 400_000)
