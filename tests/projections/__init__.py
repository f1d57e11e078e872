"""Tests of the views and their runner."""
