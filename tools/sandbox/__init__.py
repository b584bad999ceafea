"""Strict stand-ins for the systems that the bridge uses: ABC User Feedback, ticket systems, message systems, receivers
of webhooks and translators. All run in one process on loopback. They refuse the same requests as the real systems. The
demo and the tests share them."""
