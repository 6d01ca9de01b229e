"""What a Prefect server is told of Seatwise: block types, work pool, deployments, automations.

All of it may be told again: what a person has switched, scheduled or connected since stays theirs.
"""
