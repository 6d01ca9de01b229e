"""LDAP: people and groups of Active Directory, OpenLDAP and servers like them.

Needs: an account that may read people and groups, by LDAPS or StartTLS; python-ldap, which is compiled where
it is installed and therefore the extra `seatwise[ldap]` (`make ldap`).
Reads: one paged listing of people and one of groups, the rest of long member lists by their ranges. Groups
within groups and Active Directory's primary groups are worked out here, from what the listings say.
Speed: a directory sets no rate; pages follow each other on one connection, the next one is fetched while the
last is worked on.
Changes: `uSNChanged` and the deleted objects of one domain controller, or `modifyTimestamp` and a listing of
identifiers; whoever seems gone is looked for once more (`sources.ldap.feed`).
"""
