"""The tests, which mirror the rooms; nothing here is part of the product."""
