"""The service as an HTTP server."""
