"""What records look like, and which base model and method they fit."""
