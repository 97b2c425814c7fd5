"""One file per AWS resource kind, each with exactly one `Kind` class; `provider.discover` finds them by themselves."""
