"""Tables of text: read in chunks from files and frames, written as JSONL."""

from __future__ import annotations

from pitchpipe.tables.base import Table as Table
from pitchpipe.tables.frames import frame_to_records as frame_to_records
from pitchpipe.tables.opening import open_table as open_table
from pitchpipe.tables.writing import JsonlWriter as JsonlWriter
from pitchpipe.tables.writing import encode_records as encode_records
from pitchpipe.tables.writing import write_jsonl as write_jsonl

__all__ = [
    "JsonlWriter",
    "Table",
    "encode_records",
    "frame_to_records",
    "open_table",
    "write_jsonl",
]
