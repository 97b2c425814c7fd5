"""Who changed what, when, from where: an append-only record, written by the database itself."""
