"""What may be wrong with text."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitchpipe.default_plugins.validators._rewriting import Rewrite
from pitchpipe.default_plugins.validators.control_characters import ControlCharacters
from pitchpipe.default_plugins.validators.secret_keys import SecretKeys
from pitchpipe.default_plugins.validators.special_tokens import SpecialTokens
from pitchpipe.nested import strings_of, with_strings
from pitchpipe.records import Severity
from pitchpipe.redaction import PLACEHOLDER

MISREAD = {n: bytes([n]).decode("cp1252", "ignore") or None for n in range(128, 160) if n != 133}

FLAG = "\U0001f3f4\U000e0067\U000e0062\U000e007f"
SIGNS = [
    "\x1b",
    "\x00",
    "\x7f",
    "\x90",
    "\xad",
    "\u200b",
    "\u061c",
    "\u202e",
    "\ufeff",
    "\U000e0041",
]


@pytest.mark.parametrize("sign", SIGNS)
def test_signs_that_nobody_sees_are_taken_out(frame, bound, find, sign) -> None:
    chunk = frame(prompt=["fine", f"ca{sign}fé", "tab\tand\nline"], completion=["x", "y", "z"])
    [finding] = find(bound("control-characters"), chunk)
    assert (finding.count, finding.lines) == (1, (3,))
    fixed = finding.fix.apply(chunk)
    assert fixed["prompt"].tolist() == ["fine", "café", "tab\tand\nline"]
    assert chunk["prompt"].tolist()[1] == f"ca{sign}fé"


@pytest.mark.parametrize("sign", SIGNS)
def test_it_is_found_wherever_it_stands(frame, bound, find, talk, sign) -> None:
    for text in (sign, f"{sign}\u2019", f"\u2019 {sign * 3}"):
        for chunk, kind in (
            (frame(prompt=[text], completion=["x"]), "completion"),
            (frame(messages=[talk("q", text)]), "chat"),
            (frame(prompt=[["\ud800", text]], completion=[3]), "completion"),
        ):
            [finding] = find(bound("control-characters", kind), chunk)
            assert (finding.count, finding.lines) == (1, (2,))


def test_what_parts_two_words_becomes_a_space(frame, bound, find) -> None:
    chunk = frame(prompt=["one\x0ctwo\x0c", "a \x0bb", "c\x85\x1b\x1ed"], completion=["x"] * 3)
    [finding] = find(bound("control-characters"), chunk)
    assert finding.fix.apply(chunk)["prompt"].tolist() == ["one two", "a b", "c  d"]


def test_a_finding_shows_its_example_before_and_after(frame, bound, find) -> None:
    chunk = frame(prompt=["word " * 20 + "ca\u200bf\x85e" + " word" * 20], completion=["x"])
    [finding] = find(bound("control-characters"), chunk)
    assert finding.before == r"'rd word word ca\u200bf\x85e word word w'"
    assert finding.after == "'rd word word caf e word word w'"
    crowded = frame(prompt=["\U000e0041" * 50], completion=["x"])
    [finding] = find(bound("control-characters"), crowded)
    assert (finding.before, finding.after) == (repr("\U000e0041" * 5), "''")


def test_joiners_of_emoji_and_scripts_and_flags_stay(frame, bound, find) -> None:
    texts = ["\U0001f468\u200d\U0001f469", "\u0646\u200c\u0645", FLAG, "a\r\n\tb"]
    assert find(bound("control-characters"), frame(prompt=texts, completion=["x"] * 4)) == []


def test_talks_are_cleaned_all_the_way_down(frame, bound, find, talk) -> None:
    odd = [{"role": "user", "content": [{"type": "text", "text": "a\x1bb"}]}]
    chunk = frame(messages=[talk("q", "a"), odd])
    [finding] = find(bound("control-characters", "chat"), chunk)
    assert finding.lines == (3,)
    fixed = finding.fix.apply(chunk)["messages"].tolist()
    assert fixed[1] == [{"role": "user", "content": [{"type": "text", "text": "ab"}]}]
    assert odd[0]["content"][0]["text"] == "a\x1bb"


SECRETS = [
    "sk-" + "a1B2" * 8,
    "sk-" + "proj-" + "a1_2" * 30,
    "AKIA" + "ABCDEFGH12345678",
    "ghp_" + "a" * 36,
    "ghs_" + "a" * 36,
    "github_pat_" + "b" * 30,
    "glpat-" + "b1" * 10,
    "xoxb-" + "1234567890-abc",
    "AIza" + "c" * 35,
    "hf_" + "d" * 34,
    "npm_" + "d" * 36,
    "pypi-" + "d" * 60,
    "rk_live_" + "e" * 24,
    "eyJ" + "e" * 12 + ".eyJ" + "f" * 12 + "." + "g" * 12,
    "Bearer " + "h1" * 15,
    "-----BEGIN RSA " + "PRIVATE KEY-----\n" + "MIIE" * 16 + "\n-----END RSA " + "PRIVATE KEY-----",
]
pieces = st.one_of(
    st.text(max_size=3),
    st.sampled_from([*SIGNS, FLAG, "\x0c", "<|endoftext|>", "<|im_", "start|>", " ", "\n"]),
    st.sampled_from(SECRETS),
)
texts = st.lists(pieces, max_size=5).map("".join)


@pytest.mark.parametrize("rule", [ControlCharacters, SpecialTokens, SecretKeys])
@given(values=st.lists(texts, min_size=1))
def test_a_text_is_changed_if_and_only_if_something_is_found_in_it(rule, values) -> None:
    chunk = pd.DataFrame({"prompt": values}, dtype=object)
    found = [rule.excerpt(text) is not None for text in values]
    assert found == [rule.without(text) != text for text in values]
    assert rule.suspects(chunk, "prompt") or not any(found)
    fixed = Rewrite(("prompt",), rule)(chunk)
    assert fixed["prompt"].tolist() == [rule.without(text) for text in values]
    assert Rewrite(("prompt",), rule)(fixed)["prompt"].tolist() == fixed["prompt"].tolist()
    assert chunk["prompt"].tolist() == values


@given(texts)
def test_nothing_but_the_invisible_goes_and_no_words_are_joined(text) -> None:
    letters = iter(text.translate(MISREAD))
    after = ControlCharacters.without(text)
    assert all(letter in letters for letter in after if letter != " ")
    assert len(after.split()) <= len(text.split())
    assert len(after.split("\n")) == len(text.split("\n"))


@pytest.mark.parametrize("token", ["<|endoftext|>", "<|im_start|>", "<|fim_prefix|>", "<|eot_id|>"])
def test_special_tokens_are_named(frame, bound, find, token) -> None:
    chunk = frame(prompt=["a <| b", f"x {token} y"], completion=["x", "y"])
    [finding] = find(bound("special-tokens"), chunk)
    assert finding.lines == (3,)
    assert (finding.before, finding.after) == (repr(f"x {token} y"), "'x  y'")
    assert finding.fix.level == "optional"


def test_a_token_around_a_token_goes_as_well() -> None:
    assert SpecialTokens.without("a<|im_<|im_end|>start|>b") == "ab"


@pytest.mark.parametrize("secret", SECRETS, ids=lambda secret: secret[:7])
def test_a_secret_is_found_and_never_shown(frame, bound, find, talk, secret) -> None:
    text = f"the key is {secret}, keep it"
    for chunk, kind in (
        (frame(prompt=["risk-free", text], completion=["x", "y"]), "completion"),
        (frame(messages=[None, talk("q", text)]), "chat"),
    ):
        [finding] = find(bound("secret-keys", kind), chunk)
        assert finding.lines == (3,)
        assert finding.after == "'the key is [redacted], keep it'"
        assert finding.before.startswith("'the key is [a")
        assert secret not in str(finding.to_json())
        assert secret[8:] not in str(finding.to_json())
        [column] = {"prompt", "messages"} & set(chunk.columns)
        fixed = finding.fix.apply(chunk)[column].tolist()[1]
        given = chunk[column].tolist()[1]
        assert any(secret in part for part in strings_of(given))
        assert fixed == with_strings(given, lambda part: part.replace(secret, PLACEHOLDER))


@pytest.mark.parametrize("secret", SECRETS, ids=lambda secret: secret[:7])
def test_other_rules_do_not_show_a_secret_either(frame, bound, find, talk, secret) -> None:
    texts = [f"{'long ' * n}{secret}\u200b <|endoftext|> {secret}" for n in range(14)]
    chunk = frame(prompt=texts, completion=texts)
    for rule in ("control-characters", "special-tokens", "copied-output"):
        [finding] = find(bound(rule), chunk)
        assert secret[8:] not in str(finding.to_json())
    for rule, value in (("class-counts", secret), ("text-fields", [secret])):
        chunk = frame(prompt=["q"] * 20, completion=["x"] * 19 + [value])
        [finding] = find(bound(rule), chunk)
        assert secret[8:] not in str(finding.to_json())


def test_words_that_begin_like_keys_are_none(frame, bound, find) -> None:
    words = ["a task-oriented desk-bound risk-taker", "xox", "eyJ", "AKIA is a name", "sk-8"]
    words += ["sk-translation-of-the-interface-texts", "the Bearer of unexceptionable-news"]
    assert find(bound("secret-keys"), frame(prompt=words, completion=["x"] * 7)) == []


def test_an_answer_that_is_the_question(frame, bound, find, talk) -> None:
    chunk = frame(prompt=["a", " b", "", None, "c"], completion=["x", "b ", "", None, 3])
    [finding] = find(bound("copied-output"), chunk)
    assert (finding.count, finding.lines) == (1, (3,))
    assert finding.fix.level == "optional"
    assert finding.fix.apply(chunk).index.tolist() == [2, 4, 5, 6]
    chats = frame(messages=[talk("q", "a"), talk("q", "q"), None, [], talk("q")])
    [finding] = find(bound("copied-output", "chat"), chats)
    assert finding.lines == (3,)


def test_a_copy_is_one_also_in_a_record_and_in_a_preference(frame, bound, find, talk) -> None:
    chunk = frame(prompt=["a##", "a##", "b##c", "d"], completion=[" a", " b", "b##c", "e"])
    [finding] = find(bound("copied-output"), chunk)
    assert finding.lines == (2, 4)
    answers = [[{"role": "assistant", "content": text}] for text in ("q", "a", "b")]
    chunk = frame(
        input=[{"messages": talk("q")}, {"messages": talk("q")}, "b"],
        preferred_output=answers,
        non_preferred_output=answers[::-1],
    )
    [finding] = find(bound("copied-output", "preference"), chunk)
    assert finding.lines == (2, 4)
    plain = frame(prompt=["q", "r"], preferred_output=["q", "s"], non_preferred_output=["x", "r"])
    [finding] = find(bound("copied-output", "preference"), plain)
    assert finding.lines == (2,)


def test_lists_and_objects_are_no_text(frame, bound, find) -> None:
    chunk = frame(prompt=["a", ["b"], 3, None, True], completion=["x", "y", {"z": 1}, "x", 2.5])
    [finding] = find(bound("text-fields"), chunk)
    assert finding.severity is Severity.ERROR
    assert (finding.count, finding.lines, finding.before) == (2, (3, 4), "['b']")
    inputs = frame(input=[{"messages": []}], preferred_output=[[1]], non_preferred_output=[[2]])
    assert find(bound("text-fields", "preference"), inputs) == []


def test_misread_quotes_become_quotes(frame, bound, find) -> None:
    chunk = frame(prompt=["\x93so-so\x94 \x96 it\x92s fine", "plain"], completion=["x", "y"])
    [finding] = find(bound("control-characters"), chunk)
    fixed = finding.fix.apply(chunk)["prompt"].tolist()
    assert fixed == ["\u201cso-so\u201d \u2013 it\u2019s fine", "plain"]
