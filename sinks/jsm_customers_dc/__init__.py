"""Customers of Jira Service Management on a Data Center server: its users, organisations, desks.

Needs: a personal access token of a Jira administrator who administers the desks too, or name and password.
Reads: the users of the server as `jira_dc` does, from 10.3 on or up to 9.x, organisations and their people,
desks and their customers where the server lists them. Writes: making customers, making organisations and
putting them on desks, people in and out of both. Cannot: rename, deactivate or delete a customer, who is an
ordinary user of Jira without application access, so there are no seats; nor say who may use an open desk.
Speed: the API cannot be asked for one person's organisations, so each look before a write reads the people of
all of them again; the token bucket of the user is shared.
"""
