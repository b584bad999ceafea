"""Measures of speed, side by side with their baselines: `bench/receiver`, `bench/worker` (docs/performance.md)."""
