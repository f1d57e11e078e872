"""Importing from other systems: mappings, files, rows, and what the ledger makes of them."""
