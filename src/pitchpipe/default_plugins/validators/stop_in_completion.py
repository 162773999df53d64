"""Whether an answer would be cut off when it is predicted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from pitchpipe.default_plugins.validators._fields import Bools, FormatAware, answers, cells
from pitchpipe.default_plugins.validators._places import Places, rows
from pitchpipe.default_plugins.validators._text import text_of
from pitchpipe.records import COMPLETION, PROMPT, Finding, Severity
from pitchpipe.stages import Scope


@dataclass(frozen=True)
class StopInCompletion(FormatAware[Places]):
    """Finds completions with a stop string in them: a prediction ends there."""

    scope: ClassVar[Scope] = "source"

    def start(self) -> Places:
        """No rows."""
        return Places()

    def observe(self, state: Places, chunk: pd.DataFrame) -> Places:
        """Adds the chunk's rows."""
        stops = self._contract.stop
        if not stops:
            return state
        labels = self._contract.options.get("labels")
        if self._contract.format == "completion" and not labels:
            words = text_of(chunk).joined(COMPLETION)
            if not any(stop in words for stop in stops):
                return state
        texts = answers(chunk, self._contract.format)
        if isinstance(labels, Mapping) and labels:
            texts = [labels.get(t, t) if isinstance(t, str) else t for t in texts]
        words = "\0".join([text for text in texts if isinstance(text, str)])
        if not any(stop in words for stop in stops):
            return state
        hits = np.zeros(len(chunk), dtype=np.bool_)
        for stop in stops:
            hits |= np.array([isinstance(t, str) and stop in t for t in texts], dtype=np.bool_)
        if hits.any() and self._option("suffix") in stops:
            self._excuse(hits, cells(chunk, PROMPT), texts)
        return state + Places.at(chunk, hits, texts)

    def merge(self, a: Places, b: Places) -> Places:
        """The rows of both."""
        return a + b

    def conclude(self, state: Places) -> Sequence[Finding]:
        """One warning for all of them."""
        if not state.count:
            return []
        stops = " or ".join(map(repr, self._contract.stop))
        return [
            Finding(
                "stop-in-completion",
                Severity.WARNING,
                f"{rows(state.count)} whose completion has the stop {stops} in it, where the "
                "predicted answer will end",
                count=state.count,
                lines=state.lines,
                unit=state.unit,
                expected="stops that no completion has in it; choose others, or none",
                before=state.example,
            )
        ]

    def _excuse(self, hits: Bools, prompts: Sequence[object], texts: Sequence[object]) -> None:
        """Lets rows off that are records already and have a stop only as their suffix."""
        for at in np.flatnonzero(hits).tolist():
            text = texts[at]
            if isinstance(text, str) and self._is_written(prompts[at], text):
                inner = text.removesuffix(self._option("suffix"))
                hits[at] = any(stop in inner for stop in self._contract.stop)
