"""What all prompts and all completions of some records begin and end with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pitchpipe.affixes import common_prefix, common_suffix


@dataclass(frozen=True)
class Ends:
    """The longest ends that some records share.

    Attributes:
        prompt_end: of the prompts.
        completion_start: of the completions.
        completion_end: of the completions.
        prompts: whether any prompt holds anything.
        full_stops: whether a completion has a full stop elsewhere than at its end; told only
            where all of them end in one.
    """

    prompt_end: str
    completion_start: str
    completion_end: str
    prompts: bool
    full_stops: bool

    @classmethod
    def of(cls, prompts: Sequence[str], completions: Sequence[str]) -> Ends:
        """Those of some records, of which there is at least one."""
        end = common_suffix(completions)
        return cls(
            common_suffix(prompts),
            common_prefix(completions),
            end,
            any(prompts),
            end.endswith(".") and any("." in completion[:-1] for completion in completions),
        )

    def __add__(self, other: Ends) -> Ends:
        return Ends(
            common_suffix((self.prompt_end, other.prompt_end)),
            common_prefix((self.completion_start, other.completion_start)),
            common_suffix((self.completion_end, other.completion_end)),
            self.prompts or other.prompts,
            self.full_stops or other.full_stops,
        )
