"""Whether a turn is trained on: what other tools call it, and the weight of a message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pitchpipe_formats.fields import UnfitError, shown

WEIGHT = "weight"
SWITCHES = ("train", "loss")
"""Names for true or false on a turn; the first is that of axolotl's examples."""

DETAIL = "train_detail"
"""Which letters of a turn are trained on, in axolotl."""

KEYS = (WEIGHT, *SWITCHES, DETAIL)


def weight_of(turn: Mapping[str, Any], is_answer: bool, column: str) -> dict[str, Any]:
    """The weight of the message that a turn becomes; none where it changes nothing.

    A weight is taken as it is, for the rules about messages to judge. Nothing is trained on the
    turns of others than the model, so that a weight of 0 says nothing there.

    Args:
        turn: what says it.
        is_answer: whether the turn is the model's.
        column: where it is, for errors.

    Raises:
        UnfitError: it says two things, or something that no weight says.
    """
    if turn.get(DETAIL) is not None:
        raise UnfitError(
            column,
            f"a turn has {DETAIL!r}, and a message is trained on as a whole or not at all; take it "
            "out, and split the turn or give it a weight.",
        )
    said = {key: turn[key] for key in (WEIGHT, *SWITCHES) if turn.get(key) is not None}
    for key in SWITCHES:
        if key in said and said[key] not in (0, 1):
            raise UnfitError(
                column, f"expected true or false for {key!r}; found {shown(said[key])}."
            )
    weights = [int(value) if isinstance(value, bool) else value for value in said.values()]
    if any(weight != weights[0] for weight in weights):
        raise UnfitError(column, f"a turn says two things of its weight: {shown(said)}.")
    if not weights or (weights[0] == 0 and not is_answer):
        return {}
    return {WEIGHT: weights[0]}
