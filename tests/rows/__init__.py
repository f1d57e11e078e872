"""What practice promises, row by row, as figures of its own and scenarios that need no server."""
