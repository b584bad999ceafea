"""A connector, a source and a translator for Feedback Bridge, each for a made-up system."""
