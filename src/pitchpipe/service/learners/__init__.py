"""What the offline service trains and asks."""
