"""What clients may ask for, a file for each kind of object."""
