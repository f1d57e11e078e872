"""One read function and one answer per view; routes and pages both get their facts here."""
