"""Customers of Jira Service Management on a Cloud site: portal-only accounts, organisations, desks.

Needs: the e-mail address and API token of a Jira administrator who administers the desks too. Reads: the
site's users, customers and others, organisations and their people, desks and their customers where the site
still lists them. Writes: making customers, making organisations
and putting them on desks, people in and out of both. Cannot: rename, bar or delete a customer, or bring a
portal-only account into the directory; a customer costs nothing, so there are no seats. Speed: the site's
burst limit is shared by everybody who uses its API; it is learned.
"""
