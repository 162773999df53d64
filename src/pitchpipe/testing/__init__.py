"""Help with testing plugins and code that fine-tunes, in anybody's repository."""
