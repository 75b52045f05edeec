"""The telephone: one flat table of all calls, pivots of it, the audit of routing."""
