"""Bytes and hashes of the evidence chain: pure, and the same lines for writer and verifier."""
