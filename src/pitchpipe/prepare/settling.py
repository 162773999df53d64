"""Which fixes are applied: passes follow one another until none is left to apply."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from operator import eq
from typing import Any

from pitchpipe.errors import DataError, InvalidDataError
from pitchpipe.nested import with_strings
from pitchpipe.prepare.batches import Accepted
from pitchpipe.prepare.changes import Changes, uniform_entry
from pitchpipe.prepare.passes import Plan, Seen, Spools, run
from pitchpipe.prepare.rounds import explained, merged
from pitchpipe.records import Change, Finding, Severity
from pitchpipe.redaction import hide_keys
from pitchpipe.watch import Watch

_CONTEXT = 20

Decide = Callable[[Sequence[Finding]], Collection[Finding]]
"""Which of some findings, in the order of their fixes, are to be fixed."""


def recommended(findings: Sequence[Finding]) -> list[Finding]:
    """Those whose fix is recommended."""
    return [f for f in findings if f.fix and f.fix.level == "recommended"]


def none(findings: Sequence[Finding]) -> list[Finding]:
    """None of them."""
    del findings
    return []


@dataclass(frozen=True)
class Settled:
    """A table that is as good as its fixes make it.

    Attributes:
        seen: the last pass.
        fixes: what that pass applied, in order.
        rounds: the findings that were fixed in each round, in order.
    """

    seen: Seen
    fixes: tuple[Accepted, ...]
    rounds: tuple[tuple[Finding, ...], ...]

    @property
    def fixed(self) -> tuple[Finding, ...]:
        """The findings that were fixed, in order."""
        return tuple(finding for some in self.rounds for finding in some)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was fixed, with an example of how, and what is left."""
        samples = self.seen.changes.samples
        told = merged(self.rounds)
        fixed = tuple(_illustrated(f, samples.get(f.rule, ())) for f in told)
        return (*fixed, *(f for f in self.seen.findings if f not in self.fixed))

    @property
    def applied(self) -> tuple[str, ...]:
        """The rules that were fixed, in order."""
        return tuple(dict.fromkeys(finding.rule for finding in self.fixed))

    @property
    def uniform(self) -> list[bytes]:
        """The entries of the change log for what was done to every row alike."""
        counts = self.seen.changes.counts
        return [
            uniform_entry(accepted.rule, counts[accepted.rule], accepted.fix)
            for accepted in self.fixes
            if accepted.fix.uniform and accepted.rule in counts
        ]

    @property
    def samples(self) -> tuple[Change, ...]:
        """The first few changes of each rule, without the keys that are in them."""
        samples = self.seen.changes.samples
        return tuple(_without_keys(c) for rule in self.applied for c in samples.get(rule, ()))

    @property
    def changed(self) -> dict[str, int]:
        """How many rows the fix of each rule changed or removed."""
        counts = self.seen.changes.counts
        return {rule: counts[rule] for rule in self.applied if rule in counts}


