"""Pushed SCIM: what an identity provider sends by itself to the service `seatwise receive`.

Needs: nothing of the identity provider; the service running where it can be reached, and a token of this
connection entered in the identity provider's console (`seatwise receive guide` says where).
Reads: users and groups from the ledger's database, in one transaction, as they stood after one write.
Speed: a company of 100,000 people in seconds; no request leaves.

A push is never proof of absence: only users who were made inactive or deleted, and members who were taken out
of a group, lose something. A connection that said nothing for longer than `silent_after` says so.
"""
