"""Everything that can go wrong because of what a user gave us.

Each error is one readable message; the command line prints it without a traceback and exits with
``exit_code``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

TYPE_CHECKING = False  # as type checkers know it, without the cost of importing typing
if TYPE_CHECKING:
    from pitchpipe.records import Finding


class PitchpipeError(Exception):
    """Base of every error a user can cause.

    The message names the thing at fault, what was expected and what to do.
    """

    exit_code = 1


class UsageError(PitchpipeError):
    """The request itself is wrong: a flag, a name, a configuration key."""

    exit_code = 2


class ConfigError(UsageError):
    """A configuration key is unknown or its value has the wrong type; names the key's path."""


class UnknownNameError(UsageError):
    """A name that nothing answers to.

    Args:
        kind: what was looked up, in the singular ("splitter").
        name: what the user wrote.
        known: the names that would have been right.
        detail: a further sentence, such as which plugins failed to load.
        where: the flag, the variable or the key that has the name.
    """

    def __init__(
        self, kind: str, name: str, known: Iterable[str], detail: str = "", where: str = ""
    ) -> None:
        import difflib

        names = sorted(known)
        close = difflib.get_close_matches(name, names, n=1) or _in_another_case(name, names)
        parts = [f"{where}: unknown {kind} {name!r}." if where else f"unknown {kind} {name!r}."]
        if close:
            parts.append(f"Did you mean {close[0]!r}?")
        parts.append(f"Known: {', '.join(names) or 'none'}.")
        if detail:
            parts.append(detail)
        super().__init__(" ".join(parts))
        self.name = name
        self.close_match = close[0] if close else None


def _in_another_case(name: str, names: Sequence[str]) -> list[str]:
    return [known for known in names if known.casefold() == name.casefold()][:1]


class PluginError(UsageError):
    """A plugin could not be loaded, or offers something that cannot be used."""


class DataError(PitchpipeError):
    """The user's data cannot be used; names the file and the line, row or column.

    Attributes:
        findings: the errors that validators found.
        everything: all that they found, the errors among it.
        applied: the rules whose fixes were to be applied, had there been no error.
    """

    findings: tuple[Finding, ...] = ()
    everything: tuple[Finding, ...] = ()
    applied: tuple[str, ...] = ()


class InvalidDataError(DataError):
    """Validators found errors that were not fixed.

    Args:
        name: the file, or what to call the table.
        findings: the errors.
        legend: a last line, such as what the columns are called in the file.
        everything: all that was found, the errors among it.

    Attributes:
        name: as given.
    """

    def __init__(
        self,
        name: str,
        findings: Sequence[Finding],
        legend: str = "",
        everything: Sequence[Finding] = (),
    ) -> None:
        lines = [finding.describe(name) for finding in findings]
        super().__init__("\n".join([*lines, legend] if legend else lines))
        self.name = name
        self.findings = tuple(findings)
        self.everything = tuple(everything or findings)


class UnclearColumnsError(DataError):
    """Nothing says which column of a table has a part; the message says what to pass.

    Args:
        message: what to say.
        role: the part: "prompt" or "completion".
        candidates: the columns that could have it, as the table calls them.

    Attributes:
        role: as given.
        candidates: as given.
    """

    def __init__(self, message: str, role: str, candidates: Sequence[str]) -> None:
        super().__init__(message)
        self.role = role
        self.candidates = tuple(candidates)

    def __reduce__(self) -> tuple[type[UnclearColumnsError], tuple[str, str, tuple[str, ...]]]:
        return type(self), (str(self), self.role, self.candidates)


class ServiceError(PitchpipeError):
    """A fine-tuning service refused a request or could not be reached."""


class JobFailedError(PitchpipeError):
    """A fine-tuning job ended without a model; carries the service's own message."""


class BudgetError(PitchpipeError):
    """The estimated cost is above the limit that the user set; nothing was submitted."""


class StoppedError(PitchpipeError):
    """Another thread asked for an end; what was done is kept, and the same call goes on."""


class RunError(PitchpipeError):
    """A run folder cannot be used: locked, unwritable, or holding another run."""
