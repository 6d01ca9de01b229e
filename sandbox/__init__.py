"""A rehearsal: one seeded company, its identity providers and its Atlassian, over real HTTP on loopback.

Nothing here imports the product. See `sandbox.kit.world` for how a face (one simulated API) is added.
"""
