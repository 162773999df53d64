"""What fuzzers share: hostile bytes, and a server whose every reaction to them is checked."""
