"""What the service takes."""

from __future__ import annotations

import pytest

from pitchpipe.errors import ConfigError
from pitchpipe.plugins import PluginHost
from pitchpipe.records import Contract, Severity, TrainingSpec

HOST = PluginHost(entry_points=False)


def made(rule, spec=None, record_format="completion", **options):
    contract = Contract(record_format, record_format)
    return HOST.validators.create(rule, options).bind(contract, spec or TrainingSpec())


def test_long_records_are_cut_or_lost(frame, find) -> None:
    prompts = ["word " * 4, "word " * 10, "word " * 40]
    chunk = frame(prompt=prompts, completion=[" yes" * 6] * 3)
    rule = made("token-limit", max_tokens=15)
    lost, cut = find(rule, chunk)
    assert (lost.severity, lost.lines) == (Severity.ERROR, (4,))
    assert (cut.severity, cut.lines, cut.count) == (Severity.WARNING, (3,), 1)
    assert "nothing of the answer" in lost.message
    assert [f.fix.apply(chunk).index.tolist() for f in (lost, cut)] == [[2, 3], [2, 4]]


def test_the_limit_is_that_of_the_model(frame, find, talk) -> None:
    chunk = frame(messages=[talk("word " * 70_000, "yes"), talk("q", "a")])
    mini = made("token-limit", TrainingSpec(model="ft:gpt-4.1-mini-2025-04-14:me::1"), "chat")
    [finding] = find(mini, chunk)
    assert finding.lines == (2,)
    assert "65536" in finding.expected
    assert find(made("token-limit", TrainingSpec(model="unknown"), "chat"), chunk) == []


def test_files_have_a_largest_size(frame) -> None:
    chunk = frame(bytes=[300, 300, 300], split=["train", "train", "valid"])
    rule = made("file-size", most=500)
    [finding] = rule.conclude(rule.observe(rule.start(), chunk))
    assert finding.message == "the training file would have 600 bytes"
    assert finding.severity is Severity.ERROR


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        (TrainingSpec(suffix=" mine"), "blanks around it"),
        (TrainingSpec(suffix="a\nb"), "nobody sees"),
        (TrainingSpec(metadata={str(n): "x" for n in range(11)}), "11 pairs"),
        (TrainingSpec(suffix="mine", metadata={"a": "b"}), ""),
    ],
)
def test_what_goes_with_a_job(spec, says) -> None:
    rule = made("job-options", spec)
    found = rule.conclude(rule.start())
    assert [says in finding.message for finding in found] == ([True] if says else [])


@pytest.mark.parametrize(
    ("model", "today", "severities"),
    [
        ("gpt-4.1-mini-2025-04-14", "2026-06-01", []),
        ("gpt-4.1-mini-2025-04-14", "2026-11-26", ["warning", "warning"]),
        ("ft:gpt-4.1-nano-2025-04-14:me::1", "2026-11-26", ["error", "warning"]),
        ("gpt-4.1-mini-2025-04-14", "2027-01-06", ["warning", "error"]),
        ("gpt-4.1-mini-2025-04-14", "2027-01-14", ["error", "error"]),
        ("a model of one's own", "2026-01-01", []),
    ],
)
def test_models_and_the_service_end(model, today, severities) -> None:
    rule = made("model-retirement", TrainingSpec(model=model), today=today)
    assert [str(f.severity) for f in rule.conclude(rule.start())] == severities


def test_dates_of_ones_own_count(frame) -> None:
    dates = {"mine": "2026-03-01", "service": "2030-01-01"}
    spec = TrainingSpec(model="mine-2025-01-01")
    rule = made("model-retirement", spec, today="2026-02-01", dates=dates, days=40)
    [finding] = rule.conclude(rule.start())
    assert "2026-03-01" in finding.message
    with pytest.raises(ConfigError, match="Invalid isoformat"):
        made("model-retirement", today="tomorrow")
