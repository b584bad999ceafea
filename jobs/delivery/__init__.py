"""The parts that run one delivery: threads, leases, limits, breakers, schedule."""
