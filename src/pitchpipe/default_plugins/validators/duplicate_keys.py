"""Whether an object of JSON has a key more than once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from pitchpipe.default_plugins.validators._readings import ReadingRule


@dataclass(frozen=True)
class DuplicateKeys(ReadingRule):
    """Finds JSON objects, nested or not, that have a key more than once.

    JSON says nothing of what that means, and programs differ: most keep the last value and lose
    the others without a word. Where this rule is left out, so does this one.
    """

    rule: ClassVar[str] = "duplicate-keys"
    what: ClassVar[str] = "a key more than once in one object"
    expected: ClassVar[str] = (
        "each key once; delete all but the one you mean, or pass --ignore duplicate-keys to train "
        "on the last of them"
    )
