"""Exports: the record written in forms that others read, and the check of what was written.

What the ledger holds goes out as it is; personal values appear as commitments only.
"""
