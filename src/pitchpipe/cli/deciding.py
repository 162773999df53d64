"""Which fixes are applied: as flags say, as the user answers, or as last time but for some."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pitchpipe.cli.output import say, shown, write
from pitchpipe.cli.summary import places_text
from pitchpipe.errors import DataError, UnknownNameError, UsageError

if TYPE_CHECKING:
    from pitchpipe.pipeline import Pipeline
    from pitchpipe.prepare import Decide
    from pitchpipe.records import Finding

ALL = "all"


@dataclass(frozen=True)
class Asking:
    """Applies what was named, and asks for the rest of what is recommended.

    Attributes:
        named: the rules whose fixes are applied unasked.
        quiet: whether all recommended fixes are.
        fixes: whether any others may be applied at all.
        clear: takes progress bars off the terminal before a question.
    """

    named: frozenset[str]
    quiet: bool
    fixes: bool
    clear: Callable[[], None]

    def __call__(self, findings: Sequence[Finding]) -> Collection[Finding]:
        """Those that are to be fixed.

        Raises:
            UsageError: there is nobody to ask; says what to pass.
        """
        accepted = [f for f in findings if f.rule in self.named]
        open_ = [f for f in findings if f not in accepted and self.fixes and _is_recommended(f)]
        if self.quiet:
            return [*accepted, *open_]
        if open_ and not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise _undecided(open_)
        self.clear()
        return [*accepted, *(f for f in open_ if _asked(f, open_))]


@dataclass
class Preview:
    """Takes every recommended fix for accepted, and remembers which of them need consent.

    Attributes:
        named: the rules whose fixes are applied unasked.
        fixes: whether any others may be applied at all.
        waiting: the rules whose fixes need consent, in their order.
    """

    named: frozenset[str]
    fixes: bool
    waiting: list[str] = field(default_factory=list)

    def __call__(self, findings: Sequence[Finding]) -> Collection[Finding]:
        """Those whose fixes would be applied, if the user agrees."""
        accepted = [f for f in findings if f.rule in self.named]
        open_ = [f for f in findings if f not in accepted and self.fixes and _is_recommended(f)]
        self.waiting += dict.fromkeys(f.rule for f in open_ if f.rule not in self.waiting)
        return [*accepted, *open_]

    def consent_text(self) -> str:
        """Which fixes need consent, and how to give it; "" where none does."""
        if not self.waiting:
            return ""
        count = len(self.waiting)
        need = "1 fix needs" if count == 1 else f"{count} fixes need"
        them = "it" if count == 1 else "them"
        return (
            f"{need} your consent: {', '.join(self.waiting)}. This dry run shows the result with "
            f"{them}. Pass -q to accept {them}, --fix RULE to accept one, or --ignore RULE to "
            "leave a rule out."
        )


def undoing(pipeline: Pipeline, file: str, out_dir: str | None, rules: Collection[str]) -> Decide:
    """Decides as the last preparation of a table did, but for the fixes of some rules.

    Args:
        pipeline: prepares the table.
        file: the table.
        out_dir: where it was prepared; None for the table's folder.
        rules: those whose fixes are undone; "all" for all.

    Raises:
        DataError: there is no such preparation, or the table is not the same any more.
        UsageError: one of the fixes was not applied, or cannot be done without; or the table was
            prepared with another profile.
    """
    from pitchpipe.prepared import load_manifest, origin_of, outputs_of

    table = pipeline.table(file)
    outputs, _ = outputs_of(table, Path(out_dir) if out_dir else Path(file).parent)
    last = load_manifest(outputs.manifest)
    origin = origin_of(outputs.manifest)
    if last is None or origin is None:
        raise DataError(
            f"{outputs.manifest}: no preparation to undo, or its files were changed since. "
            "Expected the files as pitchpipe prepare wrote them; prepare the table anew."
        )
    if origin.sha256 != table.fingerprint():
        raise DataError(
            f"{file}: not the table that was prepared any more. Expected the same content; "
            "prepare it anew, with the fixes you want."
        )
    if origin.profile != pipeline.config.data.profile:
        raise UsageError(
            f"{file}: prepared with profile {origin.profile}; give --profile {origin.profile} "
            "beside --undo, and whatever else was given then."
        )
    kept = set() if ALL in rules else set(last.applied) - set(rules)

    def decide(findings: Sequence[Finding]) -> list[Finding]:
        return [finding for finding in findings if finding.rule in kept]

    for rule in set(rules) - {ALL}:
        if rule not in last.applied:
            raise UnknownNameError("fix to undo", rule, last.applied)
    again = pipeline.prepare(file, out_dir, decide=decide, dry_run=True)
    required = sorted(set(rules).intersection(again.applied))
    if required:
        raise UsageError(
            f"the fix of {required[0]} is required and cannot be undone. "
            f"Leave the rule out (--ignore {required[0]}), or change the table."
        )
    return decide


def _is_recommended(finding: Finding) -> bool:
    return finding.fix is not None and finding.fix.level == "recommended"


def _fix_of(finding: Finding) -> str:
    return shown(finding.fix.description) if finding.fix else ""


def _undecided(findings: Sequence[Finding]) -> UsageError:
    listed = "\n".join(f"  {f.rule}: {shown(f.message)}; fix: {_fix_of(f)}" for f in findings)
    rules = " ".join(f"--fix {rule}" for rule in dict.fromkeys(f.rule for f in findings))
    return UsageError(
        f"these fixes wait for a yes or no, and nobody is there to answer:\n{listed}\n"
        f"Nothing was written. Pass -q to apply them all, {rules} to choose, "
        "or --ignore RULE to leave a rule out."
    )


def _asked(finding: Finding, open_: Sequence[Finding]) -> bool:
    fix = _fix_of(finding)
    say(f"{finding.severity}: {finding.rule}: {shown(finding.message)}")
    places = places_text(finding)
    say(f"  {finding.count} in all" + (f": {places}" if places else ""))
    if finding.before:
        say(f"  such as {shown(finding.before)}")
    if finding.after:
        say(f"  becomes {shown(finding.after)}")
    while True:
        write(f"{fix[:1].upper()}{fix[1:]}? [Y/n] ", sys.stderr, end="")
        answer = sys.stdin.readline()
        if not answer:
            say("")
            raise _undecided(open_)
        if answer.strip().lower() in {"", "y", "yes", "n", "no"}:
            return not answer.strip().lower().startswith("n")
        say("Please answer y or n.")
