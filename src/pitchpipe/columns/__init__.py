"""What the columns of a table mean: by their names first, then by the shape of their values."""
