import json
from pathlib import Path

import pytest


def test_run_says_all_there_is_to_say(cli, reviews):
    result = cli("run", reviews, "--run-dir", "here")
    assert result.code == 0
    for word in ("ft:babbage-002:", "ftjob-", "32 to train, 8 held out", "here", "accuracy"):
        assert word in result.out
    assert "true \\ answered  neg  pos  other" in result.out
    for stage in ("read", "validate", "format", "split", "train", "follow", "predict", "score"):
        assert f"\n{stage} " in result.out
    assert "No language model was fine-tuned: trainer 'fake' trained the offline" in result.out
    assert "learner 'ngram' on 32 records" in result.out
    assert "Column 'tag' is taken for the completion" in result.err
    assert "Expected: " in result.err
    assert "The job has successfully completed" in result.err
    assert Path("here/scores.json").is_file()


def test_json_is_one_object_and_nothing_else(cli, reviews):
    result = cli("run", reviews, "--json", "--suffix", "mine", "--n-epochs", "2")
    found = result.json
    assert {"run_dir", "model", "job", "train_rows", "valid_rows", "scores"} <= found.keys()
    assert {"stages", "findings", "notes", "tunes_language_model"} <= found.keys()
    assert found["tunes_language_model"] is False
    assert ":mine:" in found["model"]
    assert found["scores"]["accuracy"] == 1
    assert found["scores"]["auroc"] == 1
    assert set(found["scores"]["confusion_matrix"]["labels"]) == {"neg", "pos"}
    assert "No language model was fine-tuned" in result.err


def test_the_same_command_again_adopts_what_is_there(cli, reviews):
    first = cli("run", reviews, "--json").json
    again = cli("run", reviews, "--json").json
    assert again == first
    fresh = cli("run", reviews, "--json", "--fresh").json
    assert fresh["job"] != first["job"]
    assert fresh["run_dir"] != first["run_dir"]


def test_findings_are_shown_with_their_fixes(cli, write_rows):
    rows = [(f"a good film {n}", "pos") for n in range(10)]
    rows += [(f"a bad film {n}", "neg") for n in range(10)]
    path = write_rows("twice.csv", [*rows, rows[0], rows[1]])
    result = cli("run", path)
    assert result.code == 0
    assert "severity" in result.err
    [line] = [line for line in result.err.splitlines() if "duplicate-rows  " in line]
    assert "lines 22, 23" in line
    assert "drop" in line


def test_free_text(cli, write_rows):
    path = write_rows("text.csv", [(f"q {n}", f"answer number {n}") for n in range(30)])
    found = cli("run", path, "--task", "text", "--completion-column", "tag", "--json").json
    assert found["scores"]["task"] == "text"
    shown = cli("run", path, "--task", "text", "--completion-column", "tag")
    assert "normalised_exact_match" in shown.out
    assert "true \\ answered" not in shown.out


def test_many_labels_are_listed_class_by_class(cli, write_rows):
    labels = [f"class{n:02}" for n in range(13)]
    rows = [(f"{label} example {n}", label) for n in range(5) for label in labels]
    shown = cli("run", write_rows("many.csv", rows))
    assert shown.code == 0
    assert "weighted f1" in shown.out
    assert "class    precision" in shown.out
    assert "other" not in shown.out


def test_nothing_held_out(cli, reviews):
    result = cli("run", reviews, "--splitter", "random", "--set", "splitter.valid_fraction=0.0")
    assert result.code == 0
    assert "Nothing was held out, so there are no scores." in result.out


def test_the_packaged_sample(cli):
    found = cli("run", "--sample", "--json").json
    assert found["train_rows"] + found["valid_rows"] >= 320


def test_a_run_needs_a_table_of_its_own(cli, reviews, write_rows):
    assert cli("run", reviews, "--run-dir", "here").code == 0
    other = write_rows("other.csv", [(f"film {n}", ("pos", "neg")[n % 2]) for n in range(20)])
    result = cli("run", other, "--run-dir", "here")
    assert result.code == 1
    assert "here: holds a run with another configuration or another table" in result.err


def test_flags_go_over_settings_and_settings_over_the_file(cli, reviews):
    Path("pitchpipe.toml").write_text(
        '[training]\nn_epochs = 1\nsuffix = "file"\nseed = 1\n', encoding="utf-8"
    )
    words = ["--set", "training.suffix=set", "--set", "training.seed=2", "--seed", "3"]
    found = cli("run", reviews, *words, "--json").json
    config = Path(found["run_dir"], "config.toml").read_text(encoding="utf-8")
    assert "n_epochs = 1\n" in config
    assert 'suffix = "set"\n' in config
    assert "seed = 3\n" in config


@pytest.mark.parametrize("wanted", ["neg", " neg"])
def test_positive_class(cli, reviews, wanted):
    found = cli("run", reviews, "--positive-class", wanted, "--json").json
    assert found["scores"]["positive_class"] == "neg"


def test_the_learner_is_named(cli, reviews):
    result = cli("run", reviews, "--base-url", "offline:store?learner=ngram")
    assert "learner 'ngram'" in result.out
    assert Path("store").is_dir()


def test_scores_are_also_in_the_folder(cli, reviews):
    found = cli("run", reviews, "--json").json
    kept = json.loads(Path(found["run_dir"], "scores.json").read_text(encoding="utf-8"))
    assert kept == found["scores"]


def test_where_nothing_is_inferred_nothing_is_said(cli, write_rows):
    rows = [(f"q {n}", f"answer number {n}") for n in range(20)]
    path = write_rows("named.csv", rows, header=("prompt", "completion"))
    words = ["--task", "text", "--format", "completion", "--splitter", "random"]
    words += ["--model", "babbage-002"]
    service = ["--trainer", "openai", "--base-url", "offline:store"]
    result = cli("run", path, *words, *service, "--json")
    assert result.json["notes"] == []
    assert result.json["findings"] == []
    assert "inferred" not in result.err
    assert "No language model was fine-tuned: trainer 'openai'" in result.err
    assert cli("prepare", path, *words).err.startswith("To ask the model")
    assert "No language model" in cli("train", "named_prepared_train.jsonl", *service).err
