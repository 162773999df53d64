"""JSON that is in order but for what stands at one or two places."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

JSON = Any

_DEPTHS = (20, 100, 200, 900, 1100, 5000, 100_000)
_WIDE = 5_000
_VERY_WIDE = 200_000


def _deep() -> Iterator[bytes]:
    for depth in _DEPTHS:
        yield b"[" * depth + b"]" * depth
        yield b'{"a":' * depth + b"1" + b"}" * depth
        yield b"[" * depth  # and no end


def _wide() -> Iterator[bytes]:
    for item in (b"[]", b"{}", b"0", b'""', b"null", b'{"role":"user"}', b'{"a":[]}', b"[[]]"):
        yield b"[" + b",".join([item] * _WIDE) + b"]"
    for item in (b"[]", b"{}", b"0"):
        yield b"[" + b",".join([item] * _VERY_WIDE) + b"]"
    yield b"{" + b",".join(b'"%d":%d' % (n, n) for n in range(_WIDE)) + b"}"
    yield b"{" + b",".join(b'"%d":{}' % n for n in range(_WIDE)) + b"}"
    yield b"{" + b",".join([b'"a":"b"'] * _WIDE) + b"}"


NUMBERS = (
    *(b"0", b"-0", b"-1", b"1", b"2", b"0.5", b"1.0", b"127", b"129", b"2147483647", b"2147483648"),
    *(b"9223372036854775807", b"9223372036854775808", b"-9223372036854775809"),
    *(b"18446744073709551616", b"1e2", b"1e308", b"1e309", b"-1e999", b"1e-999", b"5e-324"),
    *(b"9" * 400, b"9" * 5000, b"9" * 100_000, b"-" + b"9" * 4301, b"0." + b"3" * 50_000),
    *(b"1e" + b"9" * 400, b"NaN", b"Infinity", b"-Infinity", b"01", b"0x10", b"+1", b".5", b"1_0"),
)

TEXTS = (
    *("", " ", "a", "\0", "\x1b[31m", "\u2028", "\u202e", "\ufeff", "\u0130" * 3000, "\U0001f600"),
    *("..", "../../x", "..%2f..%2fx", "/etc/passwd", "C:\\x", "file-", "ft:", "ft:a:b:c:d", ":"),
    *(
        "{{",
        "}}",
        "{{ item.a }}",
        "{{ sample.output_text }}",
        "{{" * 20_000,
        "{{ item." + "a." * 9000,
    ),
    *("{{ item.a", "{{ item['a'] }}", "{{ 9**9**9 }}", "%s%n", "{0}", "${a}", "'; DROP TABLE x"),
    *(
        "not " * 480 + "1",
        "not " * 480 + "label",
        "(" * 3000 + "1" + ")" * 3000,
        "1" + "+1" * 20_000,
        "9**9**9",
        "-" * 4000,
    ),
    *("1/0", "1e999", "a if b else c", "lambda: 1", "__import__('os')", "min(" * 500 + "1", "a.b"),
    *("1" * 10_000, "'a'*10**9", "[1]*10**9", "f'{1:>999999999}'", "label " * 20_000, "a\nb\r\nc"),
    *("A" * 300, "A" * 200_000, "ab " * 60_000, " " * 100_000 + "x", '"' * 50_000, "\\" * 50_000),
    *("null", "true", "auto", "24h", "NaN", "/v1/completions", "-1", "__proto__", "constructor"),
)

RAW = (
    *(b"null", b"true", b"false", b"[]", b"{}", b"[[]]", b"[null]", b'{"":""}', b'{"a":null}'),
    *(
        b'"\\ud800"',
        b'"\\udc00\\ud800"',
        b'"\\u0000"',
        b'"a\0b"',
        b'"a\nb"',
        b'"\xff"',
        b'"\xed\xa0\x80"',
    ),
    *(
        b'"\\x"',
        b"'a'",
        b"undefined",
        b"",
        b",",
        b'1,"model":"x"',
        b'1,"":1',
        b"1 2",
        b"/*x*/1",
        b'"',
    ),
    *NUMBERS,
    *_deep(),
    *_wide(),
)

VALUES = (
    *RAW,
    *(json.dumps(text).encode() for text in TEXTS),
    *(json.dumps(text, ensure_ascii=False).encode() for text in TEXTS if not text.isascii()),
)
"""JSON texts that have broken something somewhere, and what is nearly JSON."""

values = st.one_of(
    st.sampled_from(VALUES),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=8,
    ).map(lambda value: json.dumps(value).encode()),
)
"""Those, and others."""


def spread(body: JSON, turn: int) -> Iterator[bytes]:
    """The body with each of ``VALUES`` at one place, from turn to turn at another one.

    Args:
        body: what is in order.
        turn: from 0; after as many turns as there are places, every value has been everywhere.
    """
    ways = list(places(body))
    for number, value in enumerate(VALUES):
        mark = "\ue000\ue001"
        changed = _replaced(body, ways[(number + turn) % len(ways)], mark)
        yield text(changed).replace(text(mark), value)


def places(value: JSON, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value inside a value, and to the value itself."""
    yield way
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(inner, (*way, key))


def text(body: JSON) -> bytes:
    """A body as JSON."""
    return json.dumps(body).encode()


@st.composite
def hostile(draw: st.DrawFn, body: JSON, most: int = 2) -> bytes:
    """A body of which up to so many values, or keys, are others."""
    put: dict[bytes, bytes] = {}
    for number in range(draw(st.integers(1, most))):
        mark = f"\ue000{number}\ue001"
        put[text(mark)] = draw(values)
        ways = list(places(body))
        way = draw(st.sampled_from(ways))
        here = body
        for key in way:
            here = here[key]
        how = draw(st.sampled_from(["replaced"] * 3 + ["inside"]))
        if how == "inside" and isinstance(here, list):
            body = _replaced(body, way, [*here, mark])
        elif how == "inside" and isinstance(here, dict):
            body = _replaced(body, way, {**here, draw(st.sampled_from(TEXTS)): mark})
        else:
            body = _replaced(body, way, mark)
    made = text(body)
    for mark_text, raw in put.items():
        made = made.replace(mark_text, raw)
    return made


def _replaced(body: JSON, way: tuple[Any, ...], value: JSON) -> JSON:
    """A copy of a body with a value at the end of a way."""
    if not way:
        return value
    key, *rest = way
    copy = body.copy()
    copy[key] = _replaced(body[key], tuple(rest), value)
    return copy
