"""Damage to bytes, whatever they mean."""

from __future__ import annotations

from functools import partial

from hypothesis import strategies as st

MARKS = (
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xfe\xff",
    b"\xff\xfe\0\0",
    b"\0",
    b"\xff",
    b"\xed\xa0\x80",
    b'"',
    b"{",
    b"[" * 3000,
    b"\n",
    b"\r",
    b",",
    b"\x1a",
    b"\\ud800",
    b"1e999",
    b"9" * 5000,
    b"NaN",
    b"null",
)


@st.composite
def damage(draw: st.DrawFn, data: bytes, marks: tuple[bytes, ...] = MARKS, times: int = 3) -> bytes:
    """Some bytes with up to so many things done to them."""
    for _ in range(draw(st.integers(0, times))):
        at = draw(st.integers(0, len(data)))
        to = draw(st.integers(at, len(data)))
        change = draw(
            st.one_of(
                st.just(data[:at]),
                st.just(data[at:]),
                st.just(data[:at] + data[to:]),
                st.just(data[:to] + data[at:]),
                st.sampled_from(marks).map(partial(_spliced, data, at, at)),
                st.sampled_from(marks).map(partial(_spliced, data, 0, 0)),
                st.binary(min_size=1, max_size=4).map(partial(_spliced, data, at, to)),
                st.integers(1, 255).map(partial(_flipped, data, at)),
            )
        )
        data = change
    return data


def _spliced(data: bytes, start: int, stop: int, put: bytes) -> bytes:
    return data[:start] + put + data[stop:]


def _flipped(data: bytes, at: int, bits: int) -> bytes:
    return data[:at] + bytes(byte ^ bits for byte in data[at : at + 1]) + data[at + 1 :]