def settle(plan: Plan, decide: Decide, watch: Watch, spools: Spools) -> Settled:
    """Passes over a table until there is nothing more to fix.

    Records are made in the first pass already, in the hope that nothing needs fixing, unless the
    fixes are what makes the records.

    Raises:
        InvalidDataError: an error is left that no accepted fix mends.
        DataError: a row cannot be read, or fixes bring about one another without an end.
    """
    profile = plan.selection.profile
    fixing = plan.selection.config.data.fix
    fixes: list[Accepted] = []
    rounds: list[tuple[Finding, ...]] = []
    declined: set[str] = set()
    left: set[str] = set()
    seen = run(plan, fixes, "validate", watch, None if plan.verbatim else spools)
    for _ in range(profile.rounds):
        rules = dict.fromkeys(f.rule for some in rounds for f in some)
        seen.findings = [
            explained(_previewed(plan, finding), left, rules, seen.changes)
            for finding in seen.findings
        ]
        required = [f for f in seen.findings if f.fix and f.fix.level == "required" and fixing]
        open_ = [
            f
            for f in seen.findings
            if f.fix and f.fix.level != "required" and f.rule not in declined
        ]
        accepted = list(decide(open_)) if open_ else []
        declined.update(f.rule for f in open_ if f not in accepted)
        chosen = [f for f in seen.findings if f in required or f in accepted]
        fresh = [Accepted(f.rule, f.fix) for f in chosen if f.fix and not _done(seen, f)]
        check(plan, seen, chosen, rounds, goes_on=bool(fresh))
        rounds.append(tuple(chosen))
        left = {f.rule for f in seen.findings if f not in chosen}
        if not fresh:
            return Settled(seen, tuple(fixes), tuple(rounds))
        fixes += fresh
        seen = run(plan, fixes, "validate", watch, spools)
    endless = sorted({f.rule for f in seen.findings if f.fix and f.rule not in declined})
    if endless and profile.rounds > 1:
        raise DataError(
            f"{plan.name}: the fixes of {', '.join(endless)} do not come to "
            "an end. Fixes must be final; leave out the validators at fault (validators.skip)."
        )
    check(plan, seen, (), rounds)
    return Settled(seen, tuple(fixes), tuple(rounds))


def check(
    plan: Plan,
    seen: Seen,
    chosen: Sequence[Finding],
    rounds: Sequence[Sequence[Finding]],
    goes_on: bool = False,
) -> None:
    """Whether all errors are among those that are to be fixed.

    Rows of which no record could be made may be what a fix corrects. Where another pass follows,
    they are not spoken of, nor is what rules found in such records as could be made.

    Raises:
        InvalidDataError: they are not.
        DataError: a row could not be made a record.
    """
    fatal = [f for f in seen.findings if f.severity is Severity.ERROR and f not in chosen]
    if seen.refusal and goes_on:
        of_rows = {rule.id for rule in plan.only("table", "source")}
        fatal = [finding for finding in fatal if finding.rule in of_rows]
    if fatal:
        fixed = [finding for some in rounds for finding in some]
        error = InvalidDataError(
            plan.name, fatal, plan.schema.legend, merged([*rounds, seen.findings], fatal)
        )
        error.applied = tuple(dict.fromkeys(f.rule for f in (*fixed, *chosen)))
        raise error
    if seen.refusal and not goes_on:
        raise DataError(f"{plan.name}: {seen.refusal}") from seen.refusal


def _done(seen: Seen, finding: Finding) -> bool:
    """Whether a required fix was in force in the pass that found it."""
    required = finding.fix is not None and finding.fix.level == "required"
    return required and finding.rule in seen.in_force


def _previewed(plan: Plan, finding: Finding) -> Finding:
    """The finding with what its fix does to one of the first rows, where it does something."""
    if finding.fix is None or finding.after or finding.fix.level == "required":
        return finding
    changes = Changes()
    changes.apply(finding.rule, finding.fix, plan.sample)
    return _illustrated(finding, changes.samples.get(finding.rule, ()))


def _illustrated(finding: Finding, samples: Sequence[Change]) -> Finding:
    if not samples or finding.after:
        return finding
    change = _without_keys(samples[0])
    if change.after is None:
        before = finding.before or _cut(_written(change.before))
        return replace(finding, before=before, after="(the row is dropped)")
    before, after = _written(change.before), _written(change.after)
    same = takewhile(bool, map(eq, before, after))
    start = sum(same) - _CONTEXT
    return replace(finding, before=_cut(before, start), after=_cut(after, start))


def _without_keys(change: Change) -> Change:
    before, after = with_strings(change.before, hide_keys), with_strings(change.after, hide_keys)
    return replace(change, before=before, after=after)


def _written(cells: Mapping[str, Any]) -> str:
    return repr(next(iter(cells.values()))) if len(cells) == 1 else repr(dict(cells))


def _cut(text: str, start: int = 0, limit: int = 80) -> str:
    """The part of a text around what is to be seen in it."""
    if len(text) > limit and start > 0:
        text = "..." + text[start:]
    return text if len(text) <= limit else text[: limit - 3] + "..."
