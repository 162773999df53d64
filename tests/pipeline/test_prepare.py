"""From a table to the files that a trainer uploads."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pitchpipe import Pipeline, PluginHost, hookimpl
from pitchpipe.errors import DataError, InvalidDataError, PitchpipeError
from pitchpipe.records import Finding, Fix, Severity
from pitchpipe.stages import Scope, Splitter, Validator
from pitchpipe.tables import text

Make = Callable[..., Pipeline]
HOST = PluginHost(entry_points=False)
SAME_FOLDER = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def lines(path: Path | None) -> list[dict[str, Any]]:
    if path is None:
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def words(**kwargs: int) -> st.SearchStrategy[str]:
    return st.text(st.characters(codec="utf-8", exclude_characters="\0"), **kwargs).filter(
        lambda text: text.strip() and "###" not in text and "\n" not in text
    )


@given(
    rows=st.lists(
        st.tuples(words(min_size=1, max_size=20), st.sampled_from(("pos", "neg"))),
        min_size=12,
        max_size=40,
        unique_by=lambda row: row[0],
    ),
    chunk_rows=st.integers(1, 50),
)
@SAME_FOLDER
def test_any_text_comes_back_and_chunks_do_not_matter(
    rows: list[tuple[str, str]], chunk_rows: int, tmp_path: Path
) -> None:
    rules = ["class-counts", "too-few-training-records", "control-characters"]
    skip = {"validators": {"skip": rules}}
    frame = pd.DataFrame(rows, columns=["text", "tag"])
    columns = {"prompt_column": "text", "completion_column": "tag"}
    whole = Pipeline.from_config({"data": columns, **skip}, HOST).prepare(frame, tmp_path / "a")
    cut = {"data": {**columns, "chunk_rows": chunk_rows}, **skip}
    chunked = Pipeline.from_config(cut, HOST).prepare(frame, tmp_path / "b")

    assert whole.train.read_bytes() == chunked.train.read_bytes()
    assert lines(whole.valid) == lines(chunked.valid)
    got = sorted(
        (record["prompt"].removesuffix("\n\n###\n\n"), record["completion"].removeprefix(" "))
        for record in lines(whole.train) + lines(whole.valid)
    )
    assert got == sorted(rows), "nothing but the separator and the prefix is added"


def test_a_table_too_large_to_keep_gives_the_same_files(
    films: Path, make_pipeline: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = make_pipeline().prepare(films, tmp_path / "kept")
    monkeypatch.setattr(text, "_BLOCK", 100)
    streamed = make_pipeline(data={"chunk_rows": 7}).prepare(films, tmp_path / "streamed")
    assert kept.train.read_bytes() == streamed.train.read_bytes()
    assert kept.contract == streamed.contract


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"text,tag\n", "no rows"),
        (b"text,tag\na good film,pos\n", "too-few-examples"),
        (b"text,tag\na,pos,x\n", "line 2"),
        (b"text\n" + b"".join(b"film %d\n" % n for n in range(20)), "only one column"),
        (b"text,tag\n" + b"".join(b"film %d,\n" % n for n in range(20)), "'tag'"),
        (b"text,tag\n" + b"".join(b"film %d,pos\n" % n for n in range(20)), "class-counts"),
        (b"text,tag\ncaf\x8e,pos\n", "line 2"),
        (b"text,tag\na\x00b,pos\n", "line 2"),
        (b"a,b,c\n" + b"".join(b"x%d,y%d,z%d\n" % (n, n, n) for n in range(20)), "not clear"),
    ],
    ids=[
        "empty",
        "header",
        "one-row",
        "ragged",
        "one-column",
        "null-column",
        "one-class",
        "mac-roman",
        "nul",
        "unclear",
    ],
)
def test_bad_tables_are_named_and_leave_nothing(
    content: bytes, says: str, make_pipeline: Make, tmp_path: Path
) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        make_pipeline().prepare(path, tmp_path / "out")
    assert says in str(caught.value)
    assert "bad" in str(caught.value)
    assert not list(tmp_path.glob("out/*"))


def test_what_can_be_read_all_the_same(make_pipeline: Make, tmp_path: Path) -> None:
    rows = [f"caf\u00e9 {n},{'pos' if n % 2 else 'neg'}" for n in range(20)]
    text = "\n".join(["text,tag", *rows])
    expected = None
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        path = tmp_path / "films.csv"
        path.write_text(text, encoding=encoding)
        prepared = make_pipeline().prepare(path, tmp_path / encoding)
        expected = expected or prepared.train.read_bytes()
        assert prepared.train.read_bytes() == expected
    path.write_text(text, encoding="cp1252")
    prepared = make_pipeline().prepare(path, tmp_path / "cp1252")
    assert prepared.train.read_bytes() == expected
    assert "Windows-1252" in prepared.notes[0]
    path.write_text(text, encoding="mac_roman")
    with pytest.raises(DataError, match="line 2"):
        make_pipeline().prepare(path, tmp_path / "no")
    prepared = make_pipeline(data={"encoding": "mac_roman"}).prepare(path, tmp_path / "yes")
    assert prepared.train.read_bytes() == expected


def test_a_large_cell(make_pipeline: Make, make_reviews: Any, tmp_path: Path) -> None:
    rows = [*make_reviews(20), ("long " * 2_000_000, "pos")]
    frame = pd.DataFrame(rows, columns=["text", "tag"])
    prepared = make_pipeline().prepare(frame, tmp_path)
    assert prepared.train_rows + prepared.valid_rows == 20
    assert prepared.applied == ("token-limit",)
    kept = make_pipeline(validators={"skip": ["token-limit"]}).prepare(frame, tmp_path)
    assert kept.train_rows + kept.valid_rows == 21


def test_what_changes_is_seen_in_a_long_prompt(
    make_pipeline: Make, make_reviews: Any, tmp_path: Path
) -> None:
    row = ("fine " * 500 + "but\x07 in the end" + " long" * 500, "pos")
    frame = pd.DataFrame([*make_reviews(24), row], columns=["text", "tag"])
    findings = make_pipeline().prepare(frame, tmp_path).findings
    found = [finding for finding in findings if finding.rule == "control-characters"]
    assert [r"but\x07 in the end" in finding.before for finding in found] == [True]
    assert "but in the end" in found[0].after


def test_no_key_is_shown(make_pipeline: Make, make_reviews: Any, tmp_path: Path) -> None:
    key = "sk-" + "1a" * 20
    row = (f"the key is {key} and\x07 is not to be shown", "pos")
    frame = pd.DataFrame([*make_reviews(24), row], columns=["text", "tag"])
    prepared = make_pipeline().prepare(frame, tmp_path, dry_run=True)
    assert "control-characters" in {change.rule for change in prepared.samples}
    shown = [*prepared.samples, *prepared.findings, *prepared.notes]
    assert not [one for one in shown if key in str(one)]


def test_a_label_seen_once_is_trained_on(
    make_pipeline: Make, make_reviews: Any, tmp_path: Path
) -> None:
    frame = pd.DataFrame([*make_reviews(40), ("neither here nor there", "mixed")])
    frame.columns = pd.Index(["text", "tag"])
    prepared = make_pipeline().prepare(frame, tmp_path)
    assert any(f.rule == "class-counts" and f.lines == (41,) for f in prepared.findings)
    assert " mixed" in {record["completion"] for record in lines(prepared.train)}


def test_an_unwritable_folder_is_named(films: Path, make_pipeline: Make, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PitchpipeError, match=r"films_prepared_train\.jsonl: cannot be written"):
        make_pipeline().prepare(films, tmp_path / "file")


def test_a_separator_in_a_prompt_is_found_not_doubled(
    make_pipeline: Make, make_reviews: Any, tmp_path: Path
) -> None:
    rows = make_reviews(20)
    rows[4] = ("warm\n\n###\n\nand bright", "pos")
    frame = pd.DataFrame(rows, columns=["text", "tag"])
    with pytest.raises(InvalidDataError, match="row 5: separator-in-prompt"):
        make_pipeline().prepare(frame, tmp_path)


def test_records_and_plain_rows_do_not_mix(
    make_pipeline: Make, make_reviews: Any, tmp_path: Path
) -> None:
    rows = [(f"{text}\n\n###\n\n", f" {tag}") for text, tag in make_reviews(20)]
    rows[15] = ("bare", "pos")
    frame = pd.DataFrame(rows, columns=["prompt", "completion"])
    config = {"data": {"chunk_rows": 10}, "validators": {"skip": ["separator-in-prompt"]}}
    with pytest.raises(DataError, match="row 11 to 20"):
        make_pipeline(**config).prepare(frame, tmp_path)


# --- what the plugins of others may do ---


@dataclass(frozen=True)
class Counting(Validator[int]):
    """Counts the rows it sees, in one scope."""

    scope: ClassVar[Scope] = "records"
    severity: str = "note"

    def start(self) -> int:
        return 0

    def observe(self, state: int, chunk: pd.DataFrame) -> int:
        return state + len(chunk)

    def merge(self, a: int, b: int) -> int:
        return a + b

    def conclude(self, state: int) -> Sequence[Finding]:
        return [Finding("counting", Severity(self.severity), f"{state} rows", count=state)]


@dataclass(frozen=True)
class CountingSplit(Counting):
    scope: ClassVar[Scope] = "split"


@dataclass(frozen=True)
class Endless(Counting):
    scope: ClassVar[Scope] = "source"

    def conclude(self, state: int) -> Sequence[Finding]:
        return [Finding("endless", Severity.WARNING, "again", fix=Fix("nothing", lambda c: c))]


@dataclass(frozen=True)
class Greedy(Splitter):
    """Holds out everything, or answers in the wrong shape."""

    shape: bool = True

    def split(self, index: pd.DataFrame) -> pd.Series[bool]:
        held = pd.Series(data=True, index=index.index)
        return held if self.shape else held.iloc[1:]


class Others:
    @hookimpl
    def register_validators(self, register: Any) -> None:
        register("counting", Counting)
        register("counting-split", CountingSplit)
        register("endless", Endless)

    @hookimpl
    def register_splitters(self, register: Any) -> None:
        register("greedy", Greedy)


@pytest.fixture
def others() -> PluginHost:
    return PluginHost([Others()], entry_points=False)


def test_validators_of_every_scope_run(
    films: Path, make_pipeline: Make, others: PluginHost, tmp_path: Path
) -> None:
    also = {"also": ["counting", "counting-split"]}
    prepared = make_pipeline(others, validators=also).prepare(films, tmp_path / "out")
    counted = [f for f in prepared.findings if f.rule == "counting"]
    assert [f.count for f in counted] == [120, 120]


def test_an_error_found_at_the_end_leaves_no_file(
    films: Path, make_pipeline: Make, others: PluginHost, tmp_path: Path
) -> None:
    wanted = {"also": ["counting-split"], "options": {"counting-split": {"severity": "error"}}}
    with pytest.raises(InvalidDataError, match="counting: 120 rows"):
        make_pipeline(others, validators=wanted).prepare(films, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_fix_that_does_not_fix_is_named(
    films: Path, make_pipeline: Make, others: PluginHost, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match="endless do not come to an end"):
        make_pipeline(others, validators={"also": ["endless"]}).prepare(films, tmp_path)


@pytest.mark.parametrize(("shape", "says"), [(True, "held out every row"), (False, "119 answers")])
def test_a_splitter_that_breaks_its_promise_is_named(
    shape: bool, says: str, films: Path, make_pipeline: Make, others: PluginHost, tmp_path: Path
) -> None:
    splitter = {"name": "greedy", "shape": shape}
    with pytest.raises(DataError, match=f"splitter greedy: .*{says}"):
        make_pipeline(others, splitter=splitter).prepare(films, tmp_path)
