"""Notices on their way out: which are due, where they go, what carries them, how each ended."""
