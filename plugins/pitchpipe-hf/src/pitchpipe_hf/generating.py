"""Answering: many requests go through the model together, whichever threads they came from."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from pitchpipe.stages import Token
from pitchpipe_hf.adapters import Tensors
from pitchpipe_hf.asked import Asked
from pitchpipe_hf.forward import cache_name, logits_at

if TYPE_CHECKING:
    from pitchpipe_hf.loading import Loaded

_TOGETHER = 32  # requests that go through the model at once


@cache
def _worker() -> ThreadPoolExecutor:
    """One thread: PyTorch keeps threads and memory of its own for each one that calls it."""
    return ThreadPoolExecutor(1, "pitchpipe-hf")


class Answering:
    """Takes requests from any thread. Whoever waits for an answer does the next piece of work.

    Requests that come while others are read or answered wait until these have made a step, and are
    then read together.
    """

    def __init__(self) -> None:
        self._waiting: deque[tuple[Tensors, Asked]] = deque()
        self._groups: deque[_Group] = deque()

    def answer(self, loaded: Loaded, tensors: Tensors, asked: Asked) -> Generator[Token]:
        """The tokens of the answer as they come.

        Whoever takes no more of them ends the answer.

        Args:
            loaded: the base model.
            tensors: of the model that is asked.
            asked: the request.
        """
        self._waiting.append((tensors, asked))
        given = 0
        try:
            while True:
                done = asked.done
                while given < len(asked.said):
                    given += 1
                    yield asked.said[given - 1]
                if asked.error is not None:
                    raise asked.error
                if done:
                    return
                with loaded.lock:
                    if not asked.done and given == len(asked.said):
                        _worker().submit(self._work, loaded).result()
        finally:
            asked.done = True

    def _work(self, loaded: Loaded) -> None:
        """Reads the requests that wait, or makes the oldest ones a token longer."""
        group = self._next_group(loaded)
        try:
            with torch.no_grad():
                alive = group.step()
        except Exception as error:  # noqa: BLE001 - raised again by those who asked
            for asked in group.members:
                asked.error, asked.done = error, True
        else:
            if alive:
                self._groups.append(group)

    def _next_group(self, loaded: Loaded) -> _Group:
        members: list[Asked] = []
        tensors: Tensors | None = None
        others = []
        while self._waiting and len(members) < _TOGETHER:
            wanted, asked = self._waiting.popleft()
            if asked.done:
                continue
            if tensors is None or wanted is tensors:
                tensors = wanted
                members.append(asked)
            else:
                others.append((wanted, asked))
        self._waiting.extendleft(reversed(others))
        if tensors is not None:
            return _Group(loaded, tensors, members)
        return self._groups.popleft()


class _Group:
    """Requests of one model that are answered side by side.

    The model has a row for each, with the columns: the prompt, padding, the tree of expected
    answers, and a column for each further step. What a row's tokens may see is said by place, so
    that neither padding nor an expected answer that was not given disturbs.
    """

    def __init__(self, loaded: Loaded, tensors: Tensors, members: Sequence[Asked]) -> None:
        self._loaded = loaded
        self._tensors = tensors
        self._cache: object = None
        self._seen = torch.zeros(0)
        self.members = list(members)

    def step(self) -> bool:
        """Makes each answer longer; tells whether one goes on."""
        if self._cache is None:
            self._read()
        else:
            self._drop_the_done()
            if self.members:
                self._go_on()
        return any(not asked.done for asked in self.members)

    def _read(self) -> None:
        members = self.members
        width = max(len(asked.ids) for asked in members)
        most = max(len(asked.tree.nodes) for asked in members)
        ids = torch.zeros(len(members), width + most, dtype=torch.long)
        places = torch.zeros_like(ids)
        sees = torch.eye(width + most, dtype=torch.bool).repeat(len(members), 1, 1)
        causal = torch.ones(width, width, dtype=torch.bool).tril()
        looked: list[tuple[int, int]] = []
        for row, asked in enumerate(members):
            size, nodes = len(asked.ids), asked.tree.nodes
            ids[row, :size] = torch.tensor(asked.ids)
            places[row, :width] = torch.arange(width)
            sees[row, :width, :width] = causal
            sees[row, width:, :size] = True
            for at, node in enumerate(nodes):
                ids[row, width + at] = node.token
                places[row, width + at] = size + len(node.parents)
            for at, seen in asked.tree.visible():
                sees[row, width + at, width + seen] = True
            looked += [(row, size - 1), *((row, width + at) for at in range(len(nodes)))]
        from transformers import DynamicCache

        self._cache = DynamicCache(config=self._loaded.model.config)
        logits = self._logits(ids, places, sees, torch.tensor(looked))
        self._seen = torch.zeros(len(members), width + most, dtype=torch.bool)
        first = 0
        for row, asked in enumerate(members):
            self._seen[row, : len(asked.ids)] = True
            self._seen[row, [width + at for at in _walk(asked, logits[first:])]] = True
            first += 1 + len(asked.tree.nodes)

    def _go_on(self) -> None:
        rows = len(self.members)
        ids = torch.tensor([[asked.last] for asked in self.members])
        places = torch.tensor([[len(a.ids) + len(a.said) - 1] for a in self.members])
        self._seen = torch.cat([self._seen, torch.ones(rows, 1, dtype=torch.bool)], 1)
        looked = torch.tensor([(row, 0) for row in range(rows)])
        logits = self._logits(ids, places, self._seen[:, None], looked)
        for row, asked in enumerate(self.members):
            asked.take(logits[row])

    def _drop_the_done(self) -> None:
        kept = [row for row, asked in enumerate(self.members) if not asked.done]
        if len(kept) < len(self.members):
            self.members = [self.members[row] for row in kept]
            self._seen = self._seen[kept]
            rows = torch.tensor(kept, dtype=torch.long, device=self._loaded.device)
            self._cache.batch_select_indices(rows)  # type: ignore[attr-defined]

    def _logits(self, ids: Tensor, places: Tensor, sees: Tensor, looked: Tensor) -> Tensor:
        loaded = self._loaded
        dtype = loaded.model.dtype
        mask = torch.zeros(sees.shape, dtype=dtype).masked_fill(~sees, torch.finfo(dtype).min)
        rows, columns = looked.to(loaded.device).unbind(1)
        others: Mapping[str, object] = {
            "position_ids": places.to(loaded.device),
            "attention_mask": mask[:, None].to(loaded.device),
            "use_cache": True,
            cache_name(loaded): self._cache,
        }
        ids = ids.to(loaded.device)
        return logits_at(loaded, self._tensors, ids, rows, columns, **others).cpu()


def _walk(asked: Asked, logits: Tensor) -> Iterator[int]:
    """Says what the model says, as long as it was expected; gives the places of those tokens."""
    place: int | None = None
    while True:
        token = asked.take(logits[0 if place is None else 1 + place])
        if token is None or token not in asked.tree.ways(place):
            return
        place = asked.tree.ways(place)[token]
        yield place
