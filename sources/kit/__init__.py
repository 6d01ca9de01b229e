"""What sources share: the feed of changes, SCIM's columns, members, nested groups, labels, server clocks."""
