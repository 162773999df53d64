"""What pytest loads by itself where Pitchpipe is installed; ``-p no:pitchpipe`` keeps it from it.

A module of its own, so that the plugin may also be named by ``-p`` or by a conftest.py: pytest does
not take one module under two names.
"""

from __future__ import annotations

pytest_plugins = ("pitchpipe.testing.pytest_plugin",)
