"""The proofs themselves: pure bytes, held against published vectors and against every mutation."""
