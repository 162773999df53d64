"""What a job will take: tokens, epochs and dollars, before anything is sent."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from pitchpipe.errors import BudgetError, DataError
from pitchpipe.records import Estimate

TRAINING_PRICES: Mapping[str, float] = {
    "gpt-4.1-2025-04-14": 25.00,
    "gpt-4.1-mini-2025-04-14": 5.00,
    "gpt-4.1-nano-2025-04-14": 1.50,
    "gpt-4o-2024-08-06": 25.00,
    "gpt-4o-mini-2024-07-18": 3.00,
    "gpt-3.5-turbo": 8.00,
    "davinci-002": 6.00,
    "babbage-002": 0.40,
}
"""US dollars per million trained tokens. Reinforcement is billed by the hour and not listed."""

PRICES_SOURCE = "https://developers.openai.com/api/docs/pricing, read 2026-11-24"

ROUGH = "tokens are a rough count: one for every 4 bytes of UTF-8 text"

_SNAPSHOT = re.compile(r"-(?:\d{4}-\d\d-\d\d|\d{4})$")
_BYTES_PER_TOKEN = 4
_TOKENS_PER_MESSAGE = 3  # role and delimiters around each chat message


def auto_epochs(n_epochs: int | Literal["auto"], rows: int) -> int:
    """The epochs that ``auto`` comes to for so many records.

    Three, but more for less than 34 records (up to 25) and fewer for more than 8,333: the rule
    that the service used to publish with its data checks.
    """
    if n_epochs != "auto":
        return n_epochs
    rows = max(1, rows)
    if 3 * rows < 100:
        return min(25, 100 // rows)
    if 3 * rows > 25_000:
        return max(1, 25_000 // rows)
    return 3


def count_tokens(path: Path) -> int:
    """About how many tokens the records of a JSONL file hold.

    Raises:
        DataError: a line is not a JSON object; names it.
    """
    size = messages = 0
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                record = json.loads(line)
            except ValueError as error:
                raise DataError(
                    f"{path}, line {number}: expected a JSON object; {error}."
                ) from None
            for text in _texts(record):
                size += len(text.encode("utf-8", "surrogatepass"))
            messages += len(record["messages"]) if _has_messages(record) else 0
    return math.ceil(size / _BYTES_PER_TOKEN) + _TOKENS_PER_MESSAGE * messages


def price_of(model: str, prices: Mapping[str, float]) -> float | None:
    """The price of a base model, of a tuned model's base, or of another snapshot of it."""
    name = model.split(":")[1] if model.startswith("ft:") and ":" in model[3:] else model
    if name in prices:
        return prices[name]
    stem = _SNAPSHOT.sub("", name)
    return next((price for key, price in prices.items() if _SNAPSHOT.sub("", key) == stem), None)


def check_budget(estimate: Estimate, max_cost: float | None, model: str) -> None:
    """Holds an estimate to the user's limit.

    Raises:
        BudgetError: it is above the limit, or the price is not known.
    """
    if max_cost is None:
        return
    if estimate.cost is None:
        raise BudgetError(
            f"max_cost is {max_cost:.2f} USD, but the cost cannot be estimated: {estimate.source}. "
            f"Give a price (USD per million trained tokens) in the trainer's options, "
            f"prices = {{ {json.dumps(model)} = ... }}, or leave max_cost out."
        )
    if estimate.cost > max_cost:
        raise BudgetError(
            f"the estimate of {estimate.cost:.2f} USD ({estimate.tokens:,} tokens x "
            f"{estimate.epochs} epochs, {estimate.source}) is above max_cost, "
            f"{max_cost:.2f} USD; nothing was submitted. Raise --max-cost, lower --n-epochs, "
            "or use fewer records."
        )


def _has_messages(record: object) -> bool:
    return isinstance(record, dict) and isinstance(record.get("messages"), list)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
