"""Tests of the repository held to its own word."""
