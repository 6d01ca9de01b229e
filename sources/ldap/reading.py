"""What reads one directory, put together; whoever imports it needs python-ldap."""

from __future__ import annotations

from sources.ldap.directory import Directory
from sources.ldap.feed import Feed
from sources.ldap.groups import Groups
from sources.ldap.options import LdapOptions
from sources.ldap.people import People
from transport.door import Door


class Reading:
    """The parts that read a directory, on the same connection."""

    def __init__(self, name: str, options: LdapOptions, door: Door) -> None:
        self.directory = Directory(name, options, door)
        self.people = People(name, self.directory, options)
        self.groups = Groups(self.directory, self.people, options)
        self.feed = Feed(name, self.directory, self.people, self.groups, options)
