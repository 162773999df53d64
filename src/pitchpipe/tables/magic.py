"""Files that are told by their first bytes: tables in binary formats, and what is no table."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from pitchpipe.errors import DataError
from pitchpipe.tables.kinds import Kind

_EXPORT = "Export the table as CSV or JSON lines, and pass that file."
_UNPACK = "Unpack it, and pass the table inside."
_CODE = "Load it with the program that wrote it, write the rows as JSON lines, and pass that file."
_SAVE_AS = "Open it in a spreadsheet, save the sheet as .xlsx or CSV, and pass that file."
_AS_LINES = "If every line is one text, pass --input-kind lines."

_FORMATS: tuple[tuple[re.Pattern[bytes], str, str], ...] = tuple(
    (re.compile(pattern, re.DOTALL), what, advice)
    for pattern, what, advice in (
        (
            rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
            "an old Office document (.xls), or an Office document with a password",
            _SAVE_AS,
        ),
        (rb"%PDF-", "a PDF document", _EXPORT),
        (rb"PARE.{0,200}\0", "an encrypted Parquet file", "Decrypt it, and pass the Parquet file."),
        (rb"\x28\xb5\x2f\xfd", "data compressed by Zstandard", "Unpack it with zstd -d."),
        (rb"\x04\x22\x4d\x18", "data compressed by LZ4", "Unpack it with lz4 -d."),
        (rb"\xff\x06\0\0sNaPpY", "data compressed by Snappy", _UNPACK),
        (rb"\x1f\x9d|\x1f\xa0", "data compressed by compress", _UNPACK),
        (rb"LZIP\x01", "data compressed by lzip", _UNPACK),
        (rb"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", _UNPACK),
        (rb"Rar!\x1a\x07", "a RAR archive", _UNPACK),
        (rb".{257}ustar", "a tar archive", _UNPACK),
        (rb"SQLite format 3\0", "an SQLite database", _EXPORT),
        (
            rb"ARROW1\0\0|FEA1.{0,60}\0",
            "an Arrow or Feather file",
            "Write it as Parquet, and pass that.",
        ),
        (rb"\xff\xff\xff\xff.{3}\0\x10\0\0\0", "an Arrow stream", "Write it as Parquet."),
        (rb"ORC.{0,400}\0", "an ORC file", "Write it as Parquet, and pass that file."),
        (rb"Obj\x01", "an Avro file", "Write it as Parquet, and pass that file."),
        (rb"\x89HDF\r\n\x1a\n", "an HDF5 file", _CODE),
        (rb"\x93NUMPY", "a NumPy array", _CODE),
        (rb"\x80[\x02-\x05]", "a Python pickle", _CODE),
        (rb"GGUF.\0\0\0", "a GGUF model", "Expected a table of examples, not a model."),
        (
            rb"(?=.{8}\{).{2,4}\0{4,6}\{\"",
            "model weights (safetensors)",
            "Expected examples, not a model.",
        ),
        (rb"bplist00", "a binary property list", _CODE),
        (rb"RDX[23]\n|RDA[23]\n", "R data", "Write it with write.csv in R, and pass that file."),
        (rb"\$FL[23]", "an SPSS file", _EXPORT),
        (rb"<stata_dta>", "a Stata file", _EXPORT),
        (rb"\x89PNG\r\n|\xff\xd8\xff|GIF8[79]a|II\*\0|MM\0\*|RIFF.{4}WEBP", "an image", _EXPORT),
        (
            rb"ID3[\x02-\x04]|OggS\0|fLaC\0|RIFF.{4}(?:WAVE|AVI )|\0\0\0.ftyp",
            "sound or video",
            _EXPORT,
        ),
        (rb"\x7fELF|MZ.{0,60}\0\0|\xcf\xfa\xed\xfe", "a program", _EXPORT),
    )
)
_MARKUP: tuple[tuple[re.Pattern[str], str, str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), what, advice)
    for pattern, what, advice in (
        (r"\{\\rtf", "an RTF document", "Save it as plain text (UTF-8), and pass that file."),
        (
            r"(?:<\?xml[^>]*>\s*)?(?:<!--(?:(?!-->).)*-->\s*)*"
            r"<(?:!doctype\s+html|html|head|body|table)\b",
            "an HTML page",
            "Download the file itself, or export its table as CSV.",
        ),
        (r"<\?xml\b", "an XML document", _EXPORT),
        (r"%!PS", "a PostScript document", _EXPORT),
        (
            r"version https://git-lfs\.github\.com/spec",
            "a Git LFS pointer, which stands for the file",
            "Fetch the file itself with: git lfs pull",
        ),
        (
            r"(?:\+[-=+]+\+[ \t]*\r?\n)?[^\r\n|]*\|[^\r\n]*\r?\n"
            r"(?=[^\r\n]*[|+])[ \t]*[|+]?[ \t]*:?[-=]{3,}[-=:|+ \t]*(?:[\r\n]|\Z)",
            "a table drawn with dashes and bars, as in Markdown",
            f"Save its rows as CSV, without the line of dashes. {_AS_LINES}",
        ),
        (
            r"__label__[^\s,;|\"]+[ \t]",
            "training data of fastText",
            f"Write its texts and labels as CSV, under a line text,label. {_AS_LINES}",
        ),
    )
)
_IN_ZIP = (
    ("word/", "a Word document", "Export its table as CSV, and pass that file."),
    ("ppt/", "a PowerPoint document", _EXPORT),
    ("xl/workbook.bin", "a binary Excel workbook (.xlsb)", _SAVE_AS),
    ("Index/Document.iwa", "an Apple Numbers or Pages document", _SAVE_AS),
)


def binary_kind(path: Path, head: bytes) -> Kind | None:
    """The kind of a table in a binary format; None where the bytes may be text.

    Args:
        path: the file, not compressed.
        head: the bytes that it begins with.

    Raises:
        DataError: it is something else that is no text; says what, and what to do.
    """
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return _in_zip(path)
    refuse_binary(path, head)
    return None


def refuse_binary(path: Path, head: bytes) -> None:
    """Refuses what is neither text nor a table.

    Args:
        path: the file, for the message.
        head: the bytes that it begins with, unpacked.

    Raises:
        DataError: says what the file is, and what to do.
    """
    for pattern, what, advice in _FORMATS:
        if pattern.match(head):
            raise refused(path, what, advice)


def refuse_inside(path: Path, head: bytes) -> None:
    """Refuses what a compressed file holds that is neither text nor readable there.

    Raises:
        DataError: says what is inside, and what to do.
    """
    if head.startswith(b"PAR1"):
        raise refused(path, "a compressed Parquet file", _UNPACK)
    if head.startswith(b"PK\x03\x04"):
        raise refused(path, "a compressed zip archive or Excel workbook", _UNPACK)
    if head.startswith((b"\x1f\x8b\x08", b"\xfd7zXZ\0")):
        raise refused(path, "a file that was compressed twice", "Unpack it once, and pass that.")
    refuse_binary(path, head)


def refuse_markup(path: Path, text: str) -> None:
    """Refuses text that is a document of another program.

    Args:
        path: the file, for the message.
        text: what it begins with.

    Raises:
        DataError: says what the file is, and what to do.
    """
    start = text.lstrip()
    for pattern, what, advice in _MARKUP:
        if pattern.match(start):
            raise refused(path, what, advice)


def refused(path: Path, what: str, advice: str) -> DataError:
    """The error for a file that is no table.

    Args:
        path: the file.
        what: what it is, with an article.
        advice: what to do, a sentence.
    """
    return DataError(
        f"{path}: is {what}. Expected CSV, tab-separated text, JSON, JSON lines, plain text, "
        f"an .xlsx workbook or Parquet. {advice}"
    )


def _in_zip(path: Path) -> Kind | None:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            kind = archive.read("mimetype")[:80] if "mimetype" in names else b""
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError, ValueError, EOFError):
        return "xlsx" if path.suffix.lower() in (".xlsx", ".xlsm") else _damaged(path)
    if kind.startswith(b"application/vnd.oasis.opendocument"):
        sheet = b"spreadsheet" in kind
        raise refused(
            path, "an OpenDocument " + ("spreadsheet (.ods)" if sheet else "document"), _SAVE_AS
        )
    for entry, what, advice in _IN_ZIP:
        if any(name.startswith(entry) for name in names):
            raise refused(path, what, advice)
    if any(name.startswith("xl/") for name in names) or path.suffix.lower() == ".xlsx":
        return "xlsx"
    if any(name.endswith("data.pkl") for name in names):
        raise refused(path, "a PyTorch file", _CODE)
    if names and all(name.endswith(".npy") for name in names):
        raise refused(path, "an archive of NumPy arrays (.npz)", _CODE)
    files = [name for name in names if not name.endswith("/")]
    held = ", ".join(files[:5]) + (f" and {len(files) - 5} more" if len(files) > 5 else "")
    raise refused(path, f"a zip archive that holds {held or 'nothing'}", _UNPACK)


def _damaged(path: Path) -> Kind | None:
    raise refused(path, "a damaged or unfinished zip archive", "Fetch or pack it again.")
