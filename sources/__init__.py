"""Who tells us: each source turns its requests into events (`sources.event.Event`)."""
