"""Examples to begin with: a policy, its JSON Schema for editors, and a price book."""
