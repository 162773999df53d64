"""How fast, how large, how right: ``python -m benchmarks``."""
