"""What should change, and whether it may: frames and policy in, one plan for each target out.

The order is `people` → `correlate` → `lifecycle` → `entitle` → `joiners`, `movers`, `leavers`,
`inactive` → `guard`, `capacity` → `plan`; `decide` calls them, `explain` tells it of one person.
"""
