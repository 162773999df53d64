import csv
import io
import json
from pathlib import Path

import pytest

from pitchpipe.cli.sweeping import SweepProgress
from pitchpipe.plugins import PluginHost
from pitchpipe.sweep import Sweep

GRID = ("--examples", "12,24", "--epochs", "1,2", "--out-dir", "here", "--seed", "3")


def test_a_table_a_picture_and_files(cli, reviews):
    result = cli("sweep", reviews, *GRID, "--plot", "here/sweep.svg")
    assert result.code == 0
    titles, *rows = result.out.splitlines()[:3]
    assert titles.split() == ["model", "examples", "1", "epoch", "2", "epochs"]
    assert [row.split()[:2] for row in rows] == [["babbage-002", "12"], ["babbage-002", "24"]]
    assert all(row.count(" ± ") == 2 for row in rows)
    assert "accuracy on 8 records held out; all of it in here" in result.out
    assert "Expected: 4 cells; " in result.err
    assert "Column 'tag' is taken for the completion" in result.err
    assert "learner 'ngram' on 12 to 24 records instead" in result.err
    assert "1 epoch:" not in result.err, "progress is for terminals"
    assert {path.name for path in Path("here").iterdir()} == {
        *("cells", "data", "results.csv", "results.json", "sweep.svg", ".lock")
    }
    with Path("here/results.csv").open(encoding="utf-8", newline="") as stream:
        assert len(list(csv.DictReader(stream))) == 4

    dry = cli("sweep", reviews, *GRID, "--dry-run")
    assert "Expected: 4 cells, 4 of them trained before" in dry.err
    again = cli("sweep", reviews, *GRID, "--json")
    assert again.json["tunes_language_model"] is False
    assert json.loads(Path("here/results.json").read_text("utf-8")) == again.json


def test_a_dry_run_shows_what_it_would_take(cli, reviews):
    result = cli("sweep", reviews, *GRID, "--models", "babbage-002", "--dry-run")
    assert result.code == 0
    titles, *rows = result.out.splitlines()
    assert titles.split() == ["model", "examples", "epochs", "trained", "tokens", "cost", "trained"]
    assert len(rows) == 4
    assert all(row.endswith("$0.00  no") for row in rows)
    assert not Path("here").exists()
    plan = cli("sweep", reviews, *GRID, "--dry-run", "--json").json
    assert plan["cost"] == 0
    assert [cell["finished"] for cell in plan["cells"]] == [False] * 4


def test_a_failed_cell_is_listed_and_the_others_are_there(cli, reviews):
    result = cli("sweep", reviews, "--examples", "5,12", *GRID[2:], "--metric", "f1")
    assert result.code == 1
    assert result.out.splitlines()[1].split() == ["babbage-002", "5", "failed", "failed"]
    assert "±" not in result.out, "f1 is no share"
    [first, _] = [line for line in result.out.splitlines() if line.startswith("failed: ")]
    assert first.startswith("failed: babbage-002, 5 examples, 1 epoch: job ftjob-")
    assert "at least 10 examples" in first


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--metric", "acuracy"], "unknown metric 'acuracy'. Did you mean 'accuracy'?"),
        (["--plot", "x.jpg"], "x.jpg: expected a name that ends in .png or .svg"),
        (["--examples", "12,100"], "100 are asked for, but reviews.csv leaves 32 to train on"),
        (["--examples", "12,many"], "invalid comma-separated numbers value: '12,many'"),
        (["--epochs", ","], "epochs: nothing is given"),
        (["--models", "a,a"], "models: 'a' is given twice"),
        (["--n-epochs", "3"], "unknown flag '--n-epochs'"),
        (["--sample"], "give either a FILE or --sample"),
    ],
)
def test_a_wrong_request_is_refused_before_anything_is_trained(cli, reviews, words, message):
    result = cli("sweep", reviews, *GRID, *words)
    assert result.code == 2
    assert message in result.err
    assert not Path("here/cells").exists()


class _Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_sees_every_cell(reviews):
    stream = _Terminal()
    progress = SweepProgress(stream, "accuracy")
    made = Sweep(
        {},
        reviews,
        models=["babbage-002"],
        examples=[5, 12],
        epochs=[1],
        out_dir="here",
        host=PluginHost([progress], entry_points=False),
    )
    with progress:
        made.run(planned=progress.begun, finished=progress.finished)
    shown = stream.getvalue()
    assert "babbage-002, 5 examples, 1 epoch: failed" in shown
    assert "babbage-002, 12 examples, 1 epoch: " in shown
    assert shown.index("Expected: 2 cells") < shown.index("5 examples, 1 epoch")
