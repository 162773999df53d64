"""The observers that come with Pitchpipe; each module is a plugin of its own."""
