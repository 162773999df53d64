"""HTTP that is nearly in order: request lines, headers, bodies in chunks, and forms."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from fuzzing.damage import damage
from fuzzing.json_text import TEXTS

_LONG = 100_000

METHODS = st.one_of(
    st.sampled_from(
        [
            *(b"GET", b"POST", b"DELETE", b"HEAD", b"PUT", b"PATCH", b"OPTIONS", b"TRACE"),
            *(b"CONNECT", b"PRI", b"get", b"PROPFIND", b"M-SEARCH", b"X" * 5000, b"", b"G\0T"),
        ]
    ),
    st.binary(min_size=1, max_size=8),
)

SEGMENTS = st.one_of(
    st.sampled_from(
        [
            *(
                b"..",
                b"%2e%2e",
                b"..%2F..%2Fx",
                b"..%2f..%2f..%2fx",
                b"%2Fetc%2Fpasswd",
                b"%5c..%5c",
            ),
            *(
                b"%00",
                b"a%00b",
                b"%0d%0aset-cookie:x",
                b"%ff%fe",
                b"%ed%a0%80",
                b"%",
                b"%zz",
                b"%u002e",
            ),
            *(
                b"%c0%ae%c0%ae",
                b"%E2%80%AE",
                b"*",
                b"**",
                b"",
                b".",
                b"~",
                b"file-",
                b"ftjob-",
                b"a" * 256,
            ),
            *(
                b"a" * 5000,
                b"%41" * 5000,
                b"A" * 60_000,
                b"x;y=z",
                b"x?y",
                b"x#y",
                b"\xff",
                b"\xc3\xa4",
            ),
            *(
                b"con",
                b"-rf",
                b"$(id)",
                b"'or 1=1",
                b"{file_id}",
                b"file-\xe2\x84\xaa",
                b"0",
                b"-1",
            ),
            *(
                b"upload_..%2Fx",
                b"batch_%00",
                b"..;",
                b"%252e%252e%252f",
                b"x%0Ax",
                b"x%09",
                b"%1b[31m",
            ),
        ]
    ),
    st.binary(max_size=6).map(lambda data: b"".join(b"%%%02x" % byte for byte in data)),
)

QUERIES = st.sampled_from(
    [
        *(
            b"",
            b"?",
            b"?limit=0",
            b"?limit=-1",
            b"?limit=1e999",
            b"?limit=" + b"9" * 5000,
            b"?limit=NaN",
        ),
        *(
            b"?limit=%D9%A1",
            b"?limit=1&limit=2",
            b"?limit=",
            b"?after=x",
            b"?after=%00",
            b"?after=-1",
        ),
        *(
            b"?after=" + b"a" * 50_000,
            b"?order=up",
            b"?order=asc&order=desc",
            b"?purpose=x",
            b"?a=b",
        ),
        *(
            b"?metadata[a]=b",
            b"?metadata[]=b",
            b"?metadata[" + b"a" * 9000 + b"]=b",
            b"?metadata=x",
        ),
        *(b"?" + b"a&" * 20_000, b"?" + b"&".join(b"metadata[%d]=1" % n for n in range(4000))),
        *(
            b"?stream=true",
            b"?stream=x",
            b"?limit=1;drop",
            b"?%ff=%ff",
            b"?model=%2e%2e",
            b"?limit=\xb2",
        ),
        *(b"?after=9999999999999999999", b"?limit=%20%2B1", b"?limit=1_0", b"?metadata%5Ba%5D=%00"),
    ]
)

HEADERS = st.sampled_from(
    [
        *(
            b"content-length: %b" % text
            for text in (b"-1", b"+5", b"1e3", b"0x10", b"5, 5", b" 5 ", b"")
        ),
        *(
            b"content-length: %b" % text
            for text in (b"18446744073709551616", b"9" * 400, b"\xb2", b"5 5")
        ),
        *(b"transfer-encoding: %b" % text for text in (b"chunked", b"gzip, chunked", b"identity")),
        *(
            b"transfer-encoding: %b" % text
            for text in (b"chunked, chunked", b"xchunked", b"\x0bchunked")
        ),
        *(
            b"transfer-encoding : chunked",
            b"transfer-encoding:\tchunked",
            b"Transfer-Encoding: CHUNKED",
        ),
        *(
            b"expect: 100-continue",
            b"expect: x",
            b"upgrade: websocket\r\nconnection: upgrade",
            b"te: x",
        ),
        *(b"upgrade: h2c\r\nconnection: upgrade, http2-settings\r\nhttp2-settings: AAMAAABkAAQ",),
        *(
            b"content-encoding: gzip",
            b"content-encoding: br",
            b"accept-encoding: *",
            b"range: bytes=0-",
        ),
        *(
            b"authorization: Bearer \xff\xfe",
            b"authorization: Bearer",
            b"authorization: Basic \xe4",
            b"authorization: ",
        ),
        *(
            b"authorization: Bearer pp-" + b"a" * 30_000,
            b"authorization: Bearer pp-\xc3\xa4",
            b"api-key: \xff",
        ),
        *(b"authorization: Bearer a\r\nauthorization: Bearer b", b"authorization: bearer\tpp-a"),
        *(
            b"host: evil.example",
            b"host: [::1",
            b"host: \xff",
            b"host: a@b",
            b"host: a\r\nhost: b",
            b"host:",
        ),
        *(
            b"origin: null",
            b"origin: https://evil.example",
            b"referer: \xff",
            b"cookie: " + b"a=b;" * 2000,
        ),
        *(
            b"content-type: multipart/form-data",
            b"content-type: multipart/form-data; boundary=",
            b"content-type: \xff",
        ),
        *(
            b"content-type: multipart/form-data; boundary=" + b"a" * 20_000,
            b"content-type: text/plain; charset=x",
        ),
        *(
            b"content-type: multipart/form-data; " + b"a=" * 8000,
            b'content-type: multipart/form-data; b="' + b"\\" * 9000,
        ),
        *(
            b"content-type: multipart/form-data;" + b" " * 20_000 + b"x",
            b"content-type: application/json; charset=utf-16",
        ),
        *(
            b"content-type: a\r\ncontent-type: b",
            b"x: " + b"a" * _LONG,
            b"x" * _LONG + b": a",
            b"x:a\r\n" * 3000 + b"y:",
        ),
        *(
            b"no colon",
            b": no name",
            b"a b: c",
            b"a\0: b",
            b"a: b\0c",
            b"a: b\rc: d",
            b" folded",
            b"a:\r\n b",
            b"\xff: a",
        ),
        *(
            b"x-request-id: " + b"a" * 9000,
            b"x-request-id: \xe4",
            b"openai-organization: \0",
            b"idempotency-key: ../x",
        ),
        *(
            b"connection: close",
            b"connection: keep-alive",
            b"keep-alive: timeout=999999",
            b"proxy-connection: x",
        ),
        *(
            b"x-forwarded-for: 1",
            b"x-forwarded-host: evil",
            b"x-http-method-override: DELETE",
            b"trailer: x",
        ),
    ]
)

VERSIONS = st.sampled_from(
    [b"HTTP/1.1"] * 8
    + [b"HTTP/1.0", b"HTTP/2.0", b"HTTP/9.9", b"HTTP/1.1 x", b"http/1.1", b"", b"HTTP/"]
)

MARKS = (
    *(
        b"\r\n",
        b"\n",
        b"\r",
        b"\r\n\r\n",
        b"\n\n",
        b" ",
        b"\t",
        b"\0",
        b"\xff",
        b":",
        b"%",
        b"/../",
        b"0\r\n\r\n",
    ),
    *(
        b"GET / HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"A" * 70_000,
        b"\x16\x03\x01\x02\x00",
        b"\x05\x01\x00",
    ),
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
)

CHUNK_SIZES = st.sampled_from(
    [
        *(
            b"5",
            b"0",
            b"00000005",
            b"ffffffffffffffff",
            b"10000000000000000",
            b"-1",
            b"0x5",
            b"+5",
            b"5 ",
            b" 5",
        ),
        *(
            b"5;a=b",
            b"5;" + b"a" * _LONG,
            b"g",
            b"",
            b"7fffffff",
            b"5\n",
            b"\xff",
            b"5\0",
            b"f" * 5000,
            b'5;a="\r',
        ),
    ]
)


@st.composite
def requests(draw: st.DrawFn, targets: st.SearchStrategy[bytes]) -> bytes:
    """The head of a request and whatever body it has; none of it need be right."""
    method, target, version = draw(METHODS), draw(targets), draw(VERSIONS)
    lines = [b" ".join([method, target, version]), b"host: 127.0.0.1"]
    lines += draw(st.lists(HEADERS, max_size=3))
    body = draw(st.just(b"") | chunked() | st.binary(max_size=40) | st.just(b'{"a":1}'))
    if draw(st.booleans()):
        lines.append(b"content-length: %d" % max(0, len(body) + draw(st.integers(-2, 2))))
    return draw(damage(b"\r\n".join([*lines, b"", b""]) + body, MARKS, 2))


@st.composite
def chunked(draw: st.DrawFn) -> bytes:
    """A body in chunks, some of whose sizes are wrong."""
    pieces = []
    for _ in range(draw(st.integers(0, 4))):
        content = draw(st.binary(max_size=6))
        size = draw(st.just(b"%x" % len(content)) | CHUNK_SIZES)
        pieces.append(
            size + b"\r\n" + content + draw(st.sampled_from([b"\r\n", b"\r\n", b"", b"\n"]))
        )
    small = b"1\r\na\r\n" * draw(st.sampled_from([0, 0, 0, 2000]))
    trailers = draw(
        st.sampled_from([b"", b"", b"x: y\r\n", b"x: y\r\n" * 5000, b"x: " + b"a" * _LONG])
    )
    return b"".join([*pieces, small, b"0\r\n", trailers, b"\r\n"])


@st.composite
def pieces(draw: st.DrawFn, data: bytes) -> list[bytes]:
    """The same bytes, cut where a network could cut them."""
    cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=3)))
    return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]


_NAMES = ["purpose", "file", "data", "expires_after[anchor]", "expires_after[seconds]", "x"]
_DISPOSITIONS = st.sampled_from(
    [
        *(
            b'form-data; name="%b"',
            b'form-data; name="%b"; filename="f"',
            b"form-data; name=%b",
            b"form-data;name*=utf-8''%b",
        ),
        *(
            b'form-data; name="%b"; filename="../../x"',
            b'form-data; name="%b"; filename="' + b"a" * 9000 + b'"',
        ),
        *(
            b"form-data; name=\"%b\"; filename*=utf-8''%%00%%2e%%2e",
            b'form-data; name="%b"; filename="a\\"b"',
            b'attachment; name="%b"',
        ),
        *(
            b'form-data; name="%b"; ' + b"a" * 16_000,
            b'form-data; name="%b"; ' + b"a=" * 8000,
            b'form-data; name="%b"; filename="' + b"\\" * 15_000,
            b'form-data; name="%b"; ' + b"a" * 60_000,
        ),
        *(
            b'form-data; name="%b"; filename="\0"',
            b'form-data; name="%b"; filename="\xff\r\n x"',
            b'form-data; name="%b',
            b"%b",
            b"form-data",
        ),
        *(
            b'form-data; name="%b"; filename=""',
            b'form-data; name="%b"; filename*=x\'\'y; filename="z"',
            b"form-data;" + b" " * 16_000 + b'name="%b"',
        ),
    ]
)
_CONTENTS = st.one_of(
    st.binary(max_size=30),
    st.sampled_from(
        [b"fine-tune", b"batch", b"evals", b"created_at", b"3600", b"1e999", b"9" * 5000, b"-1"]
    ),
    st.sampled_from([text.encode() for text in TEXTS]),
    st.sampled_from(
        [
            b"\r\n--fuzz",
            b"\r\n--fuzz-",
            b"\r\n--fuzzy\r\n",
            b"\r\n" * 50_000,
            b"\r\n--fuzz" * 5000,
            b"-" * 70_000,
        ]
    ),
)
_MORE = st.sampled_from(
    [
        *(
            b"",
            b"",
            b"",
            b"content-type: \xff\r\n",
            b"x: y\r\n" * 3000,
            b"x" * 20_000 + b": y\r\n",
            b"no colon\r\n",
        ),
        *(
            b"content-transfer-encoding: base64\r\n",
            b"content-type: multipart/mixed; boundary=x\r\n",
            b" folded\r\n",
        ),
        *(b"content-length: 5\r\n", b'content-disposition: form-data; name="other"\r\n'),
    ]
)


@st.composite
def forms(draw: st.DrawFn) -> tuple[str, bytes]:
    """A content type, and a form that is nearly one."""
    boundary = draw(
        st.sampled_from([b"fuzz"] * 8 + [b"a" * 70, b"a" * 71, b"a b", b"\xe4", b"-", b'"', b"'"])
    )
    parts = []
    for _ in range(draw(st.integers(0, 4))):
        name = draw(st.sampled_from(_NAMES)).encode()
        head = draw(_DISPOSITIONS).replace(b"%b", name).replace(b"%%", b"%")
        lines = b"content-disposition: " + head + b"\r\n" + draw(_MORE)
        parts.append(b"--" + boundary + b"\r\n" + lines + b"\r\n" + draw(_CONTENTS) + b"\r\n")
    if sum(map(len, parts)) < 2000:
        parts *= draw(st.sampled_from([1, 1, 1, 500]))
    data = b"".join([*parts, b"--", boundary, b"--\r\n"])
    data = draw(damage(data, (*MARKS, b"--fuzz", b"--fuzz--", b'"', b";"), 2))
    kind = draw(st.sampled_from(["multipart/form-data; boundary=%b"] * 6 + _KINDS))
    return kind.replace("%b", boundary.decode("latin-1")), data


_KINDS: list[Any] = [
    *("multipart/form-data", 'multipart/form-data; boundary="%b"', "multipart/mixed; boundary=%b"),
    *(
        "multipart/form-data; boundary=",
        "multipart/form-data; BOUNDARY=%b",
        "multipart/form-data; boundary=%b; boundary=x",
    ),
    *(
        "multipart/form-data; " + "a" * 20_000,
        "multipart/form-data; " + "a" * 60_000,
        "multipart/form-data; " + "a=" * 30_000 + "; boundary=%b",
        "application/json",
        "",
    ),
    *(
        'multipart/form-data; boundary="%b',
        "multipart/form-data; boundary*=utf-8''%b",
        "multipart/form-data;;;boundary=%b;;",
    ),
]
