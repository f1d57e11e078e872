"""The write side: what may happen to a ticket, and the ledger that records it; no views."""
