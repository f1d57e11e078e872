"""What the log serves, judged by programs that nobody here wrote; each skips where it is absent."""
