"""Tests of parties, clocks and crashes at play."""
