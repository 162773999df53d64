"""A plugin of pytest: a few examples of each property, where many were tried elsewhere."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("few", max_examples=20, deadline=None, derandomize=True)
settings.load_profile("few")
