"""What several parts of the bridge need and nothing of ours is needed for: the lowest layer of imports."""
