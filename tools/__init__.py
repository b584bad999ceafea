"""What developers run: stand-ins and demo (sandbox), chaos, benchmarks, mutation testing."""
