"""Text files: compression, encoding and lines."""

from __future__ import annotations

import bz2
import codecs
import gzip
import lzma
import zlib
from collections.abc import Callable, Generator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from pitchpipe.errors import DataError, UsageError
from pitchpipe.tables.base import unreadable

_Stream = IO[bytes] | gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile

UNPACKERS: Mapping[str, Callable[[Path], _Stream]] = {
    ".gz": gzip.open,
    ".bz2": bz2.open,
    ".xz": lzma.open,
}
"""What opens compressed files, by the ending of their names."""

_BLOCK = 1 << 19
_SAMPLE = 1 << 16
_BOMS = (  # the longer ones first: UTF-32's begins with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class Cut(Protocol):
    """How much of some text is whole records."""

    def __call__(self, data: bytes, newline: bytes, /) -> int:
        """The bytes up to the end of the last record that certainly ends in ``data``."""


@dataclass(frozen=True)
class Piece:
    """A piece of a text file, from the start of a record to the end of one.

    Attributes:
        file: the file.
        line: the number of its first line.
        offset: where it begins in the text, in bytes of UTF-8.
        length: how long it is.
        held: the bytes; None where they are read when they are asked for.
    """

    file: TextFile
    line: int
    offset: int
    length: int
    held: bytes | None

    def data(self) -> bytes:
        """Its bytes, without a byte order mark; not yet known to be UTF-8.

        Raises:
            DataError: the file cannot be read any more.
        """
        data = self.file._slice(self.offset, self.length) if self.held is None else self.held
        return data if self.offset else data.removeprefix(codecs.BOM_UTF8)

    def text(self) -> str:
        """Its text.

        Raises:
            DataError: it is no UTF-8, or holds a NUL; names the line.
        """
        data = self.data()
        newline = self.file.newline
        try:
            text = data.decode()
        except UnicodeDecodeError as error:
            line = self.line + data.count(newline.encode(), 0, error.start)
            offset = self.offset + self.length - len(data) + error.start
            raise self.file._undecodable(line, offset, data[error.start]) from error
        if "\0" in text:
            raise self.file._nul(self.line + text.count(newline, 0, text.index("\0")))
        return text


def whole_lines(data: bytes, newline: bytes) -> int:
    """A ``Cut`` for records of one line each."""
    return data.rfind(newline) + 1


class TextFile:
    """A text file, perhaps compressed, decoded as it is read.

    Without a given encoding it is UTF-8, or what its byte order mark says, or UTF-16 when nearly
    every other byte is zero. A line ends with a line feed; in a file that has none, with a
    carriage return.

    Attributes:
        path: the file.
        newline: what ends a line.

    Args:
        path: the file; compressed when its name ends with one of ``UNPACKERS``.
        encoding: one of Python's names for encodings, or None to look at the bytes.

    Raises:
        DataError: the file cannot be read or decoded, or is empty.
        UsageError: nothing is known of that encoding.
    """

    def __init__(self, path: Path, encoding: str | None = None) -> None:
        self.path = path
        self._unzip = UNPACKERS.get(path.suffix.lower())
        with self._open() as stream:
            sample = self._take(stream, _SAMPLE)
        self._encoding = encoding or _detect(sample)
        try:
            head = sample.decode(self._encoding, "replace")
        except (LookupError, ValueError):
            raise UsageError(
                f"unknown encoding {encoding!r}. Expected a name such as "
                '"utf-8", "utf-16", "latin-1" or "cp1252".'
            ) from None
        self.newline = "\r" if "\r" in head and "\n" not in head else "\n"

    def lines(self) -> Generator[str, None, None]:
        """The lines in order, each with its line end, a few blocks in memory at a time."""
        end = self.newline
        pending: list[str] = []
        with closing(self._blocks()) as blocks:
            for block in blocks:
                pending.append(block)
                if end in block:
                    *whole, rest = "".join(pending).split(end)
                    yield from [line + end for line in whole]
                    pending = [rest]
        if last := "".join(pending):
            yield last

    def read(self) -> str:
        """All of the text."""
        return "".join(self._blocks())

    def pieces(self, cut: Cut) -> Generator[Piece, None, None]:
        """The text in pieces of about half a megabyte, each from the start of a record on.

        Args:
            cut: says how much of a text, which begins with a record, is whole records.
        """
        newline = self.newline.encode()
        line, offset, wanted = 1, 0, 0
        data = bytearray()
        with closing(self._encoded()) as blocks:
            for block in blocks:
                data += block
                if len(data) < wanted:
                    continue
                whole = cut(bytes(data), newline)
                if whole:
                    head = bytes(data[:whole])
                    yield self._piece(line, offset, head)
                    line += head.count(newline)
                    offset += whole
                    del data[:whole]
                # a record longer than a block is looked for again when there is twice as much
                wanted = 0 if whole else 2 * len(data)
        if data:
            yield self._piece(line, offset, bytes(data))

    def _piece(self, line: int, offset: int, data: bytes) -> Piece:
        return Piece(self, line, offset, len(data), None if self._is_plain else data)

    @property
    def _is_plain(self) -> bool:
        return self._encoding == "utf-8" and self._unzip is None

    def _encoded(self) -> Generator[bytes, None, None]:
        """The text in UTF-8, in blocks; of a plain file as it is."""
        if not self._is_plain:
            with closing(self._blocks()) as blocks:
                for text in blocks:
                    yield text.encode()
            return
        with self._open() as stream:
            while data := self._take(stream, _BLOCK):
                yield data

    def _slice(self, offset: int, length: int) -> bytes:
        with self._open() as stream:
            stream.seek(offset)
            return self._take(stream, length)

    def _blocks(self) -> Generator[str, None, None]:
        decoder = codecs.getincrementaldecoder(self._encoding)()
        line, read, more = 1, 0, True
        with self._open() as stream:
            while more:
                data = self._take(stream, _BLOCK)
                more = bool(data)
                read += len(data)
                try:
                    text = decoder.decode(data, final=not more)
                except UnicodeDecodeError as error:
                    before = error.object[: error.start].decode(self._encoding, "replace")
                    raise self._undecodable(
                        line + before.count(self.newline),
                        read - len(error.object) + error.start,
                        error.object[error.start],
                    ) from error
                if "\0" in text:
                    raise self._nul(line + text.count(self.newline, 0, text.index("\0")))
                line += text.count(self.newline)
                yield text.removeprefix("\ufeff") if read == len(data) else text

    def _nul(self, line: int) -> DataError:
        return DataError(
            f"{self.path}: line {line} holds a NUL byte. Expected text; "
            "remove the byte, or, if this is UTF-16, save the file as UTF-8."
        )

    def _undecodable(self, line: int, offset: int, byte: int) -> DataError:
        where = "of the uncompressed text " if self._unzip else ""
        name = self._encoding.upper()
        return DataError(
            f"{self.path}: line {line}: the byte 0x{byte:02X} at offset {offset} {where}"
            f"is not valid {name}. Expected {name} text; save the file as UTF-8, "
            'or pass its encoding (such as "latin-1").'
        )

    def _open(self) -> _Stream:
        try:
            return self._unzip(self.path) if self._unzip else self.path.open("rb")
        except OSError as error:
            raise unreadable(self.path, error) from error

    def _take(self, stream: _Stream, size: int) -> bytes:
        try:
            return stream.read(size)
        except (EOFError, ValueError, zlib.error, lzma.LZMAError, OSError) as error:
            if isinstance(error, OSError) and (self._unzip is None or error.errno is not None):
                raise unreadable(self.path, error) from error
            raise DataError(
                f"{self.path}: the compressed data is damaged or cut short ({error}). "
                f"Expected a whole {self.path.suffix} file; fetch or compress it again."
            ) from error


def _detect(sample: bytes) -> str:
    for mark, encoding in _BOMS:
        if sample.startswith(mark):
            return encoding
    pairs = len(sample) // 2
    zeros = [sample[side : 2 * pairs : 2].count(0) for side in (0, 1)]
    if zeros[1] > 0.4 * pairs and zeros[0] < 0.1 * pairs:
        return "utf-16-le"
    if zeros[0] > 0.4 * pairs and zeros[1] < 0.1 * pairs:
        return "utf-16-be"
    return "utf-8"
