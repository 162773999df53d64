import pytest

from pitchpipe.redaction import PLACEHOLDER, redact


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
