def test_trouble_is_told_in_a_line_and_with_its_traceback_when_verbose(cli, installed, reviews):
    installed(
        """
from pitchpipe import hookimpl

@hookimpl
def stage_started(stage):
    raise ValueError("the observer is out of order")
"""
    )
    quiet = cli("run", reviews)
    assert quiet.code == 0
    assert "failed in stage_started: ValueError: the observer is out of order\n" in quiet.err
    assert "Traceback" not in quiet.err
    loud = cli("--verbose", "run", reviews)
    assert loud.code == 0
    assert "Traceback" in loud.err
