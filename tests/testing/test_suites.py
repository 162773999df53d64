"""Suites that use the offline service."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

Suite = Callable[..., pytest.RunResult]
Install = Callable[[str, str], None]


def test_the_ini_file_sets_what_no_marker_sets(
    suite: Suite, install: Install, pytester: pytest.Pytester
) -> None:
    install("pitchpipe", "other = other_learner")
    pytester.makepyfile(
        other_learner="""
        from pitchpipe import hookimpl
        from pitchpipe.service.learners.ngram import NgramLearner

        class Other(NgramLearner):
            pass

        @hookimpl
        def register_learners(register):
            register("other", Other)
        """
    )
    pytester.makeini(
        """
        [pytest]
        offline_openai_pace = manual
        offline_openai_seed = 7
        offline_openai_learner = other
        """
    )
    result = suite(
        """
        import pytest
        from pitchpipe.service.learners.ngram import NgramLearner
        from pitchpipe.testing import options

        @pytest.fixture
        def made(monkeypatch):
            made = []
            service = options.Service
            def make(*args, **kwargs):
                made.append(kwargs)
                return service(*args, **kwargs)
            monkeypatch.setattr(options, "Service", make)
            return made

        def test_ini(made, offline_control):
            assert offline_control.seed == 7
            assert offline_control.paces["job"] == "manual"
            assert made[0]["learner"].__name__ == "Other"
            assert made[0]["learner_name"] == "other"

        @pytest.mark.offline_openai(pace="polled", learner=NgramLearner)
        def test_marker(made, offline_control):
            assert offline_control.seed == 7
            assert offline_control.paces["job"] == "polled"
            assert made[0]["learner"] is NgramLearner
        """,
        "--strict-config",
    )
    result.assert_outcomes(passed=2)


def test_the_environment_is_as_before_afterwards(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://before.invalid")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    result = suite(
        """
        import os
        import openai
        import pytest

        BEFORE = dict(os.environ)

        def same():
            ours = {name: value for name, value in os.environ.items() if "PYTEST" not in name}
            assert ours == {name: value for name, value in BEFORE.items() if "PYTEST" not in name}

        def test_before():
            same()

        def test_with(offline_openai_url, monkeypatch):
            assert openai.models.list().data
            monkeypatch.setenv("OPENAI_BASE_URL", "http://changed.invalid")

        def test_after():
            same()
            assert openai._client is None
        """
    )
    result.assert_outcomes(passed=3)


PARALLEL = """
    import os
    import openai

    def test_of_two(offline_openai, offline_openai_url, offline_service):
        here = f"{offline_openai_url} {offline_service.blobs.model('ftckpt_' + 'a' * 24)}"
        if os.environ["PYTEST_XDIST_WORKER"] == "gw0":
            offline_openai.files.create(file=("f", b"{}"), purpose="batch")
            with open("there", "w") as there:
                there.write(here)
            with open("back") as back:  # the service stays until the other test has seen it
                assert back.read() == "seen"
            return
        with open("there") as there:
            url, folder = there.read().split()
        assert url not in here
        assert folder not in here
        with openai.OpenAI(base_url=url) as theirs:
            assert len(list(theirs.files.list())) == 1
        assert list(offline_openai.files.list()) == []
        with open("back", "w") as back:
            back.write("seen")
    """


def test_parallel_tests_share_nothing(suite: Suite, pytester: pytest.Pytester) -> None:
    for pipe in ("there", "back"):
        os.mkfifo(pytester.path / pipe)
    result = suite(PARALLEL, "--dist", "each", "--tx", "2*popen")
    result.assert_outcomes(passed=2)
