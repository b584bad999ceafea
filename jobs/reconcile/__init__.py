"""Asks a source what the webhooks should have reported, and accepts what is missing."""
