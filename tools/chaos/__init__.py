"""Attacks the service: real processes, a real Valkey, stand-ins for the third parties, and many kinds of faults.

`bin/chaos --help`; promises and results: docs/reliability.md.
"""
