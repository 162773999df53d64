"""Every block of the README and of the documentation, done."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pages.blocks import Page, pages, read_page
from pages.reader import read, shown

PAGES = pages()
MOST_NOT_RUN = 8


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_a_page_does_what_it_says(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(page, tmp_path, monkeypatch)


def test_few_blocks_are_not_run_and_each_says_why() -> None:
    reasons = [block.not_run for page in PAGES for block in page.blocks if block.not_run]
    assert len(reasons) <= MOST_NOT_RUN
    assert all(len(reason.split()) >= 3 for reason in reasons)


def _page(*blocks: str) -> Page:
    return read_page("made.md", "\n".join(blocks))


def test_variables_and_names_stay_from_block_to_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = _page(
        "```console\nWORD=ready\n```",
        "```console\necho $WORD, steady; echo go\n```\n```text\nready...\ngo\n```",
        "```python\nn = 2\n```\n```python\nprint(n)\n```\n```text\n2\n```",
        '```python title="kept.py"\nx = 3\n```\n```console\npython -c "import kept"\n```',
    )
    read(page, tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("block", "told"),
    [
        ("```console\nfalse\necho never\n```", "failed"),
        ("```console\necho a | grep b | cat\n```", "failed"),
        ("```console\necho a\n```\n```text\nb\n```", "expected"),
        ("```text\nb\n```", "nothing was done"),
        ("```cobol\nSTOP RUN.\n```", "nobody knows"),
        ("```\nno language\n```", "nobody knows"),
        ("```python\nraise OSError('no disk')\n```", "no disk"),
        ("```toml\n[data]\nno_such_key = 1\n```", "no_such_key"),
        ("```json\n{\n```", "property name"),
        ("```console\nfalse", "not closed"),
        ("```console\npython -m pip install pitchpipe-no-such\n```", "No matching distribution"),
    ],
)
def test_what_a_page_says_wrongly_fails(
    block: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Exception, match=told):
        read(_page(block), tmp_path, monkeypatch)


def test_a_block_that_is_marked_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = _page("<!-- not run: it would fail -->", "```console\nfalse\n```")
    assert page.blocks[0].not_run == "it would fail"
    read(page, tmp_path, monkeypatch)


def test_what_is_left_in_the_background_ends_with_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = "import os, time; print(os.getpid(), 'is up', flush=True); time.sleep(600)"
    read(
        _page(f'```console\npython -c "{server}" &\n```\n```text\n... is up\n```'),
        tmp_path,
        monkeypatch,
    )
    process = int((tmp_path / "shell" / "printed.txt").read_text().split()[0])
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


@pytest.mark.parametrize(
    ("expected", "printed", "fits"),
    [
        ("b\n", "a\nb\nc\n", True),
        ("a\nc\n", "a\nb\nc\n", False),
        ("a\n...\nc\n", "a\nb\nc\n", True),
        ("a...z\n", "abcz\n", True),
        ("a...z\n", "ab\nz\n", False),
        ("b\n", "ab\n", False),
        ("1.0\n", "1x0\n", False),
    ],
)
def test_output_is_compared_line_by_line(expected: str, printed: str, fits: bool) -> None:
    assert shown(expected, printed) is fits
