import json

import pytest

from pitchpipe.default_plugins.trainers.estimates import (
    auto_epochs,
    count_tokens,
)
from pitchpipe.errors import DataError
from pitchpipe.tokens import count_records


@pytest.mark.parametrize(
    ("rows", "epochs"),
    [
        (0, 25), (1, 25), (4, 25), (5, 20), (10, 10), (33, 3), (34, 3), (8333, 3),
        (8334, 2), (12_500, 2), (12_501, 1), (25_000, 1), (10**6, 1),
    ],
)  # fmt: skip
def test_auto_epochs_follow_the_rule(rows, epochs):
    assert auto_epochs("auto", rows) == epochs


def test_epochs_given_are_taken():
    assert auto_epochs(7, 10**6) == 7


def test_tokens_are_counted_exactly(tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_text('{"prompt": "hello world", "completion": " yes"}\n\n', encoding="utf-8")
    counted = count_tokens(file, "cl100k_base")
    assert counted.tokens == 3
    assert str(counted) == "tokens counted exactly"


def test_a_large_file_is_counted_by_a_sample(tmp_path):
    file = tmp_path / "a.jsonl"
    lines = [f'{{"prompt": "the film of number {n}", "completion": " yes"}}\n' for n in range(9000)]
    file.write_text("".join(lines) * 20, encoding="utf-8")
    counted = count_tokens(file)
    one = tmp_path / "one.jsonl"
    one.write_text("".join(lines), encoding="utf-8")
    exact = 20 * count_tokens(one).tokens
    assert counted.sample is not None
    assert abs(counted.tokens - exact) < 0.01 * exact
    assert "spread over the file" in str(counted)
    assert "in o200k_base: the model's encoding is not known" in str(counted)


@pytest.mark.parametrize(("words", "rows"), [(60_000, 60), (1_000, 2_500), (2_000_000, 1)])
def test_records_longer_than_a_part_are_counted(tmp_path, words, rows):
    file = tmp_path / "a.jsonl"
    line = json.dumps({"prompt": "word " * words, "completion": " yes"}) + "\n"
    file.write_text(line * rows, encoding="utf-8")
    exact = rows * count_records([json.loads(line)], "cl100k_base")[0]
    counted = count_tokens(file, "cl100k_base")
    assert abs(counted.tokens - exact) <= 0.001 * exact
    assert counted.sample is not None
    assert counted.sample >= min(rows, 30)


def test_a_line_that_is_not_json_is_named(tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_text('{"prompt": "a"}\n{oops\n')
    with pytest.raises(DataError, match=r"a\.jsonl, line 2"):
        count_tokens(file)
