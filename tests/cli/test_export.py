from __future__ import annotations


def test_a_model_that_cannot_be_exported_leaves_no_folder(cli, tmp_path):
    result = cli("export", "ada", "--out", "out")
    assert result.code == 2
    assert "NgramLearner cannot be exported" in result.err
    assert not [path for path in tmp_path.iterdir() if "out" in path.name]


def test_what_is_there_is_left_alone(cli, tmp_path):
    (tmp_path / "out").mkdir()
    result = cli("export", "ada", "--out", "out")
    assert result.code == 1
    assert "out: is there already" in result.err


def test_a_learner_option_needs_a_value(cli):
    result = cli("serve", "--learner-option", "rank")
    assert result.code == 2
    assert "expected KEY=VALUE; found 'rank'" in result.err


def test_a_learner_option_that_is_unknown_is_named(cli):
    result = cli("serve", "--learner-option", "rank=8")
    assert result.code == 2
    assert "has no option 'rank'" in result.err
