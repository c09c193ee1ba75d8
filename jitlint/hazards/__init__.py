"""What compiles and then does not do what the Python code says: decorators dropped, calls that go back to Python,
types erased. Warnings, all of them; judged on what the typed walk (`emit`) found to be compiled."""
