"""The read side: views folded from records; they may be dropped and built again at any time."""
