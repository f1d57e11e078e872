"""What comes in as strict pydantic models, what goes out as msgspec structs; no rule lives here."""
