"""Record formats: what records hold, and which base model and method they fit."""
