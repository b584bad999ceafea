"""ABC User Feedback: its webhooks come in through `receive`, its API is used through `client`."""
