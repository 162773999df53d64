"""What every test has: no network, and examples that do not depend on the clock."""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import settings

# by name as well: an editable installation may be older than the entry point
pytest_plugins = ["pytester", "pitchpipe.testing.pytest_plugin"]

settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")


@pytest.fixture(scope="session", autouse=True)
def _control_c() -> None:
    # a shell's background jobs ignore Ctrl-C, and so would every process that the tests start
    signal.signal(signal.SIGINT, signal.default_int_handler)
