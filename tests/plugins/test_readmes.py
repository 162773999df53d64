"""The pages of the distributions, done where these are installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from pages.blocks import read_page
from pages.reader import read


def test_its_page_does_what_it_says(
    folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert folder.installed
    page = read_page(f"{folder.path.name}/README.md", (folder.path / "README.md").read_text())
    read(page, tmp_path, monkeypatch)
