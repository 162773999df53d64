"""The fine-tuning API, offline: one engine and one store behind in-process calls and HTTP."""
