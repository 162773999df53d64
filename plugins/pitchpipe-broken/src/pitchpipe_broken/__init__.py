"""Plugins that fail, each in its own way, and one that works among them."""
