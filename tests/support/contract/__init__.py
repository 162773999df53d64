"""The published contract of the API, and what keeps our answers to it."""
