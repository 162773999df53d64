"""How clients behaved, as their requests tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise

from pitchpipe.service.control.delivery import Truncated
from pitchpipe.service.control.requestlog import Record
from pitchpipe.service.http import JSON

FINAL = frozenset({400, 401, 403, 404, 405, 413, 422})
"""Statuses that the same request will get again."""

_TOLERANCE = 0.01  # seconds


@dataclass(frozen=True)
class Finding:
    """Something that a client should not have done.

    Attributes:
        rule: "ignored-retry-after", "retried-in-vain", "accepted-truncated" or "created-twice".
        requests: numbers of the requests that show it.
        message: one sentence.
    """

    rule: str
    requests: tuple[int, ...]
    message: str

    def to_json(self) -> JSON:
        """The finding as JSON."""
        return asdict(self)


def findings(records: Iterable[Record], alike: Iterable[Sequence[Record]]) -> list[Finding]:
    """What clients should not have done, in the order of the requests.

    Args:
        records: the requests, oldest first.
        alike: those that created the same thing.
    """
    groups: dict[tuple[object, ...], list[Record]] = {}
    for record in records:
        same = (record.method, record.path, record.query, record.digest)
        groups.setdefault(same, []).append(record)
    found = [finding for group in groups.values() for finding in _of_one_request(group)]
    found += map(_created_twice, alike)
    return sorted(found, key=lambda finding: finding.requests)


def _of_one_request(repeats: Sequence[Record]) -> Iterator[Finding]:
    """What is wrong about the way in which one and the same request was repeated, or was not."""
    # who asks again before the answer is another, or does not know yet
    pairs = [(first, then) for first, then in pairwise(repeats) if then.arrived >= first.answered]
    yield from _ignored_retry_after(pairs)
    vain = [(first, then) for first, then in pairs if first.status in FINAL and _again(then)]
    if vain:
        first = vain[0][0]
        yield Finding(
            "retried-in-vain",
            (first.number, *(then.number for _, then in vain)),
            f"Request {_name(first)} was answered with status {first.status}, "
            "and sent again as it was.",
        )
    last = repeats[-1]
    if Truncated.kind in last.faults and last.outcome == "answered" and last.status == 200:
        yield Finding(
            "accepted-truncated",
            (last.number,),
            f"The answer to request {_name(last)} ended early, and the client did not ask again.",
        )


def _ignored_retry_after(pairs: Iterable[tuple[Record, Record]]) -> Iterator[Finding]:
    for first, then in pairs:
        waited = then.arrived - first.answered
        if first.retry_after is not None and waited < first.retry_after - _TOLERANCE:
            yield Finding(
                "ignored-retry-after",
                (first.number, then.number),
                f"Request {_name(first)} was to be sent again after {first.retry_after:g} s, "
                f"and was after {waited:.2f} s.",
            )


def _again(record: Record) -> bool:
    """Whether it is sent as a retry, or creates or asks for the same thing anew."""
    return bool(record.retry) or (record.method == "POST" and bool(record.digest))


def _created_twice(alike: Sequence[Record]) -> Finding:
    lost = [record for record in alike[:-1] if record.outcome in ("dropped", "cut-off")]
    why = f"; the answer to request {_name(lost[0])} was lost" if lost else ""
    ids = ", ".join(str(record.created) for record in alike)
    return Finding(
        "created-twice",
        tuple(record.number for record in alike),
        f"The same options and files created {ids}{why}.",
    )


def _name(record: Record) -> str:
    return f"{record.number} ({record.method} {record.path})"
