"""The edge and the composition root; what may happen to a ticket is judged in `domain`."""
