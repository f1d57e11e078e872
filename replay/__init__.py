"""History: the record read again to prove, to ask and to rebuild; nothing is written here."""
