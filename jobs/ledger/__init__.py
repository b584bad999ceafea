"""What happened to every event and delivery: keys, scripts, and reading for people."""
