"""Which columns are taken, whatever the table: a list of headers, and what holds for all."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pitchpipe.columns.names import ANSWERS, ASIDES, BESIDE_PROMPTS, PROMPTS, meaning_of
from pitchpipe.config import DataConfig
from pitchpipe.errors import DataError, UnclearColumnsError
from pitchpipe.records import COMPLETION, PROMPT
from pitchpipe.schema import Schema, infer

ROWS = 12
VALUES = {
    "text": [f"words number {n}" for n in range(ROWS)],
    "many": [f"answer {n}" for n in range(ROWS)],
    "few": ["pos", "neg"] * 6,
    "one": ["same"] * ROWS,
    "none": [None] * ROWS,
    "id": [str(n) for n in range(ROWS)],
    "date": [f"2024-05-{n + 1:02d}" for n in range(ROWS)],
    "dates": ["2024-05-01", "2024-05-02"] * 6,
    "hash": [f"{n:032x}" for n in range(ROWS)],
    "hashes": ["a" * 32, "b" * 32] * 6,
    "url": [f"https://example.org/{n % 2}" for n in range(ROWS)],
    "file": ["a.txt", "b.txt"] * 6,
    "score": ["0.25", "0.75"] * 6,
    "yes": [True, False] * 6,
    "lists": [["a"], ["b"]] * 6,
}


def table(**kinds: str) -> pd.DataFrame:
    made = pd.DataFrame({name: VALUES[kind] for name, kind in kinds.items()}, dtype=object)
    made.index = pd.RangeIndex(1, ROWS + 1, name="row")
    return made


def inferred(**kinds: str) -> Schema:
    return infer("t.csv", table(**kinds), DataConfig())


@pytest.mark.parametrize(
    ("kinds", "prompt", "answer"),
    [
        ({"question": "text", "answer": "many", "source": "few"}, "question", "answer"),
        ({"input": "text", "output": "many", "split": "few"}, "input", "output"),
        (
            {"id": "id", "created": "date", "lang": "few", "instruction": "text", "answer": "many"},
            "instruction",
            "answer",
        ),
        ({"question": "text", "prompt": "text", "answer": "many"}, "prompt", "answer"),
        ({"title": "text", "body": "text", "category": "few"}, "body", "category"),
        ({"Title": "text", "Review Text": "text", "Rating": "few"}, "Review Text", "Rating"),
        ({"review": "text", "rating": "few", "sentiment": "few"}, "review", "sentiment"),
        ({"text": "text", "label": "few", "label_id": "few"}, "text", "label"),
        ({"text": "text", "label": "one", "other": "few"}, "text", "label"),
        ({"text": "text", "label": "none", "category": "few"}, "text", "category"),
        ({"text": "text", "completion": "many", "category": "few"}, "text", "completion"),
        ({"Text": "text", "Kategorie": "few"}, "Text", "Kategorie"),
        ({"Frage": "text", "Antwort": "many"}, "Frage", "Antwort"),
        ({"Réponse": "many", "Texte": "text"}, "Texte", "Réponse"),
        (
            {"User Message": "text", "assistantResponse": "many"},
            "User Message",
            "assistantResponse",
        ),
        ({"text_input": "text", "output_text": "many"}, "text_input", "output_text"),
        ({"TEXT": "text", "gold-label": "few", "predicted_label": "few"}, "TEXT", "gold-label"),
        ({"prompts": "text", "completions": "many"}, "prompts", "completions"),
        ({"source": "text", "target": "many"}, "source", "target"),
        ({"user": "text", "assistant": "many"}, "user", "assistant"),
        ({"document": "text", "summary": "many", "id": "id"}, "document", "summary"),
        ({"x": "text", "y": "few"}, "x", "y"),
        (
            {"nr": "id", "freitext": "text", "ergebnis": "few", "am": "dates"},
            "freitext",
            "ergebnis",
        ),
        ({"messages": "text", "label": "few"}, "messages", "label"),
        ({"text": "text", "Unnamed: 1": "few", "kind": "few"}, "text", "kind"),
        ({"context": "text", "response": "many"}, "context", "response"),
        ({"is_spam": "yes", "email": "text", "date": "date"}, "email", "is_spam"),
        ({"MD5": "few", "comment": "text", "priority": "few"}, "comment", "priority"),
    ],
)
def test_names_say_which_columns_are_taken(kinds: dict[str, str], prompt: str, answer: str) -> None:
    schema = inferred(**kinds)
    assert schema.rename == {PROMPT: prompt, COMPLETION: answer}
    assert schema.joined == ()


@pytest.mark.parametrize(
    ("kinds", "columns"),
    [
        ({"output": "many", "input": "text", "instruction": "one"}, ("instruction", "input")),
        (
            {"context": "text", "instruction": "text", "response": "many"},
            ("instruction", "context"),
        ),
        ({"question": "text", "context": "text", "answer": "few"}, ("context", "question")),
        ({"Kontext": "text", "Frage": "text", "Antwort": "few"}, ("Kontext", "Frage")),
        ({"text": "text", "question": "text", "answer": "many"}, ("text", "question")),
    ],
)
def test_columns_that_are_one_prompt_together_are_joined(
    kinds: dict[str, str], columns: tuple[str, str]
) -> None:
    schema = inferred(**kinds)
    assert (schema.rename[PROMPT], *schema.joined) == columns
    assert f"Columns {columns[0]!r} and {columns[1]!r} are taken" in " ".join(schema.notes)
    rows = table(**kinds)
    first, second = (rows[name].tolist() for name in columns)
    assert schema.apply(rows)[PROMPT].tolist() == [
        f"{a}\n\n{b}" for a, b in zip(first, second, strict=True)
    ]


def test_a_part_of_a_joined_prompt_may_be_empty() -> None:
    cells = {
        "instruction": ["count", "count", None, "count", None],
        "input": [None, "", "two", "three", None],
        "output": list("abcde"),
    }
    rows = pd.DataFrame(cells, dtype=object)
    prompts = infer("t", rows, DataConfig()).apply(rows)[PROMPT].tolist()
    assert prompts == ["count", "count", "two", "count\n\nthree", None]


@pytest.mark.parametrize(
    ("kinds", "role", "said"),
    [
        ({"text": "text", "label": "few", "category": "few"}, COMPLETION, "have names of one rank"),
        ({"prompt": "text", "response": "many", "answer": "many"}, COMPLETION, "of one rank"),
        ({"text": "text", "label1": "few", "label2": "few"}, COMPLETION, "'label1' and 'label2'"),
        ({"text": "text", "Text ": "text", "tag": "few"}, PROMPT, "'text' and 'Text ' have"),
        ({"sentence1": "text", "sentence2": "text", "label": "few"}, PROMPT, "have names of one"),
        ({"text": "text", "source": "few"}, COMPLETION, "'source' is where a row is from"),
        ({"text": "text", "split": "few"}, COMPLETION, "'split' is a split"),
        ({"text": "text", "Language": "few"}, COMPLETION, "'Language' is a language"),
        ({"text": "text", "created_at": "dates"}, COMPLETION, "'created_at' is a time"),
        ({"text": "text", "user-id": "few"}, COMPLETION, "'user-id' is an id"),
        ({"text": "text", "category_id": "few"}, COMPLETION, "'category_id' is an id"),
        ({"text": "text", "fileName": "few"}, COMPLETION, "'fileName' is a file"),
        ({"text": "text", "annotator": "few"}, COMPLETION, "'annotator' is a person"),
        ({"text": "text", "_hidden": "few"}, COMPLETION, "'_hidden' is a field of the tool"),
        ({"text": "text", "x": "dates"}, COMPLETION, "'x' holds dates or times"),
        ({"text": "text", "x": "hashes"}, COMPLETION, "'x' holds hashes or ids"),
        ({"text": "text", "x": "url"}, COMPLETION, "'x' holds addresses"),
        ({"text": "text", "x": "file"}, COMPLETION, "'x' holds names of files"),
        ({"text": "text", "x": "score"}, COMPLETION, "'x' holds numbers with fractions"),
        ({"text": "text", "x": "id"}, COMPLETION, "'x' holds numbers that are all different"),
        ({"text": "text", "x": "one"}, COMPLETION, "no name says so"),
        ({"text": "text", "x": "many"}, COMPLETION, "no name says so"),
        ({"x": "few", "y": "few", "z": "text"}, COMPLETION, "'x' and 'y' may hold it"),
        ({"id": "id", "label": "few"}, PROMPT, "'id' is an id"),
        ({"x": "text", "y": "text", "label": "few"}, PROMPT, "'x' and 'y' may hold it"),
        ({"premise": "text", "hypothesis": "text", "label": "few"}, PROMPT, "may hold it"),
    ],
)
def test_doubt_is_refused_with_its_reason_and_the_flags(
    kinds: dict[str, str], role: str, said: str
) -> None:
    with pytest.raises(UnclearColumnsError) as caught:
        inferred(**kinds)
    assert caught.value.role == role
    assert said in str(caught.value)
    assert f"--{role}-column NAME" in str(caught.value)
    assert all(repr(name) in str(caught.value) for name in kinds)
    assert set(caught.value.candidates) <= set(kinds)


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        ({"parcel 0 came late": "text", "bad": "few"}, "the first line reads like data"),
        ({"It was so good!": "text", "positive": "few"}, "the first line reads like data"),
        ({"freitext": "text", "pos": "few"}, "'pos' is also a value of its column"),
        ({"prompt": "text", "completion": "many", "label": "yes"}, "as in KTO"),
        ({"instruction": "text", "output": "many", "system": "one"}, "--format alpaca"),
        ({"prompt": "text", "response": "many", "history": "lists"}, "a part of the conversation"),
    ],
)
def test_what_would_be_trained_wrong_is_refused(kinds: dict[str, str], said: str) -> None:
    with pytest.raises(DataError) as caught:
        inferred(**kinds)
    assert said in str(caught.value)
    assert "-column" in str(caught.value)


@pytest.mark.parametrize(
    "kinds",
    [
        {"parcel 0 came late": "text", "bad": "few"},
        {"prompt": "text", "completion": "many", "label": "yes"},
        {"instruction": "text", "output": "many", "system": "one"},
        {"text": "text", "label": "few", "category": "few"},
        {"text": "text", "source": "few"},
    ],
)
def test_flags_settle_every_refusal(kinds: dict[str, str]) -> None:
    with pytest.raises(DataError):
        inferred(**kinds)
    first, second, *_ = kinds
    data = DataConfig(prompt_column=first, completion_column=second)
    found = infer("t", table(**kinds), data)
    assert found.rename == {PROMPT: first, COMPLETION: second}
    assert found.joined == ()


# --- what holds for all tables ------------------------------------------------------------------

NAMES = st.sampled_from(
    [name for rank in (*PROMPTS, *BESIDE_PROMPTS, *ANSWERS) for name in rank]
    + [*ASIDES, "x", "freitext", "ergebnis", "user_message", "gold_label", "created_at"]
)
TABLES = st.dictionaries(NAMES, st.sampled_from(sorted(VALUES)), min_size=1, max_size=6)


def outcome(kinds: dict[str, str], **options: Any) -> Schema | None:
    try:
        return infer("t", table(**kinds), DataConfig(), **options)
    except DataError:
        return None


@settings(max_examples=150)
@given(kinds=TABLES, answers=st.booleans())
def test_a_column_with_a_name_of_another_meaning_is_never_the_answer(
    kinds: dict[str, str], answers: bool
) -> None:
    schema = outcome(kinds, answers=answers)
    if schema is not None and schema.shape is None and COMPLETION in schema.rename:
        meaning = meaning_of(schema.rename[COMPLETION])
        assert meaning.kind in ("answer", "plain")


@settings(max_examples=150)
@given(kinds=TABLES, random=st.randoms(use_true_random=False))
def test_the_order_of_columns_does_not_matter(kinds: dict[str, str], random: Any) -> None:
    names = list(kinds)
    random.shuffle(names)
    first, second = outcome(kinds), outcome({name: kinds[name] for name in names})
    assert (first is None) == (second is None)
    if first is not None and second is not None:
        assert (first.rename, first.joined) == (second.rename, second.joined)


@settings(max_examples=150)
@given(kinds=TABLES, answers=st.booleans())
def test_no_column_has_two_parts(kinds: dict[str, str], answers: bool) -> None:
    schema = outcome(kinds, answers=answers)
    if schema is not None:
        used = [*schema.rename.values(), *schema.joined]
        assert len(used) == len(set(used))


@settings(max_examples=60)
@given(
    prompt=st.sampled_from([name for rank in (*PROMPTS, *BESIDE_PROMPTS) for name in rank]),
    answer=st.sampled_from([name for rank in ANSWERS for name in rank]),
    write=st.sampled_from([str, str.upper, str.title, "{} ".format, "_{}".join("  ").format]),
)
def test_known_names_are_found_however_they_are_written(
    prompt: str, answer: str, write: Any
) -> None:
    names = write(prompt).strip("_"), write(answer).strip("_"), "id"
    kinds = dict(zip(names, ("text", "many", "id"), strict=True))
    assert inferred(**kinds).rename == {PROMPT: names[0], COMPLETION: names[1]}


@pytest.mark.parametrize(
    ("kinds", "rename"),
    [
        ({"text": "text", "source": "few"}, {PROMPT: "text"}),
        ({"text": "text", "label": "few", "tag": "few"}, {PROMPT: "text"}),
        ({"text": "text", "label": "few"}, {PROMPT: "text", COMPLETION: "label"}),
        ({"x": "text", "id": "id"}, {PROMPT: "x"}),
    ],
)
def test_to_predict_from_nothing_is_taken_for_the_answer_without_reason(
    kinds: dict[str, str], rename: dict[str, str]
) -> None:
    schema = outcome(kinds, answers=False)
    assert schema is not None
    assert schema.rename == rename


def test_empty_earlier_turns_are_no_part_of_a_conversation() -> None:
    rows = {
        "instruction": [f"How deep is lake {n}?" for n in range(24)],
        "output": [f"{n} m, says the map." for n in range(24)],
        "system": [""] * 24,
        "history": [[]] * 24,
    }
    schema = infer("t.json", pd.DataFrame(rows), DataConfig())
    assert schema.rename == {"prompt": "instruction", "completion": "output"}
