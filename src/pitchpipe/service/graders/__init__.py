"""What an answer is worth: pure functions of the answer and its record."""
