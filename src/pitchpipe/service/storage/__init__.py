"""What the service remembers: objects in a database, bytes in a folder."""
