"""One program per way of appending, each run as a process of its own; no comparing here."""
