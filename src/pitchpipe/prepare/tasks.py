"""What kind of task some records are, and how a model trained on them is to be asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from pitchpipe.affixes import ending_of, separator_of
from pitchpipe.errors import DataError
from pitchpipe.prepare.ends import Ends
from pitchpipe.prepare.passes import Plan, Seen
from pitchpipe.records import Contract
from pitchpipe.redaction import hide_keys
from pitchpipe.selection import Named
from pitchpipe.stages import Formatter
from pitchpipe.tasks import task_kind, task_of

STOP = "\n"
"""What ends an answer where completions share no ending of their own."""


@dataclass(frozen=True)
class Task:
    """What kind of task some records are.

    Attributes:
        contract: how a model that is trained on them is to be asked.
        labels: the label of each answer by its hash; empty where all answers are labels, but too
            many to name; None where answers are free text.
        classes: how many labels there are.
        splits: whether some records are to be held out.
        note: how that was decided.
    """

    contract: Contract
    labels: Mapping[int, str] | None
    classes: int
    splits: bool
    note: str = ""

    @classmethod
    def of(cls, plan: Plan, seen: Seen) -> Task:
        """The task of the records that a pass saw.

        Raises:
            DataError: there are none.
        """
        rows, distinct = len(seen.index), seen.index.distinct_answers() if len(seen.index) else 0
        if not rows:
            raise DataError(
                f"{plan.name}: no row is left after the fixes. Expected rows with something to "
                "learn from; see what the validators find with --dry-run."
            )
        asked = plan.selection.config.data.task
        if seen.ends is not None:
            kind = task_kind(rows, distinct, seen.ends.prompts, asked)
            labelled = kind == "classification"
            formatter = _described(plan, seen.ends, labelled)
        else:
            formatter = plan.formatter
            texts = _labels(formatter.stage, seen).values()
            task = task_of(
                asked,
                rows,
                distinct,
                longest=max(map(len, texts), default=0),
                chat=plan.schema.shape == "chat",
                conversations=seen.index.conversations,
            )
            labelled = task == "classification" and formatter.stage.format != "preference"
        labels = _labels(formatter.stage, seen) if labelled else None
        names = sorted(set(labels.values())) if labels else ()
        contract = formatter.stage.contract(formatter.name, names)
        if not names and formatter.stage.format != "preference":
            contract = replace(contract, task="classification" if labelled else "text")
        return cls(
            contract,
            labels,
            distinct if labelled else 0,
            labelled or not plan.verbatim,
            _note(plan, names, distinct, labelled),
        )


def _labels(formatter: Formatter, seen: Seen) -> dict[int, str]:
    known = seen.index.answers or {}
    return {key: formatter.parse(answer) for key, answer in known.items()}


def _described(plan: Plan, ends: Ends, labelled: bool) -> Named[Formatter]:
    """The formatter that would have written such records."""
    stops = () if ends.full_stops else (".",)
    suffix = "" if labelled else ending_of(ends.completion_end, stops)
    options = {
        "separator": separator_of(ends.prompt_end) if ends.prompts else "",
        "prefix": " " if ends.completion_start.startswith(" ") else "",
        "suffix": suffix,
        "stop": [suffix or STOP],
    }
    return plan.selection.made_formatter("completion", options)


def _note(plan: Plan, names: tuple[str, ...] | list[str], distinct: int, labelled: bool) -> str:
    if plan.formatter.stage.format == "preference":
        return ""
    if not labelled:
        return "The answers are free text." if plan.selection.config.data.task == "auto" else ""
    if not names:
        return f"The answers are {distinct} labels, too many to list."
    shown = ", ".join(repr(hide_keys(name)) for name in names[:5])
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f"The answers are {len(names)} labels: {shown}{more}."
