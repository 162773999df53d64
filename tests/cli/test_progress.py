import io
from pathlib import Path

import pytest

from pitchpipe.cli.progress import Progress
from pitchpipe.plugins import PluginHost
from pitchpipe.records import Estimate, JobEvent, RunInfo

RUN = RunInfo("here", Path("here"))


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def log():
    return io.StringIO()


def _host(stream, clock):
    return PluginHost([Progress(stream, clock)], defaults=False, entry_points=False)


def test_quick_stages_say_nothing(log, clock):
    host = _host(log, clock)
    host.stage_started(RUN, "read")
    host.stage_progressed(RUN, "read", 5, 10)
    host.stage_finished(RUN, "read", 1.9)
    assert log.getvalue() == ""


def test_slow_stages_say_a_line_now_and_then(log, clock):
    host = _host(log, clock)
    host.stage_started(RUN, "predict")
    for clock.now in range(1, 26):
        host.stage_progressed(RUN, "predict", clock.now, 30)
    host.stage_finished(RUN, "predict", 26.04)
    assert log.getvalue() == "predict: 10 of 30\npredict: 20 of 30\npredict: done in 26.0 s\n"


def test_without_a_total(log, clock):
    host = _host(log, clock)
    host.stage_started(RUN, "read")
    clock.now = 11.0
    host.stage_progressed(RUN, "read", 7, None)
    assert log.getvalue() == "read: 7\n"


@pytest.mark.parametrize("end", ["finished", "failed"])
def test_a_bar_on_a_terminal_goes_away_at_the_end(clock, end, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    host = _host(terminal, clock)
    host.stage_started(RUN, "predict")
    clock.now = 1.0
    host.stage_progressed(RUN, "predict", 1, 30)
    assert terminal.getvalue() == ""
    clock.now = 3.0
    host.stage_progressed(RUN, "predict", 2, 30)
    host.stage_progressed(RUN, "predict", 3, 30)
    if end == "finished":
        host.stage_finished(RUN, "predict", 3.0)
    else:
        host.stage_failed(RUN, "predict", KeyboardInterrupt())
    written = terminal.getvalue()
    assert "predict" in written
    assert ("predict: done in 3.0 s\n" in written) == (end == "finished")
    host.stage_finished(RUN, "predict", 0.0)
    assert terminal.getvalue() == written


def test_events_are_told_and_figures_only_now_and_then(log, clock):
    host = _host(log, clock)
    host.stage_started(RUN, "follow")
    events = [("message", "Created"), ("metrics", "Step 1"), ("metrics", "Step 2")]
    for number, (kind, message) in enumerate(events):
        clock.now = number * 9.0
        host.job_event(RUN, JobEvent(str(number), 0, "info", message, kind))
    told = [line.split(" ", 1)[1] for line in log.getvalue().splitlines()]
    assert told == ["Created", "Step 2"]


@pytest.mark.parametrize(("cost", "words"), [(1.5, "for $1.50"), (None, "at an unknown cost")])
def test_the_estimate(log, clock, cost, words):
    _host(log, clock).job_estimated(RUN, Estimate(1000, 3, cost, "a list"))
    assert log.getvalue() == f"Expected: 3 epochs of 1000 tokens {words} (a list)\n"
