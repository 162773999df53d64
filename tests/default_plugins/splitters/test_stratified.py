from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from pitchpipe.default_plugins.splitters import StratifiedSplitter

fractions = st.none() | st.floats(0.01, 0.9)


def _held_out(rows: int, fraction: float | None) -> int:
    size = int(0.8 * rows) if fraction is None else rows - round(rows * fraction)
    return rows - min(rows, max(1, size))


@given(st.lists(st.integers(1, 40), min_size=1, max_size=8), fractions, st.randoms())
def test_classes_are_on_both_sides_in_proportion(make_index, sizes, fraction, random) -> None:
    labels = [f"class {n}" for n, size in enumerate(sizes) for _ in range(size)]
    random.shuffle(labels)
    valid = StratifiedSplitter(valid_fraction=fraction).split(make_index(labels))
    wanted = _held_out(len(labels), fraction)
    counts = Counter(np.array(labels)[valid.to_numpy()])
    for label, size in Counter(labels).items():
        assert abs(counts[label] - wanted * size / len(labels)) <= 1
        if wanted and size > 1:
            assert 0 < counts[label] < size
        if size == 1:
            assert not counts[label]


@given(st.lists(st.integers(10, 40), min_size=1, max_size=8))
def test_as_many_are_held_out_as_by_chance(make_index, sizes) -> None:
    labels = [f"class {n}" for n, size in enumerate(sizes) for _ in range(size)]
    valid = StratifiedSplitter().split(make_index(labels))
    assert valid.sum() == _held_out(len(labels), None)


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 12)), min_size=2, max_size=40),
    fractions,
)
def test_no_single_prompt_could_still_be_moved_for_a_class(make_index, rows, fraction) -> None:
    labels, prompts = zip(*rows, strict=True)
    valid = StratifiedSplitter(valid_fraction=fraction).split(make_index(labels, prompts))
    if not _held_out(len(rows), fraction):
        return
    held = {p: {label for label, q in rows if q == p} for p in prompts}
    side = dict(zip(prompts, valid, strict=True))
    on = {s: Counter(c for p in held for c in held[p] if side[p] == s) for s in (True, False)}
    for label in set(labels):
        if on[True][label] and on[False][label]:
            continue
        movable = [p for p in held if label in held[p] and all(on[side[p]][c] > 1 for c in held[p])]
        assert not movable


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 5)), min_size=2, max_size=40),
)
def test_classes_of_two_prompts_are_on_both_sides_though_rows_repeat(make_index, rows) -> None:
    labels = [label for label, _ in rows]
    prompts = [ord(label) * 100 + n for label, n in rows]
    valid = StratifiedSplitter().split(make_index(labels, prompts))
    sides = pd.DataFrame({"label": labels, "prompt": prompts, "valid": valid.to_numpy()})
    distinct = sides.groupby("label")["prompt"].nunique()
    both = sides.groupby("label")["valid"].nunique() == 2
    assert both[distinct > 1].all()


def test_a_class_with_only_conflicting_prompts_is_on_both_sides_too(make_index) -> None:
    rows = [("a", n) for n in range(8)] + [("a", 20), ("a", 20), ("b", 20)]
    rows += [("a", 21), ("a", 21), ("b", 21)]
    labels, prompts = zip(*rows, strict=True)
    valid = StratifiedSplitter().split(make_index(labels, prompts))
    assert sorted(valid[np.array(labels) == "b"]) == [False, True]


def test_a_class_held_out_whole_comes_back_for_training(make_index) -> None:
    # five units of a, each with more of a than of the others; four fifths are held out
    rows = [(label, n) for n in range(5) for label in ("a", "a", "b" if n < 2 else "a")]
    labels, prompts = zip(*rows, strict=True)
    for seed in range(5):
        splitter = StratifiedSplitter(valid_fraction=0.8, seed=seed)
        valid = splitter.split(make_index(labels, prompts))
        assert sorted(valid[np.array(labels) == "b"]) == [False, True]


def test_of_two_prompts_of_a_class_the_smaller_is_held_out(make_index) -> None:
    index = make_index(["a"] * 10 + ["b"] * 10, [1] * 9 + [2] + [3] + [4] * 9)
    valid = StratifiedSplitter(valid_fraction=0.1).split(index)
    assert set(index["prompt"][valid]) == {2, 3}
