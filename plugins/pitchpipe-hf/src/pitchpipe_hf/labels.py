"""The answers of a classifier, read together: a tree of tokens behind the prompt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

_MOST_LABELS = 32
_MOST_TOKENS = 64


def labels_of(answers: Iterable[tuple[int, ...] | None], records: int) -> list[list[int]]:
    """The different answers, where they are so few that they are labels; else none.

    Args:
        answers: of the records, as tokens.
        records: how many there are; labels occur more than once.
    """
    found = sorted({answer for answer in answers if answer})
    few = len(found) <= _MOST_LABELS and 2 * len(found) <= records
    short = sum(map(len, found)) <= _MOST_TOKENS
    return [list(answer) for answer in found] if few and short else []


@dataclass
class Node:
    """A token that may stand here.

    Attributes:
        token: which.
        parents: the places of the nodes before it, from the root on.
        children: the nodes that may follow, by token, as places.
    """

    token: int
    parents: tuple[int, ...]
    children: dict[int, int] = field(default_factory=dict)


class Tree:
    """Answers as a tree, in which each beginning that several share stands once.

    Args:
        answers: as tokens.
        ends: tokens that end an answer, after which nothing is read.

    Attributes:
        nodes: in an order in which each comes after those before it.
        first: the nodes that may follow the prompt, by token, as places.
    """

    def __init__(self, answers: Iterable[Sequence[int]] = (), ends: Sequence[int] = ()) -> None:
        self.nodes: list[Node] = []
        self.first: dict[int, int] = {}
        for answer in answers:
            self._add([token for token in answer if token not in ends])

    def _add(self, answer: Sequence[int]) -> None:
        ways = self.first
        path: tuple[int, ...] = ()
        for token in answer:
            place = ways.setdefault(token, len(self.nodes))
            if place == len(self.nodes):
                self.nodes.append(Node(token, path))
            path = (*path, place)
            ways = self.nodes[place].children

    def ways(self, place: int | None) -> dict[int, int]:
        """The nodes that may follow a node, or the prompt."""
        return self.first if place is None else self.nodes[place].children

    def visible(self) -> Iterator[tuple[int, int]]:
        """Which node sees which: itself and those before it."""
        for place, node in enumerate(self.nodes):
            for seen in (*node.parents, place):
                yield place, seen
