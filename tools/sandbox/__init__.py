"""Strict stand-ins for the systems that the bridge uses, in one process on loopback: ABC User Feedback, Jira,
Slack and translators. What the real one refuses, they refuse. The demo and the tests share them."""
