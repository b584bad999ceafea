"""The texts of the console: a module for each language, with the same keys and the same values in braces."""
