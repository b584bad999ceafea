"""What every connector that posts messages shares: what an event reads like, and the one flow of a message.

A system is an adapter in a folder of its own: settings (`settings.AlertSettings`), a `poster.Poster`, and a `Spec` that
builds a `flow.AlertConnector` of both. Nothing here names an adapter.
"""
