"""What sinks share: Cloud sites, Data Center servers, one pass over a target, pages by number, new groups."""
