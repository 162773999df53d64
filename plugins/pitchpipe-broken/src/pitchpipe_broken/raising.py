"""Raises when it is imported, as a plugin does that lacks something it needs."""

raise ImportError("pitchpipe-broken needs a package that nobody has")
