"""Tests of the edge: settings, embedded server, HTTP, command line."""
