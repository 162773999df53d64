"""Arrow's arrays as Python's values, and how much room these take."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from pitchpipe.errors import DataError

CELL_BYTES = 32
"""What a value counts at least: a number takes as much in Python, and in a file perhaps nothing."""

_SHOWN = 60


def size_of(array: Any) -> int:
    """The bytes of an array's values, written out: ``CELL_BYTES`` each, and those of texts.

    Args:
        array: a ``pyarrow.Array``; may hold texts by a dictionary, which makes it small.
    """
    pa, pc = import_module("pyarrow"), import_module("pyarrow.compute")
    kind = array.type
    own = CELL_BYTES * len(array)
    if isinstance(array, pa.ExtensionArray):
        return size_of(array.storage)
    if isinstance(array, pa.DictionaryArray):
        if not (pa.types.is_binary(kind.value_type) or pa.types.is_string(kind.value_type)):
            return own
        lengths = pc.take(pc.binary_length(array.dictionary), array.indices)
        return own + (pc.sum(pc.cast(lengths, pa.int64())).as_py() or 0)
    if isinstance(array, pa.StructArray):
        return own + sum(size_of(part) for part in array.flatten())
    if isinstance(array, pa.MapArray):
        # its own offsets, as keys and items know nothing of a slice
        first, last = array.offsets[0].as_py(), array.offsets[len(array)].as_py()
        parts = (array.keys, array.items)
        return own + sum(size_of(part.slice(first, last - first)) for part in parts)
    if isinstance(array, pa.ListArray | pa.LargeListArray | pa.FixedSizeListArray):
        return own + size_of(array.flatten())
    if pa.types.is_fixed_size_binary(kind):
        return own + int(kind.byte_width) * len(array)
    if pa.types.is_boolean(kind) or pa.types.is_null(kind) or pa.types.is_primitive(kind):
        return own
    if _has_lengths(kind):
        return own + (pc.sum(pc.cast(pc.binary_length(array), pa.int64())).as_py() or 0)
    return own + int(array.nbytes)


def cells_of(array: Any, place: Callable[[int], str]) -> list[object]:
    """The values of an array.

    Args:
        array: the values of one column, a ``pyarrow.Array``.
        place: what to call one in messages, by its position.

    Raises:
        DataError: Python has no such value, as of a date after the year 9999.
    """
    if isinstance(array, import_module("pyarrow").DictionaryArray):
        array = array.dictionary_decode()
    try:
        cells: list[object] = array.to_pylist()
    except (ValueError, OverflowError, ArithmeticError, NotImplementedError) as error:
        for at, value in enumerate(array):
            _check_value(value, place(at))
        raise DataError(f"{place(0)}: a value cannot be read ({error}).") from error
    return cells


def _check_value(value: Any, where: str) -> None:
    try:
        value.as_py()
    except (ValueError, OverflowError, ArithmeticError, NotImplementedError) as error:
        raw = getattr(value, "value", None)
        shown = f"{value.type} {raw}" if isinstance(raw, int) else f"{value.type}"
        raise DataError(
            f"{where}: the value ({shown[:_SHOWN]}) cannot be read ({error}). Expected a value "
            "that Python can hold, such as a date from the year 1 to 9999; correct the value, or "
            "delete the column."
        ) from error


def _has_lengths(kind: Any) -> bool:
    types = import_module("pyarrow").types
    tests = (types.is_binary, types.is_string, types.is_large_binary, types.is_large_string)
    return any(test(kind) for test in tests)
