"""IdP groups by which a scope goes although their names do not say so, and those in doubt: told."""

from __future__ import annotations

from collections.abc import Mapping

from provisioning.decide.context import Context, count, list_names
from provisioning.model.group_sizes import GroupSize
from provisioning.model.text import name_key
from provisioning.policy.rules import SourceRules
from provisioning.policy.scope_groups import find_asked, find_excluded

Groups = Mapping[str, GroupSize]


def note_scopes(context: Context) -> None:
    """Tell of IdP groups by which a scope goes although their names do not say so, and of those in doubt."""
    for rules in context.policy.sources:
        scope = rules.scope
        if rules.origin in context.sources and (scope.groups or scope.exclude_groups):
            measured = context.people.scoped[rules.origin].groups
            groups = {key: size for key, size in measured.items() if size.people}
            _note_asked(context, rules, groups)
            _note_excluded(context, rules, groups)


def _note_asked(context: Context, rules: SourceRules, groups: Groups) -> None:
    globs, source = rules.scope.groups, rules.origin
    asked = find_asked(globs, groups)
    plain = {key: size._replace(earlier=(), second=False) for key, size in groups.items()}
    for key in sorted(asked.meant - find_asked(globs, plain).meant):
        was = _first_fitting(globs, key, groups[key])
        instead = f" instead of {was}" if name_key(was) in map(name_key, globs) else ""
        context.note(
            f"IdP group {was} is now called {groups[key].name} in {source}; its members stay in scope",
            f"write its identifier, {key},{instead} into sources.scope.groups; "
            "whoever should not be in scope has to leave the group",
        )
    for key in sorted(asked.doubtful):
        number = count(groups[key].people, "member")
        context.note(
            f"IdP group {groups[key].name} ({key}) of {source} bears the name of another that the scope "
            f"names; its {number} neither get nor lose anything by it",
            f"write {key} into sources.scope.groups if that group is meant, or rename it",
        )


def _note_excluded(context: Context, rules: SourceRules, groups: Groups) -> None:
    for key in sorted(find_excluded(rules.scope.exclude_groups, groups).doubtful):
        name, names = groups[key].name, list_names(set(groups[key].names[1:]))
        number = count(groups[key].people, "member")
        context.note(
            f"IdP group {name} ({key}) of {rules.origin} was called {names}, and by one of its names "
            f"the scope leaves it out; its {number} neither get nor lose anything by it",
            f"write {key} into sources.scope.exclude_groups if that group is meant",
        )


def _first_fitting(globs: list[str], key: str, size: GroupSize) -> str:
    """The latest earlier name by which a group is in a scope."""
    fits = [name for name in size.earlier if find_asked(globs, {key: GroupSize(name, 1)}).meant]
    return fits[0]
