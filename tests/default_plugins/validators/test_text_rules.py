"""What may be wrong with text."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitchpipe.default_plugins.validators._invisible import INVISIBLE
from pitchpipe.default_plugins.validators._rewriting import Rewrite
from pitchpipe.default_plugins.validators.control_characters import ControlCharacters
from pitchpipe.default_plugins.validators.secret_keys import SecretKeys
from pitchpipe.default_plugins.validators.special_tokens import SpecialTokens
from pitchpipe.nested import strings_of, with_strings
from pitchpipe.records import Severity
from pitchpipe.redaction import PLACEHOLDER

MISREAD = {n: bytes([n]).decode("cp1252", "ignore") or None for n in range(128, 160)}

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
    "\u200c",
    "\u200d",
    "\u2060",
    "\ufe0f\ufe0f",
    "\U000e0100\U000e0101",
    "\u180b",
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
    assert finding.fix.apply(chunk)["prompt"].tolist() == ["one two", "a b", "c\u2026 d"]


def test_a_finding_shows_its_example_before_and_after(frame, bound, find) -> None:
    chunk = frame(prompt=["word " * 20 + "ca\u200bf\x85e" + " word" * 20], completion=["x"])
    [finding] = find(bound("control-characters"), chunk)
    assert finding.before == r"'rd word word ca\u200bf\x85e word word w'"
    assert finding.after == "'rd word word caf\u2026e word word w'"
    crowded = frame(prompt=["\U000e0041" * 50], completion=["x"])
    [finding] = find(bound("control-characters"), crowded)
    assert (finding.before, finding.after) == (repr("\U000e0041"), "''")


def test_joiners_of_emoji_and_scripts_and_flags_stay(frame, bound, find) -> None:
    texts = ["\U0001f468\u200d\U0001f469", "\u0646\u200c\u0645", FLAG, "a\r\n\tb"]
    assert find(bound("control-characters"), frame(prompt=texts, completion=["x"] * 4)) == []


NEEDED = {
    "emoji": [
        "\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 x",
        "\u2764\ufe0f\u200d\U0001f525",
    ],
    "emoji with tones": ["\U0001f469\U0001f3fd\u200d\u2695\ufe0f", "1\ufe0f\u20e3 #\ufe0f\u20e3"],
    "persian": [
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\u0647\u200d.",
        "\u06a9\u062a\u0627\u0628\u200c\u0647\u0627",
    ],
    "hindi": ["\u0915\u094d\u200d\u0937", "\u0930\u094d\u200c\u092f"],
    "sinhala and malayalam": ["\u0dc1\u0dca\u200d\u0dbb\u0dd3", "\u0d28\u0d4d\u200d"],
    "thai": [
        "\u0e20\u0e32\u0e29\u0e32\u200b\u0e44\u0e17\u0e22\u200bPython",
        "\u0e44\u0e17\u0e22\u2060\u0e44",
    ],
    "khmer": ["\u1797\u17b6\u179f\u17b6\u200b\u1781\u17d2\u1798\u17c2\u179a"],
    "lao and burmese": ["\u0e9e\u0eb2\u200b\u0eaa\u0eb2", "\u1019\u103c\u200b\u1014\u103a"],
    "tibetan": ["\u0f56\u0f7c\u0f51\u200b\u0f0b"],
    "japanese": ["\u65e5\u672c\u8a9e\u200b\u306e", "\u845b\U000e0100"],
    "mongolian": ["\u1828\u180e\u1820", "\u1820\u180b"],
    "hebrew": ["\u05e9\u05dc\u05d5\u05dd C++\u200e, \u200f1", "\u2067\u05d0\u2069 x"],
    "arabic": ["\u0645\u0631\u062d\u0628\u0627 \u061c1-2", "\u202b\u0645\u202c"],
    "a flag": [FLAG],
}


@pytest.mark.parametrize("texts", NEEDED.values(), ids=NEEDED)
def test_what_a_script_needs_stays(frame, bound, find, texts) -> None:
    assert [ControlCharacters.without(text) for text in texts] == texts
    assert find(bound("control-characters"), frame(prompt=texts, completion=texts)) == []
    mixed = [f"{text} plain\u200b text\ufeff" for text in texts]
    assert [ControlCharacters.without(m) for m in mixed] == [f"{text} plain text" for text in texts]


INVISIBLE_SIGNS = st.sampled_from(
    [chr(code) for code in range(0x110000) if re.match(f"[{INVISIBLE}]", chr(code))]
)
VISIBLE_ASCII = st.sampled_from([*map(chr, range(32, 127)), *"\t\n\r"])


@given(st.text(VISIBLE_ASCII | INVISIBLE_SIGNS))
def test_ascii_text_keeps_none_but_of_keycaps(text: str) -> None:
    left = ControlCharacters.without(text)
    hidden = [at for at, sign in enumerate(left) if re.match(f"[{INVISIBLE}]", sign)]
    assert all(ord(left[at]) >= 0xFE00 or ord(left[at]) >= 0xE0100 for at in hidden)
    assert all(left[at - 1] in "0123456789#*\u2026\u20ac" or left[at - 1] > "\x7f" for at in hidden)


@given(
    st.text(
        VISIBLE_ASCII
        | INVISIBLE_SIGNS
        | st.sampled_from("\u0e01\u0645\u0915\U0001f469\u05d0\u1820")
    )
)
def test_what_is_taken_out_is_all_there_is(text: str) -> None:
    once = ControlCharacters.without(text)
    assert ControlCharacters.without(once) == once
    assert (ControlCharacters.excerpt(text) is None) == (once == text)
    assert ControlCharacters.excerpt(once) is None


@pytest.mark.parametrize(
    ("letters", "signs"),
    [
        ("\u0e01\u0e32\u0e44\u0e17", "\u200b\u2060"),
        ("\u1797\u17b6\u179f", "\u200b\u200c\u200d"),
        ("\u0e9e\u0eb2", "\u200b"),
        ("\u0645\u06cc\u062e\u06a9", "\u200c\u200d\u200e\u200f\u061c"),
        ("\u0915\u094d\u0937\u0930", "\u200c\u200d"),
        ("\u306e\u65e5\u672c\u30d0", "\u200b"),
        ("\U0001f469\U0001f466\u2764", "\u200d"),
    ],
)
@given(data=st.data())
def test_words_of_scripts_are_left_alone(letters: str, signs: str, data: st.DataObject) -> None:
    parts = data.draw(st.lists(st.text(st.sampled_from(letters), min_size=1), min_size=1))
    text = parts[0] + "".join(data.draw(st.sampled_from(signs)) + part for part in parts[1:])
    assert ControlCharacters.without(text) == text


def test_the_ellipsis_of_windows_1252_is_told_like_its_neighbours(frame, bound, find) -> None:
    chunk = frame(prompt=["\x93wait\x85\x94", "\x85", "a\x84b"], completion=["x", "\x85", "y"])
    [finding] = find(bound("control-characters"), chunk)
    assert finding.count == 3
    fixed = finding.fix.apply(chunk)
    assert fixed["prompt"].tolist() == ["\u201cwait\u2026\u201d", "\u2026", "a\u201eb"]
    assert fixed["completion"].tolist() == ["x", "\u2026", "y"]
    assert find(bound("empty-fields"), chunk) == find(bound("empty-fields"), fixed) == []


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
