"""What the faces share: the world and its wire, faults and limits, the Cloud organisation, Data Center."""
