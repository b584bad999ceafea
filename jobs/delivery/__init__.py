"""How one delivery runs: threads, leases, limits, breakers, schedule."""
