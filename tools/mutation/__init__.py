"""Mutation testing of the core: changes the code in small ways and reports which changes no test notices."""
