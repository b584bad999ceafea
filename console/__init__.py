"""What operators and programs read: health, metrics, the JSON API."""
