"""Small worlds of the ledger, explored completely: every order of every step, on the real Lua scripts."""
