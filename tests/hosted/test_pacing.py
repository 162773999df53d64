import pytest

from pitchpipe.hosted.pacing import MAX_WAIT_SECONDS, RequestPace, duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1s", 1.0),
        ("6m0s", 360.0),
        ("20ms", 0.02),
        ("1h0m5s", 3605.0),
        ("1.5s", 1.5),
        (" 2s ", 2.0),
        ("", None),
        ("soon", None),
        ("-1s", None),
        ("1s and more", None),
    ],
)
def test_times_of_headers_are_read(text, seconds):
    assert duration(text) == seconds


def headers(remaining, reset):
    return {"x-ratelimit-remaining-requests": remaining, "x-ratelimit-reset-requests": reset}


@pytest.mark.parametrize(
    ("said", "waited"),
    [
        (headers("0", "7s"), [7.0]),
        (headers("0", "2h"), [MAX_WAIT_SECONDS]),
        (headers("1", "7s"), []),
        (headers("0", "?"), []),
        ({}, []),
    ],
)
def test_a_request_waits_only_where_nothing_is_left(said, waited):
    pauses = []
    pace = RequestPace(pauses.append, clock=lambda: 100.0)
    pace.note(said)
    pace.wait()
    assert pauses == waited


def test_time_that_has_passed_is_not_waited_for():
    now, pauses = [100.0], []
    pace = RequestPace(pauses.append, clock=lambda: now[0])
    pace.note(headers("0", "7s"))
    now[0] = 105.0
    pace.wait()
    now[0] = 110.0
    pace.wait()
    assert pauses == [2.0]
