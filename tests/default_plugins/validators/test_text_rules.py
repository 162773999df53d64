"""What may be wrong with text."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitchpipe.default_plugins.validators.control_characters import DropControls
from pitchpipe.records import Severity


@pytest.mark.parametrize("sign", ["\x1b", "\x00", "\x7f", "\x85", "\u200b", "\u202e", "\ufeff"])
def test_signs_that_nobody_sees_are_taken_out(frame, bound, find, sign) -> None:
    chunk = frame(prompt=["fine", f"ca{sign}fé", "tab\tand\nline"], completion=["x", "y", "z"])
    [finding] = find(bound("control-characters"), chunk)
    assert (finding.count, finding.lines) == (1, (3,))
    fixed = finding.fix.apply(chunk)
    assert fixed["prompt"].tolist() == ["fine", "café", "tab\tand\nline"]
    assert chunk["prompt"].tolist()[1] == f"ca{sign}fé"


def test_joiners_of_emoji_and_scripts_stay(frame, bound, find) -> None:
    chunk = frame(prompt=["\U0001f468\u200d\U0001f469", "\u0646\u200c\u0645"], completion=["x"] * 2)
    assert find(bound("control-characters"), chunk) == []


def test_talks_are_cleaned_all_the_way_down(frame, bound, find, talk) -> None:
    odd = [{"role": "user", "content": [{"type": "text", "text": "a\x1bb"}]}]
    chunk = frame(messages=[talk("q", "a"), odd])
    [finding] = find(bound("control-characters", "chat"), chunk)
    assert finding.lines == (3,)
    fixed = finding.fix.apply(chunk)["messages"].tolist()
    assert fixed[1] == [{"role": "user", "content": [{"type": "text", "text": "ab"}]}]
    assert odd[0]["content"][0]["text"] == "a\x1bb"


@given(st.lists(st.text(), min_size=1))
def test_cleaning_leaves_the_rest_and_is_final(texts) -> None:
    chunk = pd.DataFrame({"prompt": texts}, dtype=object)
    once = DropControls(("prompt",))(chunk)
    assert DropControls(("prompt",))(once)["prompt"].tolist() == once["prompt"].tolist()
    for before, after in zip(texts, once["prompt"], strict=True):
        kept = iter(before)
        assert all(letter in kept for letter in after), "nothing is added or moved"


@pytest.mark.parametrize("token", ["<|endoftext|>", "<|im_start|>", "<|fim_prefix|>"])
def test_special_tokens_are_named(frame, bound, find, token) -> None:
    chunk = frame(prompt=["a <| b", f"x {token} y"], completion=["x", "y"])
    [finding] = find(bound("special-tokens"), chunk)
    assert (finding.lines, finding.before) == ((3,), repr(token))


SECRETS = [
    "sk-" + "a1B2" * 8,
    "AKIA" + "ABCDEFGH12345678",
    "ghp_" + "a" * 36,
    "github_pat_" + "b" * 30,
    "xoxb-" + "1234567890-abc",
    "AIza" + "c" * 35,
    "hf_" + "d" * 34,
    "eyJ" + "e" * 12 + ".eyJ" + "f" * 12 + "." + "g" * 12,
    "-----BEGIN RSA " + "PRIVATE KEY-----",
]


@pytest.mark.parametrize("secret", SECRETS, ids=lambda secret: secret[:4])
def test_a_secret_is_found_and_never_shown(frame, bound, find, secret) -> None:
    chunk = frame(prompt=["risk-free", f"the key is {secret}, keep it"], completion=["x", "y"])
    [finding] = find(bound("secret-keys"), chunk)
    assert finding.lines == (3,)
    assert secret not in str(finding.to_json())
    assert secret[8:] not in str(finding.to_json())


def test_words_that_begin_like_keys_are_none(frame, bound, find) -> None:
    words = ["a task-oriented desk-bound risk-taker", "xox", "eyJ", "AKIA is a name", "sk-8"]
    assert find(bound("secret-keys"), frame(prompt=words, completion=["x"] * 5)) == []


def test_an_answer_that_is_the_question(frame, bound, find, talk) -> None:
    chunk = frame(prompt=["a", " b", "", None, "c"], completion=["x", "b ", "", None, 3])
    [finding] = find(bound("copied-output"), chunk)
    assert (finding.count, finding.lines) == (1, (3,))
    chats = frame(messages=[talk("q", "a"), talk("q", "q"), None, []])
    [finding] = find(bound("copied-output", "chat"), chats)
    assert finding.lines == (3,)


def test_lists_and_objects_are_no_text(frame, bound, find) -> None:
    chunk = frame(prompt=["a", ["b"], 3, None, True], completion=["x", "y", {"z": 1}, "x", 2.5])
    [finding] = find(bound("text-fields"), chunk)
    assert finding.severity is Severity.ERROR
    assert (finding.count, finding.lines, finding.before) == (2, (3, 4), "['b']")
    inputs = frame(input=[{"messages": []}], preferred_output=[[1]], non_preferred_output=[[2]])
    assert find(bound("text-fields", "preference"), inputs) == []


def test_nearly_the_same_prompts(frame, bound, find) -> None:
    text = "the film is a long and winding road through the hills of a small country far away"
    prompts = [text, "something else entirely, about a cat", f"{text} indeed", text]
    [finding] = find(bound("near-duplicates"), frame(prompt=prompts, completion=["x"] * 4))
    assert (finding.count, finding.lines) == (1, (4,))
    assert "line 4 that of line 2" in finding.message
