"""The common parts of connectors that send events as webhooks: the body, the flow, and the meaning of an answer."""
