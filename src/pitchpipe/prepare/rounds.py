"""What several rounds of fixes found, told once a rule, with what brought the later ones about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from pitchpipe.prepare.changes import Changes
from pitchpipe.records import Finding, Fix


@dataclass(frozen=True)
class Consecutive:
    """Two fixes, one after the other."""

    first: Callable[[pd.DataFrame], pd.DataFrame]
    then: Callable[[pd.DataFrame], pd.DataFrame]

    def __call__(self, chunk: pd.DataFrame) -> pd.DataFrame:
        """The chunk after both."""
        return self.then(self.first(chunk))


def explained(
    finding: Finding, before: Collection[str], fixed: Collection[str], changes: Changes
) -> Finding:
    """A finding of a later round, with the fixes that brought it about.

    Args:
        finding: what was found in rows that fixes have changed.
        before: the rules that had already found what was left as it is.
        fixed: the rules whose fixes are in force.
        changes: what these did; only those that changed rows, not those that dropped some, make
            rules find something new.
    """
    causes = [
        rule
        for rule in fixed
        if rule != finding.rule
        and any(change.after is not None for change in changes.samples.get(rule, ()))
    ]
    if finding.fix is None or finding.rule in before or not causes:
        return finding
    *most, last = causes
    named = f"{', '.join(most)} and {last} were" if most else f"{last} was"
    return replace(finding, message=f"once {named} fixed: {finding.message}")


def merged(
    rounds: Sequence[Sequence[Finding]], apart: Collection[Finding] = ()
) -> tuple[Finding, ...]:
    """All that was found, in order; what one rule found in one round after another as one finding.

    Args:
        rounds: what was found in each.
        apart: findings that stay by themselves.
    """
    found: list[Finding] = []
    for some in rounds:
        seen = {finding.rule: at for at, finding in enumerate(found)}
        rules = Counter(finding.rule for finding in (*found, *some))
        for finding in some:
            at = seen.get(finding.rule)
            # a rule with several findings a round means different things by them
            if at is None or finding in apart or rules[finding.rule] > 2 or not finding.fix:
                found.append(finding)
            else:
                found[at] = _both(found[at], finding)
    return tuple(found)


def _both(first: Finding, later: Finding) -> Finding:
    if first.fix is None or later.fix is None:
        return first
    shown = max(len(first.lines), len(later.lines))
    return replace(
        first,
        message=f"{first.message}; {later.message}",
        count=first.count + later.count,
        lines=tuple(sorted({*first.lines, *later.lines})[:shown]),
        fix=Fix(
            f"{first.fix.description}; {later.fix.description}",
            Consecutive(first.fix.apply, later.fix.apply),
            first.fix.level,
            first.fix.uniform and later.fix.uniform,
        ),
    )
