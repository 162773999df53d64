from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pitchpipe_hf.batching import epoch_batches, parts
from pitchpipe_hf.encoding import Example, Sequenced

LENGTHS = st.lists(st.integers(1, 60), min_size=1, max_size=60)


@given(LENGTHS, st.integers(1, 9), st.integers(0, 3), st.integers(1, 3))
def test_each_record_comes_once_an_epoch_in_the_same_place(
    lengths: list[int], size: int, seed: int, epoch: int
) -> None:
    batches = epoch_batches(lengths, size, seed, epoch)
    assert sorted(place for batch in batches for place in batch) == list(range(len(lengths)))
    assert len(batches) == -(-len(lengths) // size)
    assert max(map(len, batches)) <= size
    assert batches == epoch_batches(lengths, size, seed, epoch)


def test_records_of_one_length_come_together_and_epochs_differ() -> None:
    lengths = [10, 50] * 32
    first, second = (epoch_batches(lengths, 8, 1, epoch) for epoch in (1, 2))
    assert all(len({lengths[place] for place in batch}) == 1 for batch in first)
    assert first != second


def example(length: int) -> Example:
    return Example((Sequenced((1,) * length, (length - 1,)),))


@given(LENGTHS, st.integers(1, 200))
def test_parts_hold_all_examples_and_no_more_tokens_than_fit(lengths: list[int], most: int) -> None:
    found = list(parts(map(example, lengths), most))
    assert sorted(each.length for part in found for each in part) == sorted(lengths)
    for part in found:
        assert len(part) == 1 or len(part) * max(each.length for each in part) <= most


def test_what_teaches_nothing_is_in_no_part() -> None:
    assert list(parts([Example()], 10)) == []
