"""`bin/bench`: measures of speed, side by side with their baselines (docs/performance.md)."""
