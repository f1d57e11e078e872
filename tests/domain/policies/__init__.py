"""Tests of the book's tables and of what is worked out from them."""
