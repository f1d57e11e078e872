"""The judgement of tickets: state, decide, evolve, and one judge module per subject; all pure."""
