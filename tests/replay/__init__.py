"""Tests of reading the record again."""
