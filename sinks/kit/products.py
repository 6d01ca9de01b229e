"""Keys and names of Atlassian's products, as its APIs and its admin site write them."""

from __future__ import annotations

PRODUCT_KEYS = {
    "jira": "jira-software",
    "jira-service-desk": "jira-servicedesk",
    "jira-service-management": "jira-servicedesk",
    "jsm": "jira-servicedesk",
    "jira-work-management": "jira-core",
    "jpd": "jira-product-discovery",
}
"""Older and shorter keys of products; any other key stands for itself."""

PRODUCT_LABELS = {
    "Jira Service Management": "jira-servicedesk",
    "Jira Service Desk": "jira-servicedesk",
    "Jira Product Discovery": "jira-product-discovery",
    "Jira Work Management": "jira-core",
    "Jira Administration": "jira-admin",
    "Jira Software": "jira-software",
    "Jira Core": "jira-core",
    "Jira": "jira-software",
    "Confluence Guest": "confluence-guest",
    "Confluence": "confluence",
    "Bitbucket": "bitbucket",
    "Trello": "trello",
    "Opsgenie": "opsgenie",
    "Statuspage": "statuspage",
    "Loom": "loom",
    "Assets": "assets",
    "Compass": "compass",
    "Atlas": "atlas",
    "Goals": "goals",
    "Projects": "projects",
    "Focus": "focus",
    "Guard": "guard",
    "Rovo": "rovo",
    "Feedback": "feedback",
}
"""Names of products on the admin site, the longer before the shorter that begin alike."""

FREE_PRODUCTS = frozenset(
    {"confluence-guest", "assets", "atlas", "goals", "projects", "feedback", "jira-admin"}
)
"""What an export lists beside the products that are billed by seats."""
