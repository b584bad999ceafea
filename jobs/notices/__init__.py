"""Events of the service itself, made of what the ledger shows, by one worker for all."""
