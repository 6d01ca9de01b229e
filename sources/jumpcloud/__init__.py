"""JumpCloud: users of one organisation, and who is in which user group.

Needs: an API key, which carries all rights of its administrator: let that be one with read-only access.
Reads: users of every state in pages by offset, held to their total; user groups, and whom each holds by
itself or through another, with the way.
Speed: no limit is documented, so what the answers say is kept to; pages and groups go side by side.
Changes: the listings tell none, so it is read whole.
"""
