"""The API on the wire: bodies checked, forms read, lists paged, answers shaped."""
