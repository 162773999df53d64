import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from pitchpipe.errors import DataError, UsageError
from pitchpipe.scoring import positive_label, score

LABELS = ("neg", "pos")
TRUE = ["pos", "pos", "neg", "neg", "pos", "neg", "neg"]
ANSWERS = ["pos", "neg", "neg", "pos", "pos", "neg", "maybe"]
SCORES = [0.9, 0.4, 0.2, 0.6, 0.7, 0.3, 0.5]
PROBABILITIES = [{"pos": p, "neg": 1 - p} for p in SCORES]


def test_binary_by_hand():
    result = score(TRUE, ANSWERS, labels=LABELS)
    assert result["task"] == "classification"
    assert result["rows"] == 7
    assert result["accuracy"] == pytest.approx(4 / 7)
    assert result["positive_class"] == "pos"
    assert result["precision"] == pytest.approx(2 / 3)
    assert result["recall"] == pytest.approx(2 / 3)
    assert result["f1"] == pytest.approx(2 / 3)
    assert result["support"] == {"neg": 4, "pos": 3}
    assert result["confusion_matrix"] == {
        "labels": ["neg", "pos"],
        "columns": ["neg", "pos", "other"],
        "rows": [[2, 1, 1], [1, 2, 0]],
    }
    assert result["unknown_answers"] == {"count": 1, "examples": ["maybe"]}
    assert result["classes"]["neg"]["precision"] == pytest.approx(2 / 3)
    assert result["classes"]["neg"]["recall"] == pytest.approx(1 / 2)
    assert "weighted_f1" not in result


def test_ranking_figures_are_those_of_sklearn():
    result = score(TRUE, ANSWERS, labels=LABELS, probabilities=PROBABILITIES)
    actual = [label == "pos" for label in TRUE]
    assert result["auroc"] == pytest.approx(metrics.roc_auc_score(actual, SCORES))
    assert result["auprc"] == pytest.approx(metrics.average_precision_score(actual, SCORES))
    assert result["notes"] == []


def test_another_positive_class():
    result = score(TRUE, ANSWERS, labels=LABELS, probabilities=PROBABILITIES, positive_class="neg")
    assert result["positive_class"] == "neg"
    assert result["recall"] == pytest.approx(1 / 2)
    negative = [1 - p for p in SCORES]
    assert result["auroc"] == pytest.approx(
        metrics.roc_auc_score([label == "neg" for label in TRUE], negative)
    )


def test_more_classes_have_plain_and_weighted_means():
    true = ["a", "a", "a", "b", "b", "c"]
    answers = ["a", "a", "b", "b", "c", "c"]
    table = np.array(
        [
            [0.7, 0.2, 0.1],
            [0.6, 0.3, 0.1],
            [0.3, 0.5, 0.2],
            [0.2, 0.6, 0.2],
            [0.4, 0.1, 0.5],
            [0.1, 0.2, 0.7],
        ]
    )
    rows = [dict(zip("abc", row, strict=True)) for row in table.tolist()]
    result = score(true, answers, labels=("a", "b", "c"), probabilities=rows)
    assert result["positive_class"] is None
    for average, prefix in (("macro", ""), ("weighted", "weighted_")):
        expected = metrics.precision_recall_fscore_support(true, answers, average=average)
        for key, value in zip(("precision", "recall", "f1"), expected[:3], strict=True):
            assert result[prefix + key] == pytest.approx(value)
        assert result[prefix + "auroc"] == pytest.approx(
            metrics.roc_auc_score(true, table, multi_class="ovr", average=average)
        )
    assert 0 < result["weighted_auprc"] <= 1


def test_positive_class_among_more_classes():
    result = score(["a", "b", "c"], ["a", "b", "b"], labels=("a", "b", "c"), positive_class="b")
    assert result["precision"] == pytest.approx(1 / 2)
    assert result["recall"] == 1
    assert result["weighted_recall"] == pytest.approx(2 / 3)


def test_labels_that_do_not_occur_do_not_drag_the_means_down():
    result = score(["a", "b"], ["a", "b"], labels=("a", "b", "c"))
    assert result["f1"] == result["weighted_f1"] == 1
    assert result["support"]["c"] == 0


def test_a_reference_outside_the_labels_is_said_and_counted():
    result = score(["a", "b", "new"], ["a", "b", "new"], labels=("a", "b"))
    assert result["accuracy"] == 1
    assert result["confusion_matrix"]["labels"] == ["a", "b", "new"]
    assert "not trained on (1): 'new'" in result["notes"][0]


@pytest.mark.parametrize("probabilities", [None, [{}] * 7, [{"pos": math.nan}] * 7])
def test_without_probabilities_there_is_no_ranking(probabilities):
    result = score(TRUE, ANSWERS, labels=LABELS, probabilities=probabilities)
    assert result["auroc"] is None
    assert result["auprc"] is None
    assert "no probabilities" in result["notes"][0]


