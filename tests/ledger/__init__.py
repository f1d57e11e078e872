"""Tests of the record and its write path, on a real PostgreSQL."""
