from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

from pitchpipe.errors import UsageError
from pitchpipe.sweep import Cell, CellResult, SweepResults, plot


def _result(model: str, examples: int, epochs: int, accuracy: float | None) -> CellResult:
    scores = {} if accuracy is None else {"accuracy": accuracy, "f1": accuracy / 2, "rows": 50}
    error = "it failed" if accuracy is None else ""
    return CellResult(Cell(model, examples, epochs), Path("x"), scores, error=error)


@pytest.fixture
def make_results(tmp_path: Path) -> Callable[..., SweepResults]:
    """Results of two models, the first of which has nothing for four epochs."""

    def make(*models: str) -> SweepResults:
        cells = [
            _result(model, n, epochs, None if (model, epochs) == (models[0], 4) else n / 400)
            for model in models
            for n in (20, 40, 300)
            for epochs in (1, 4)
        ]
        return SweepResults(tmp_path, 300, 50, tuple(cells))

    return make


def test_an_svg_names_models_sizes_epochs_and_the_figure(
    make_results: Callable[..., SweepResults], tmp_path: Path
) -> None:
    path = tmp_path / "deep" / "sweep.svg"
    long = "/models/" + "a" * 60
    practised = replace(make_results("ba$e_1$", long), tunes_language_model=False)
    plot(practised, path)
    content = path.read_text("utf-8")
    assert ET.fromstring(content).tag.endswith("}svg")
    notes = [line.strip() for line in content.splitlines()]
    shown = {line.removeprefix("<!-- ").removesuffix(" -->") for line in notes if "<!--" in line}
    assert {"20", "40", "300", "1", "4", "epochs", "training examples"} <= shown
    assert {"accuracy (50 records held out)", "ba$e_1$", "…" + "a" * 35} <= shown
    assert "practice: no language model was fine-tuned" in shown
    assert [left.name for left in path.parent.iterdir()] == ["sweep.svg"]


def test_a_png_is_a_picture_with_a_panel_a_model(
    make_results: Callable[..., SweepResults], tmp_path: Path
) -> None:
    sizes = []
    for models in (("one",), ("one", "two", "three")):
        path = tmp_path / f"{len(models)}.PNG"
        plot(make_results(*models), path, "f1")
        with Image.open(path) as picture:
            picture.load()
            sizes.append(picture.size)
            colours = picture.convert("RGB").getcolors(1 << 20)
            assert colours is not None
            assert len(colours) > 10, "something is drawn"
    assert sizes[1][0] > 2 * sizes[0][0]
    assert sizes[1][1] == sizes[0][1]


def test_drawing_leaves_the_process_as_it_was(
    make_results: Callable[..., SweepResults], tmp_path: Path
) -> None:
    plot(make_results("one", "two"), tmp_path / "x.png")
    assert "matplotlib.pyplot" not in sys.modules


@pytest.mark.parametrize("name", ["x.jpg", "x", "png"])
def test_other_kinds_of_pictures(
    name: str, make_results: Callable[..., SweepResults], tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=r"ends in \.png or \.svg"):
        plot(make_results("one", "two"), tmp_path / name)


def test_nothing_to_draw(make_results: Callable[..., SweepResults], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no cell has the figure 'auroc'"):
        plot(make_results("one", "two"), tmp_path / "x.png", "auroc")
    assert list(tmp_path.iterdir()) == []


def test_without_matplotlib_it_says_what_to_install(
    make_results: Callable[..., SweepResults], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(UsageError, match=r"pip install 'pitchpipe\[plot\]'"):
        plot(make_results("one", "two"), tmp_path / "x.png")
