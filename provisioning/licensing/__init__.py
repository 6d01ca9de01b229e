"""What the seats cost: the price book, the seats billed, the waste among them and whom to charge."""
