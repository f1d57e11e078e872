"""Importing from other systems: files and mappings in, ordinary requests to the ledger out.

What a row means for a ticket is judged in the domain; nothing here writes to the record itself.
"""
