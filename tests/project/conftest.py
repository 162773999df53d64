"""The repository, as its own tests see it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's folder."""
    return ROOT


@pytest.fixture(scope="session")
def block_of() -> Callable[[str, str], str]:
    """Gives the code block of a page that follows a marking comment."""

    def find(page: str, marker: str) -> str:
        text = (ROOT / page).read_text("utf-8")
        pattern = rf"<!-- {re.escape(marker)} -->\n```\w+[^\n]*\n(.*?)```"
        blocks = re.findall(pattern, text, re.DOTALL)
        assert len(blocks) == 1, f"{page}: {len(blocks)} blocks marked {marker!r}"
        block: str = blocks[0]
        return block

    return find
