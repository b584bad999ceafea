"""The attack on the service: real processes, a real Valkey, stand-ins for the third parties, and everything goes wrong.

`bin/chaos --help`; promises and results: docs/reliability.md.
"""
