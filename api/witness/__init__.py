"""A witness of transparency logs (C2SP tlog-witness), for another organisation to run."""
