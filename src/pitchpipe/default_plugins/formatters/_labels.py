"""A mapping of labels that can be undone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from pitchpipe.default_plugins.formatters._cells import bad_cell, utf8_length


def check_labels(labels: Mapping[str, str]) -> None:
    """Makes sure that the mapping can be undone.

    Raises:
        ValueError: two labels are written alike.
    """
    written: dict[str, str] = {}
    for label, text in labels.items():
        if text in written:
            raise ValueError(
                f"labels {written[text]!r} and {label!r} would both be trained as {text!r}; "
                "give each its own text."
            )
        written[text] = label


def mapped(
    labels: Mapping[str, str], completions: Sequence[str], chunk: pd.DataFrame, column: str
) -> Sequence[str]:
    """What is trained for each completion of a chunk; those without a mapping stay as they are.

    Raises:
        DataError: an unmapped completion is what another label is mapped to.
    """
    if not labels:
        return completions
    taken = set(labels.values()) - set(labels)
    if not taken.isdisjoint(completions):
        at = next(i for i, text in enumerate(completions) if text in taken)
        raise bad_cell(
            chunk,
            chunk.index[at],
            column,
            f"{completions[at]!r} has no entry in the label mapping, which writes "
            f"{unmapped(labels, completions[at])!r} that way; map it to another text.",
        )
    return [labels.get(text, text) for text in completions]


def unmapped(labels: Mapping[str, str], text: str) -> str:
    """The user's label for a trained text; the text itself where none is mapped to it."""
    return next((label for label, trained in labels.items() if trained == text), text)


def most_tokens(labels: Mapping[str, str], known: Iterable[str], around: str = "") -> int | None:
    """The most tokens that one of the known labels can take, None where none is known.

    It is the number of UTF-8 bytes: the API's tokenizers merge bytes, so no text has more tokens
    than bytes, whichever the tokenizer. The stop ends an answer before the bound does.

    Args:
        labels: the label mapping.
        known: the labels in the user's words.
        around: what else is written with each.
    """
    longest = max((utf8_length(labels.get(label, label)) for label in known), default=None)
    return None if longest is None else max(1, longest + utf8_length(around))
