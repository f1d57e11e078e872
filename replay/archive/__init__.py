"""The archive: a ledger's record as sealed Parquet files that verify by themselves.

Nothing here is imported by the way; what reads or writes Parquet needs the extra `archive`.
"""
