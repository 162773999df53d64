"""The pytest plugin: the fine-tuning API for each test, and no network.

pytest loads it in every run where Pitchpipe is installed: nothing heavy is imported before a
fixture is asked for.
"""

from __future__ import annotations

pytest_plugins = ("pitchpipe.testing.no_network", "pitchpipe.testing.offline")
