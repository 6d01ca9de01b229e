"""What sources share: the feed of changes, members side by side, nested groups, labels, server clocks."""
