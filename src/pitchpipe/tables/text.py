"""Text files: compression, encoding and lines."""

from __future__ import annotations

import codecs
import io
import lzma
import zlib
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from typing import Protocol

from pitchpipe.errors import DataError, UsageError
from pitchpipe.tables.base import unreadable
from pitchpipe.tables.encodings import (
    WINDOWS_1252,
    contradicts,
    detect,
    first_high,
    guess,
    readings,
    suggestions,
    telling_place,
)
from pitchpipe.tables.identity import SourceFile
from pitchpipe.tables.limits import MAX_DOCUMENT_BYTES, MAX_RECORD_BYTES, too_long
from pitchpipe.tables.packing import PACKINGS, Stream
from pitchpipe.tables.windows1252 import Plausibility

_BLOCK = 1 << 19
_SAMPLE = 1 << 16
_TAIL = 16
_CONTEXT = 200
_TELLING = 3  # characters; fewer may stand in another encoding by chance


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


class LongLineError(DataError):
    """A line is longer than any may be."""


class TextFile:
    """A text file, perhaps compressed, decoded as it is read.

    Without a given encoding it is UTF-8, or what its byte order mark says, or UTF-16 when nearly
    every other byte is zero, or Windows-1252 where the bytes speak for it. A line ends with a line
    feed; in a file that has none, with a carriage return.

    Attributes:
        source: the file, as it was when it was opened.
        path: its path.
        newline: what ends a line.
        any_line_end: whether line feeds, carriage returns and both together all end lines.
        head: what it begins with, some ten thousand characters.
        is_whole: whether ``head`` is all of it.
        notes: what there is to say about how it is decoded, in sentences.

    Args:
        source: the file.
        encoding: one of Python's names for encodings, or None to look at the bytes.
        packing: the key in ``PACKINGS`` of how it is compressed; None where it is not.
        exact: whether nothing is guessed: neither Windows-1252 nor a mark of the end of the file.

    Raises:
        DataError: the file cannot be read or decoded, is empty, or unpacks to too much.
        TableChangedError: the file is not what it was.
        UsageError: nothing is known of that encoding, or the file's byte order mark contradicts it.
    """

    def __init__(
        self,
        source: SourceFile,
        encoding: str | None = None,
        packing: str | None = None,
        *,
        exact: bool = False,
    ) -> None:
        self.source = source
        self.path = path = source.path
        self.any_line_end = False
        self.notes: tuple[str, ...] = ()
        self._packing = packing
        self._end = None if exact or packing else self._before_end_mark()
        with self._open() as stream:
            sample = self._take(stream, _SAMPLE)
            self.is_whole = len(sample) < _SAMPLE
        if self._end is not None:
            sample = sample[: self._end]
        self._is_given = encoding is not None
        self._encoding = encoding or (detect(sample) if exact else guess(sample, self.is_whole))
        self._telling = None
        if self._encoding == "utf-8" and not self._is_given and not exact:
            self._telling = telling_place(sample)
        self._is_guessed = not encoding and self._encoding == WINDOWS_1252
        try:
            head = sample.decode(self._encoding, "replace")
        except (LookupError, ValueError):
            raise UsageError(
                f"unknown encoding {encoding!r}. Expected a name such as "
                '"utf-8", "utf-16", "latin-1" or "cp1252".'
            ) from None
        if encoding and not exact and (marked := contradicts(sample, encoding)):
            raise UsageError(
                f"{path}: begins with the byte order mark of {marked.upper()}, but --encoding "
                f"says {encoding!r}. Leave --encoding out, or pass --encoding {marked}."
            )
        if self._is_guessed:
            self.notes = (
                f"{path.name} is not UTF-8; it is read as Windows-1252 "
                f"({first_high(sample)!r}). If that reads wrong, pass --encoding NAME.",
            )
        if self._end is not None:
            self.notes += (f"The Ctrl-Z (0x1A) at the end of {path.name} is left out.",)
        self.head = head.removeprefix("\ufeff")
        self.newline = "\r" if "\r" in head and "\n" not in head else "\n"

    def _before_end_mark(self) -> int | None:
        """Where the text ends that DOS ended with Ctrl-Z; None where there is no such mark."""
        with self._open() as stream:
            try:
                size = stream.seek(0, io.SEEK_END)
                stream.seek(max(0, size - _TAIL))
            except OSError as error:
                raise unreadable(self.path, error) from error
            tail = self._take(stream, _TAIL)
        bare = tail.rstrip(b"\r\n\x1a")
        if b"\x1a" not in tail[len(bare) :] or not bare:
            return None
        mark = tail.index(b"\x1a", len(bare))
        return size - len(tail) + mark

    def lines(self) -> Generator[str, None, None]:
        """The lines in order, each with its line end, a few blocks in memory at a time.

        Raises:
            DataError: a line is too long, or cannot be decoded; names it.
        """
        end = self.newline
        pending: list[str] = []
        number, size = 1, 0
        with closing(self._blocks()) as blocks:
            for block in blocks:
                pending.append(block)
                if end in block:
                    *whole, rest = "".join(pending).split(end)
                    number += len(whole)
                    yield from [line + end for line in whole]
                    pending, size = [rest], 0
                size += bytes_in(pending[-1])
                if size > MAX_RECORD_BYTES:
                    raise self._long_line(number)
        if last := "".join(pending):
            yield last

    def read(self) -> str:
        """All of the text.

        Raises:
            DataError: it is too long to be read as a whole, or cannot be decoded.
        """
        parts, size = [], 0
        with closing(self._blocks()) as blocks:
            for block in blocks:
                parts.append(block)
                size += bytes_in(block)
                if size > MAX_DOCUMENT_BYTES:
                    raise DataError(
                        f"{self.path}: the JSON document is longer than {MAX_DOCUMENT_BYTES:,} "
                        f"bytes ({MAX_DOCUMENT_BYTES >> 30} GiB). Expected JSON lines of that much "
                        "data; write each record in a line of its own, for instance with: "
                        "jq -c '.[]'"
                    )
        return "".join(parts)

    def pieces(self, cut: Cut) -> Generator[Piece, None, None]:
        """The text in pieces of about half a megabyte, each from the start of a record on.

        Args:
            cut: says how much of a text, which begins with a record, is whole records.

        Raises:
            DataError: a record is too long; names its line.
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
                elif len(data) > MAX_RECORD_BYTES:
                    raise self._long_line(line, data.count(newline))
                # a record longer than a block is looked for again when there is twice as much
                wanted = 0 if whole else min(2 * len(data), MAX_RECORD_BYTES + 1)
        if data:
            yield self._piece(line, offset, bytes(data))

    def _piece(self, line: int, offset: int, data: bytes) -> Piece:
        return Piece(self, line, offset, len(data), None if self.is_plain else data)

    @property
    def is_plain(self) -> bool:
        """Whether the text is the bytes of the file: UTF-8 that is not compressed."""
        return self._encoding == "utf-8" and not self._packing and not self.any_line_end

    def _encoded(self) -> Generator[bytes, None, None]:
        """The text in UTF-8, in blocks; of a plain file as it is."""
        if not self.is_plain:
            with closing(self._blocks()) as blocks:
                for text in blocks:
                    yield text.encode()
            return
        read = 0
        with self._open() as stream:
            while data := self._until_end(self._take(stream, _BLOCK), read):
                read += len(data)
                yield data

    def _until_end(self, data: bytes, read: int) -> bytes:
        return data if self._end is None else data[: max(0, self._end - read)]

    def _slice(self, offset: int, length: int) -> bytes:
        with self._open() as stream:
            stream.seek(offset)
            return self._take(stream, length)

    def _blocks(self) -> Generator[str, None, None]:
        decoder = codecs.getincrementaldecoder(self._encoding)()
        line, read, more = 1, 0, True
        ends = io.IncrementalNewlineDecoder(None, translate=True) if self.any_line_end else None
        seen = Plausibility() if self._is_guessed else None
        with self._open() as stream:
            while more:
                data = self._until_end(self._take(stream, _BLOCK), read)
                more = bool(data)
                read += len(data)
                try:
                    text = decoder.decode(data, final=not more)
                except UnicodeDecodeError as error:
                    offset = read - len(error.object) + error.start
                    if self._is_guessed:
                        raise self._implausible(offset) from error
                    before = error.object[: error.start].decode(self._encoding, "replace")
                    raise self._undecodable(
                        line + before.count(self.newline),
                        offset,
                        error.object[error.start],
                    ) from error
                doubt = seen.doubt(text, final=not more) if seen else None
                if doubt is not None:
                    raise self._implausible(doubt)
                if ends:
                    text = ends.decode(text, final=not more)
                if "\0" in text:
                    raise self._nul(line + text.count(self.newline, 0, text.index("\0")))
                line += text.count(self.newline)
                yield text.removeprefix("\ufeff") if read == len(data) else text

    def _long_line(self, line: int, line_ends: int = 0) -> DataError:
        where = f"{self.path}: line {line}"
        return too_long_record(where) if line_ends else too_long_line(where)

    def _nul(self, line: int) -> DataError:
        return DataError(
            f"{self.path}: line {line} holds a NUL byte. Expected text; remove the byte, or, if "
            "this is UTF-16, save the file as UTF-8 or pass --encoding utf-16-le or utf-16-be."
        )

    def _undecodable(self, line: int, offset: int, byte: int) -> DataError:
        where = "of the uncompressed text " if self._packing else ""
        name = self._encoding.upper()
        if not self._is_given and self._encoding == "utf-8" and self._is_utf_8_before(offset):
            found = readings(*self._line_at(offset))
            return DataError(
                f"{self.path}: line {line}: the byte 0x{byte:02X} at offset {offset} {where}is "
                "not valid UTF-8, which the lines before it are. Expected one encoding; write "
                f"the line in UTF-8 as well{f' ({found})' if found else ''}."
            )
        advice = (
            "or pass another encoding with --encoding NAME"
            if self._is_given
            else f"or {self._suggestions(offset if self._telling is None else self._telling)}"
        )
        return DataError(
            f"{self.path}: line {line}: the byte 0x{byte:02X} at offset {offset} {where}"
            f"is not valid {name}. Expected {name} text; save the file as UTF-8, {advice}."
        )

    def _implausible(self, offset: int) -> DataError:
        """The error for a place that tells that the file is no Windows-1252 after all."""
        with self._open() as stream:
            before = self._take(stream, offset + 1)
        line = before.count(self.newline.encode()) + 1
        return DataError(
            f"{self.path}: line {line}: the byte 0x{before[-1]:02X} at offset {offset} makes no "
            "sense in Windows-1252, which the lines before it seem to be. Expected one encoding; "
            f"save the file as UTF-8, or {self._suggestions(offset)}."
        )

    def _suggestions(self, offset: int) -> str:
        """What the file could be, by what stands around a byte that is no UTF-8."""
        return suggestions(*self._line_at(offset))

    def _line_at(self, offset: int) -> tuple[bytes, int]:
        """The line around a place, or what of it is near, and the place in it."""
        start, data = self._bytes_from(offset - _CONTEXT, offset + _CONTEXT)
        line, before = _line_around(data, offset - start)
        return line, offset - start - before

    def _is_utf_8_before(self, offset: int) -> bool:
        """Whether the lines before the one at a place hold what only UTF-8 writes so."""
        _, data = self._bytes_from(offset - _SAMPLE, offset)
        whole = data[: data.rfind(self.newline.encode()) + 1].decode("utf-8", "ignore")
        return sum(not c.isascii() for c in whole.removeprefix("\ufeff")) >= _TELLING

    def _bytes_from(self, start: int, stop: int) -> tuple[int, bytes]:
        """The bytes between two places, and where they begin; from the start if need be."""
        start = max(0, start)
        with self._open() as stream:
            try:
                stream.seek(start)
            except (OSError, EOFError, ValueError):
                start = 0
            return start, self._take(stream, stop - start)

    def _open(self) -> Stream:
        try:
            if not self._packing:
                return self.source.open()
            self.source.check()
            stream = PACKINGS[self._packing].opened(self.path)
            self.source.check()
            return stream
        except OSError as error:
            raise unreadable(self.path, error) from error

    def _take(self, stream: Stream, size: int) -> bytes:
        try:
            data = stream.read(size)
            if self._packing:
                self.source.unpack_limit.check(stream.tell())
            return data
        except MemoryError as error:
            raise DataError(
                f"{self.path}: unpacking the data takes more memory than there is. Expected data "
                "packed with the usual settings; pack the file again, or pass it unpacked."
            ) from error
        except (EOFError, ValueError, zlib.error, lzma.LZMAError, OSError) as error:
            if isinstance(error, OSError) and (not self._packing or error.errno is not None):
                raise unreadable(self.path, error) from error
            raise DataError(
                f"{self.path}: the compressed data is damaged or cut short ({error}). "
                f"Expected a whole {self._packing} file; fetch or compress it again"
                f"{self._rename()}."
            ) from error

    def _rename(self) -> str:
        """Advice for a file that is called compressed and is not."""
        packing = self._packing or ""
        with self.path.open("rb") as plain:
            if plain.read(len(PACKINGS[packing].magic)) == PACKINGS[packing].magic:
                return ""
        return f", or, if it was never compressed, take {packing} off its name"


def too_long_line(where: str) -> LongLineError:
    """The error for a line beyond the limit.

    Args:
        where: the file and the line ("rows.csv: line 3").
    """
    advice = "write each record in a line of its own, or shorten it"
    return LongLineError(str(too_long(where, "the line", advice)))


def too_long_record(where: str) -> DataError:
    """The error for a record beyond the limit that holds line ends.

    Args:
        where: the file and the line on which it starts.
    """
    return too_long(
        where,
        "the record that starts here",
        'close the quote that opens in it with a ", write a " inside a cell as "", or shorten it',
    )


def bytes_in(text: str) -> int:
    """The bytes of a text in UTF-8."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _line_around(data: bytes, at: int) -> tuple[bytes, int]:
    """The line that holds a place, or what there is of it, and where it begins.

    Args:
        data: some bytes.
        at: the place.
    """
    start = max(data.rfind(b"\n", 0, at), data.rfind(b"\r", 0, at)) + 1
    stops = [stop for stop in (data.find(b"\n", at), data.find(b"\r", at)) if stop >= 0]
    return data[start : min(stops, default=len(data))], start
