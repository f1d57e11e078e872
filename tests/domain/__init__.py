"""Tests of judgements and facts, without a database."""
