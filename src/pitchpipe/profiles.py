"""Profiles: which rules look at a table, and whose decisions they take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Profile:
    """One way to prepare data.

    Attributes:
        name: what the configuration calls it.
        summary: what it is for, in one line.
        validators: the rules, in the order in which they run and their fixes are applied.
        options: what it sets for some of them, under what the user sets.
        errors: the rules whose errors stop the preparation, those of the others being warnings;
            None for all.
        verbatim: whether the fixes alone write the records, as prompt and completion, and the
            contract is read off the result; else a formatter writes them.
        rounds: how often fixes may be followed by further ones, which the first brought about.
        splitter: the splitter that ``auto`` stands for; "" for one that fits the data.
    """

    name: str
    summary: str
    validators: tuple[str, ...]
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    errors: frozenset[str] | None = None
    verbatim: bool = False
    rounds: int = 10
    splitter: str = ""


ARTICLE = Profile(
    name="article",
    summary="one separator after every prompt, one space before every completion, no leakage",
    validators=(
        "duplicate-keys",
        "number-range",
        "mixed-formats",
        "required-columns",
        "text-fields",
        "message-shape",
        "message-roles",
        "message-content",
        "blank-turns",
        "message-names",
        "message-weight",
        "tool-calls",
        "tool-schemas",
        "images",
        "nothing-to-train",
        "preference-pairs",
        "reinforcement-shape",
        "grader-fields",
        "empty-fields",
        "control-characters",
        "special-tokens",
        "secret-keys",
        "separator-in-prompt",
        "stop-in-completion",
        "copied-output",
        "label-noise",
        "duplicate-rows",
        "conflicting-completions",
        "class-counts",
        "class-imbalance",
        "token-limit",
        "job-options",
        "model-retirement",
        "too-few-examples",
        "prompt-leakage",
        "too-few-training-records",
        "file-size",
    ),
)

_FIXED_BY_THE_OLD_TOOL = (
    "duplicate-rows",
    "long-examples",
    "upper-case-prompts",
    "upper-case-completions",
    "prompt-separator",
    "prompt-prefix",
    "completion-prefix",
    "completion-ending",
    "completion-space",
)

LEGACY = Profile(
    name="legacy",
    summary="the decisions of fine_tunes.prepare_data (openai 0.27.8), where it was right",
    validators=(
        "number-range",
        "example-count",
        "column-case",
        "additional-columns",
        "required-columns",
        "text-fields",
        "empty-fields",
        "task",
        *_FIXED_BY_THE_OLD_TOOL,
        "prompt-leakage",
    ),
    options={
        "empty-fields": {"prompts": False, "blanks": False},
        **{rule: {"level": "recommended"} for rule in _FIXED_BY_THE_OLD_TOOL},
    },
    errors=frozenset(
        {
            "number-range",
            "required-columns",
            "empty-fields",
            "text-fields",
            "prompt-separator",
            "completion-ending",
        }
    ),
    verbatim=True,
    rounds=1,
    splitter="legacy",
)

PROFILES: Mapping[str, Profile] = {profile.name: profile for profile in (ARTICLE, LEGACY)}
"""All of them, by name."""
