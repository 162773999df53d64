"""Pages of documentation, done: every block is run, written or held against what was printed."""
