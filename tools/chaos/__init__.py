"""The attack on the service: real processes, a real Valkey, stand-ins for the third parties, and everything goes wrong.

`bin/chaos --help`; what is promised and what came of it: docs/reliability.md.
"""
