import io

from pitchpipe.cli.output import number, shown, table, write
from pitchpipe.cli.summary import findings_text, scores_text
from pitchpipe.records import Finding, Severity
from pitchpipe.scoring import score


def test_columns_line_up_whatever_the_script():
    lines = table(("name", "n"), [("良い", 1), ("bad", 22)]).splitlines()
    assert lines == ["name   n", "良い   1", "bad   22"]
    assert table(("name", "n"), []) == "name  n"


def test_control_characters_are_shown_not_sent():
    assert shown("a\x1b[31m\nb\ud800é") == "a\\x1b[31m\\nb\\ud800é"


def test_figures():
    assert (number(None), number(1), number(0.12345)) == ("-", "1", "0.123")


def test_text_that_the_stream_cannot_encode():
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    write("é\ud800", stream)
    stream.seek(0)
    assert stream.read() == "\\xe9\\ud800\n"
    plain = io.StringIO()
    write("é", plain)
    assert plain.getvalue() == "é\n"


def test_unknown_answers_are_shown():
    shown_ = scores_text(score(["a", "b"], ["a", "c\x1b"], labels=("a", "b")))
    assert "1 answers are no known label, such as 'c\\x1b'" in shown_
    assert "auroc           -" in shown_


def test_places_of_findings():
    findings = [
        Finding("r1", Severity.NOTE, "one", 1, (3,)),
        Finding("r2", Severity.WARNING, "many", 9, (3, 4), "record"),
        Finding("r3", Severity.ERROR, "nowhere", 2),
    ]
    lines = findings_text(findings).splitlines()
    assert "line 3 " in lines[1]
    assert "records 3, 4, ..." in lines[2]
    assert lines[3].split() == ["error", "r3", "2", "-", "nowhere", "-"]
