"""Tests of what leaves the ledger in forms that others read."""