def test_rows_without_probabilities_are_left_out_of_the_ranking():
    rows = [*PROBABILITIES[:-1], {}]
    result = score(TRUE, ANSWERS, labels=LABELS, probabilities=rows)
    actual = [label == "pos" for label in TRUE[:-1]]
    assert result["auroc"] == pytest.approx(metrics.roc_auc_score(actual, SCORES[:-1]))
    assert "over the 6 rows" in result["notes"][0]


@pytest.mark.parametrize("labels", [("pos",), LABELS])
def test_one_class_only(labels):
    result = score(["pos"] * 3, ["pos"] * 3, labels=labels, probabilities=[{"pos": 1.0}] * 3)
    assert result["accuracy"] == result["precision"] == result["f1"] == 1
    assert result["auroc"] is None
    assert "left out" in result["notes"][0]


def test_nothing_right_is_zero_and_no_warning():
    result = score(["pos", "neg"], ["x", "y"], labels=LABELS)
    assert (result["precision"], result["recall"], result["f1"]) == (0, 0, 0)


def test_a_trailing_nul_tells_labels_apart():
    result = score(["a", "a\0"], ["a\0", "a\0"], labels=("a", "a\0"))
    assert result["accuracy"] == 0.5
    assert result["confusion_matrix"]["rows"] == [[0, 1, 0], [0, 1, 0]]


def test_examples_of_unknown_answers_are_few_short_and_distinct():
    answers = [f"answer {i % 8} " + "x" * 200 for i in range(20)]
    result = score(["a"] * 20, answers, labels=("a", "b"))
    assert result["unknown_answers"]["count"] == 20
    examples = result["unknown_answers"]["examples"]
    assert len(examples) == len(set(examples)) == 5
    assert max(map(len, examples)) == 80


def test_free_text():
    result = score(["A b", "c", "d"], ["a  B ", "c", "e"])
    assert result["task"] == "text"
    assert result["accuracy"] == result["exact_match"] == pytest.approx(1 / 3)
    assert result["normalised_exact_match"] == pytest.approx(2 / 3)


def test_free_text_has_no_positive_class():
    with pytest.raises(UsageError, match="free text"):
        score(["a"], ["a"], positive_class="pos")


@pytest.mark.parametrize("wanted", ["pos", " pos", "pos\n"])
def test_positive_class_white_space_aside(wanted):
    assert positive_label(LABELS, wanted) == "pos"


def test_positive_class_exactly_before_white_space_aside():
    assert positive_label(["pos", " pos"], " pos") == " pos"


def test_unknown_positive_class_gets_the_close_match_and_the_list():
    with pytest.raises(UsageError, match=r"'poss'\. Did you mean 'pos'\?.*'neg', 'pos'"):
        positive_label(LABELS, "poss")
    with pytest.raises(UsageError, match=r"'zzz'\. The labels are"):
        positive_label(LABELS, "zzz")


def test_default_positive_class():
    assert positive_label(("pos", "neg")) == "pos"
    assert positive_label(("x",)) == "x"
    assert positive_label(("a", "b", "c")) is None


def test_nothing_to_score():
    with pytest.raises(DataError, match="no rows"):
        score([], [], labels=LABELS)


@pytest.mark.parametrize("probabilities", [None, [{"pos": 1.0}]])
def test_lengths_that_differ(probabilities):
    with pytest.raises(DataError, match="2 references, 1 answers"):
        score(["pos", "neg"], ["pos"], labels=LABELS, probabilities=probabilities)


rows = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        st.sampled_from(["a", "b", "c", "?", ""]),
        st.fixed_dictionaries({}, optional={k: st.floats(0, 1, width=32) for k in "abc"}),
    ),
    min_size=1,
    max_size=30,
)


@given(rows=rows, random=st.randoms(use_true_random=False), labels=st.sampled_from(["ab", "abc"]))
@settings(max_examples=60, deadline=None)
def test_properties(rows, random, labels):
    def of(rows):
        true, answers, probabilities = zip(*rows, strict=True)
        return score(true, answers, labels=labels, probabilities=probabilities)

    result = of(rows)
    assert result["accuracy"] == pytest.approx(np.mean([t == a for t, a, _ in rows]))
    matrix = np.array(result["confusion_matrix"]["rows"])
    assert matrix.sum() == len(rows)
    assert matrix[:, -1].sum() == result["unknown_answers"]["count"]
    assert np.trace(matrix[:, :-1]) == sum(t == a for t, a, _ in rows)
    assert sum(result["support"].values()) == len(rows)
    json.dumps(result, allow_nan=False)

    shuffled = of(random.sample(rows, len(rows)))
    for outcome in (result, shuffled):
        outcome["unknown_answers"].pop("examples")
    assert _rounded(shuffled) == _rounded(result)


def _rounded(value):
    if isinstance(value, dict):
        return {key: _rounded(v) for key, v in value.items()}
    return round(value, 9) if isinstance(value, float) else value
