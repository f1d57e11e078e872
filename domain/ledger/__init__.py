"""All input and output of the write side lives here; no judgement about tickets does."""
