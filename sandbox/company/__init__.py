"""The simulated company: its people and groups, how it was founded and what happens to it each day."""
