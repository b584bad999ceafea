"""What connectors share that send events as webhooks: the body, its signature, and what an answer means."""
