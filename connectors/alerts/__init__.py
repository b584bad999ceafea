"""The shared parts of connectors that post messages: the texts about an event, and the flow of a message.

Each system is an adapter in its own folder: settings (`settings.AlertSettings`), a `poster.Poster`, and a `Spec` that
builds a `flow.AlertConnector` from both. Nothing here names an adapter.
"""
