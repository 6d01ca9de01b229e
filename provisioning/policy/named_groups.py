"""Whether a policy makes anything of an IdP group of some name."""

from __future__ import annotations

from provisioning.model.text import matches, name_key
from provisioning.policy.policy import Policy
from provisioning.policy.rules import TargetRules


def is_named(policy: Policy, source: str, name: str) -> bool:
    """Whether the scope of a source or the groups of a target go by a group of that name.

    Args:
        policy: the policy.
        source: the source that tells the group.
        name: what the group is called.
    """
    scopes = [rules.scope for rules in policy.sources if rules.origin == source]
    globs = [glob for scope in scopes for glob in (*scope.groups, *scope.exclude_groups)]
    return matches(name, globs) or any(_is_mapped(rules, name) for rules in policy.targets)


def _is_mapped(rules: TargetRules, name: str) -> bool:
    groups = rules.groups
    stated = name_key(name) in {name_key(key) for key in groups.map}
    return stated or groups.same_name or any(rename.name(name) is not None for rename in groups.rename)
