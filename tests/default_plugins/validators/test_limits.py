"""What the service takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitchpipe.errors import ConfigError
from pitchpipe.plugins import PluginHost
from pitchpipe.records import Contract, Severity, TrainingSpec
from pitchpipe.tokens import count_records

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


def test_a_limit_of_ones_own_holds_for_any_model(frame, find) -> None:
    chunk = frame(prompt=["word " * 50, "word"], completion=[" yes"] * 2)
    rule = made("token-limit", TrainingSpec(model="unknown"), max_tokens=20)
    [finding] = find(rule, chunk)
    assert finding.lines == (2,)
    assert finding.before.endswith("tokens (o200k_base)")
    assert "20 tokens a record, which is what you set" in finding.expected


def test_images_do_not_make_a_record_too_long(frame, find, talk) -> None:
    image = {"url": "data:image/png;base64," + "iVBO" * 100_000}
    shown = [{"type": "text", "text": "what?"}, {"type": "image_url", "image_url": image}]
    spec = TrainingSpec(model="gpt-4o-2024-08-06")
    assert find(made("token-limit", spec, "chat"), frame(messages=[talk(shown, "a cat")])) == []


def test_of_a_preference_the_longer_output_counts(frame, find) -> None:
    def said(words):
        return [{"role": "assistant", "content": "word " * words}]

    chunk = frame(
        input=[{"messages": [{"role": "user", "content": "q"}]}] * 2,
        preferred_output=[said(60), said(10)],
        non_preferred_output=[said(60), said(120)],
    )
    [finding] = find(made("token-limit", None, "preference", max_tokens=100), chunk)
    assert (finding.severity, finding.lines) == (Severity.WARNING, (3,))


def test_what_is_kept_for_graders_does_not_count(frame, find, talk) -> None:
    chunk = frame(messages=[talk("q", "a")], answer=["word " * 50], completion=["word " * 50])
    assert find(made("token-limit", None, "chat", max_tokens=30), chunk) == []


TEXTS = st.text(st.sampled_from('ab é"\\\n\0😀'), max_size=40)
CALLS = st.lists(
    st.fixed_dictionaries(
        {
            "id": TEXTS,
            "type": st.just("function"),
            "function": st.fixed_dictionaries({"name": TEXTS, "arguments": TEXTS}),
        }
    ),
    max_size=2,
)
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "assistant", "tool"]), "content": TEXTS | st.none()},
        optional={"name": TEXTS, "tool_calls": CALLS},
    ),
    max_size=3,
)
TOOLS = st.lists(
    st.fixed_dictionaries(
        {
            "type": st.just("function"),
            "function": st.fixed_dictionaries(
                {"name": TEXTS, "parameters": st.dictionaries(TEXTS, TEXTS, max_size=3)}
            ),
        }
    ),
    max_size=2,
)
COMPLETIONS = st.fixed_dictionaries({"prompt": TEXTS, "completion": TEXTS})
TALKS = st.fixed_dictionaries({"messages": MESSAGES, "tools": TOOLS | st.none()})


def test_what_orjson_does_not_write_is_counted(frame, find, talk) -> None:
    chunk = frame(messages=[talk("\ud800 word" * 30, "a"), talk("q", "a")], tools=[None, 2**70])
    [finding] = find(made("token-limit", None, "chat", max_tokens=40), chunk)
    assert finding.lines == (2,)


@given(
    st.lists(COMPLETIONS, max_size=6).map(lambda records: ("completion", records))
    | st.lists(TALKS, max_size=6).map(lambda records: ("chat", records)),
    st.integers(1, 60),
)
def test_no_record_that_is_too_long_is_overlooked(frame, find, records, limit) -> None:
    record_format, rows = records
    chunk = frame(**{name: [row[name] for row in rows] for name in (rows[0] if rows else ())})
    found = find(made("token-limit", None, record_format, max_tokens=limit), chunk)
    kept = [{name: value for name, value in row.items() if value is not None} for row in rows]
    counts = count_records(kept, "cl100k_base")
    assert sum(finding.count for finding in found) == sum(total > limit for total in counts)


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
        (TrainingSpec(metadata={str(n): "x" for n in range(16)}), "16 pairs"),
        (TrainingSpec(metadata={str(n): "x" for n in range(15)}), ""),
        (TrainingSpec(metadata={"pitchpipe_run": "x"}), "names that Pitchpipe uses"),
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
