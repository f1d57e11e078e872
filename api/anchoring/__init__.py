"""Asks outsiders to vouch for checkpoints: witnesses, stamping authorities, write-once storage."""
