"""Whether a plan is safe to make without a person looking at it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd

from provisioning.decide.changes import renumbered
from provisioning.decide.context import Context, count, list_names
from provisioning.decide.lifecycle import LEAVER_REASONS
from provisioning.decide.worked_on import describe_worked_on
from provisioning.model.keys import Mask, Rows, pick, positions
from provisioning.model.snapshots import Sizes, SourceSnapshot, measure
from provisioning.model.terms import Action
from provisioning.model.text import matching, one_line

SMALL = 10
"""Below as many rows a share says nothing: one of three is a third."""


@dataclass(frozen=True)
class Verdict:
    """The judgement of a plan, with its numbers.

    Attributes:
        needs_approval: whether nothing may be written before a person has approved it.
        reasons: why it needs approval or what was withheld, one plain sentence each, with numbers.
        destructive: destructive changes in the plan.
        linked: accounts joined with an identity.
        share: accounts that lose something, of the linked ones.
        withheld: changes left out because a read was not complete.
        fallen: sources that came back empty or smaller than allowed, of which a group lost too many, or
            older than they were.
        older: those of them whose file is older than the one that was read before.
    """

    needs_approval: bool
    reasons: list[str]
    destructive: int
    linked: int
    share: float
    withheld: int
    fallen: list[str] = field(default_factory=list)
    older: list[str] = field(default_factory=list)


class CertainChanges(NamedTuple):
    """The changes that remain, and how many were left out."""

    changes: pd.DataFrame
    withheld: int


class Losses(NamedTuple):
    """Why a plan needs approval, as other rules found.

    Attributes:
        by_source: source and reason; what its read tells is no measure for the next one.
        others: further reasons.
    """

    by_source: Sequence[tuple[str, str]]
    others: Sequence[str]


def drop_protected(context: Context, changes: pd.DataFrame) -> pd.DataFrame:
    """Leave out destructive changes of whom and what the policy and prudence protect."""
    account = positions(changes["account_id"], context.target.accounts["account_id"])
    protected = find_protected(context)
    spared = pick(protected, account)
    # Some targets hide addresses: such an account is known by its person's address alone.
    spared |= matching(changes["subject"], context.policy.protect.emails)
    spared |= matching(changes["entitlement"], context.policy.protect.groups)
    spared &= changes["destructive"].to_numpy(np.bool_)
    who = "protected, or the account of this connection"
    changes, account = _without(context, changes, spared, who), account[~spared]
    last = _last_administrators(context, changes, account)
    last &= changes["destructive"].to_numpy(np.bool_)
    changes = _without(context, changes, last, "the last administrator")
    left = positions(changes.loc[changes["destructive"], "account_id"], context.target.accounts["account_id"])
    assert not pick(protected, left).any(), "a protected account is in a destructive change"
    return changes


def drop_unsupported(context: Context, changes: pd.DataFrame) -> pd.DataFrame:
    """Leave out what the connector cannot do, with a note of each kind."""
    unsupported = ~changes["action"].map(lambda action: context.can(str(action))).to_numpy(np.bool_)
    for action, number in changes.loc[unsupported, "action"].value_counts().items():
        context.note(
            f"{count(number, 'change')} left out: this connector cannot {IN_WORDS[Action(str(action))]}",
            "make the change by hand in the target" if number == 1 else "make them by hand in the target",
        )
    return renumbered(changes, ~unsupported)


IN_WORDS = {
    Action.CREATE_GROUP: "create groups",
    Action.CREATE: "create accounts",
    Action.UPDATE: "update accounts",
    Action.UPDATE_EMAIL: "change e-mail addresses",
    Action.GRANT: "grant access",
    Action.REVOKE: "revoke access",
    Action.SUSPEND: "suspend accounts",
    Action.RESTORE: "restore suspended accounts",
    Action.DEACTIVATE: "deactivate accounts",
    Action.REACTIVATE: "reactivate accounts",
    Action.REMOVE: "remove accounts",
    Action.DELETE: "delete accounts",
    Action.CANCEL_DELETE: "cancel the deletion of accounts",
}
"""What each action does, after "cannot"."""


def withhold(context: Context, changes: pd.DataFrame) -> CertainChanges:
    """Leave out what an incomplete read could have feigned: losses, and accounts that seem missing."""
    uncertain = changes["destructive"].to_numpy(np.bool_) & bool(list_incomplete(context))
    if not context.target.complete:
        # An account that was not read would be created a second time.
        uncertain |= changes["account_id"].isna().to_numpy(np.bool_)
    return CertainChanges(renumbered(changes, ~uncertain), int(uncertain.sum()))


def judge(
    context: Context, changes: pd.DataFrame, withheld: int, losses: Losses, *, attended: bool
) -> Verdict:
    """Block the plan where a rule or a limit says that a person must look.

    Args:
        context: what is known.
        changes: the changes of the plan.
        withheld: how many were left out because a read was not complete.
        losses: what else was found.
        attended: whether a person makes every change.
    """
    by_source = [*_fallen(context), *losses.by_source]
    fallen = {name for name, _ in by_source}
    reasons = [*(reason for _, reason in by_source), *_target_reasons(context), *losses.others]
    lost = changes[changes["destructive"]]
    linked = int((context.correlation.account >= 0).sum() + (context.lifecycle.person < 0).sum())
    share = lost["account_id"].nunique() / linked if linked else 0.0
    beyond = list(_limit_reasons(context, len(lost), lost["account_id"].nunique(), linked, share))
    reasons += [*beyond, *(_describe_causes(context, lost) if beyond else [])]
    if len(lost):
        reasons += [*_steady_losses(context, fallen), *describe_worked_on(context, lost)]
    older = dict(_older_files(context))
    if len(changes):
        reasons += [*older.values(), *_unread_reasons(context)]
    if not attended:
        reasons += _unattended_reasons(context, changes)
    more = []
    if withheld:
        verb = "is" if withheld == 1 else "are"
        unread = list_names(list_incomplete(context))
        more = [f"{count(withheld, 'change')} {verb} withheld, because {unread} was not read whole"]
    # Names of groups and people stand in them, and come from outside.
    told = [one_line(reason) for reason in reasons + more]
    return Verdict(
        bool(reasons), told, len(lost), linked, share, withheld, sorted({*fallen, *older}), [*older]
    )


def list_incomplete(context: Context) -> list[str]:
    """Sources of the policy and the target that were not read whole."""
    stated = [rules.origin for rules in context.policy.sources]
    names = [name for name in stated if name not in context.sources or not context.sources[name].complete]
    return names if context.target.complete else [*names, context.target.target]


def find_protected(context: Context) -> Mask:
    """Accounts that are in no destructive change: the policy's, the connection's own, and no people's."""
    accounts, protect = context.target.accounts, context.policy.protect
    protected: Mask = accounts["kind"].isin(protect.kinds).to_numpy(np.bool_, copy=True)
    protected |= (accounts["kind"] != "person").to_numpy(np.bool_)
    protected |= accounts["caller"].to_numpy(np.bool_)
    for name in ("email", "user_name"):
        if protect.emails:
            protected |= matching(accounts[name], protect.emails)
    return protected


def _without(context: Context, changes: pd.DataFrame, spared: Mask, who: str) -> pd.DataFrame:
    if spared.any():
        number, subjects = int(spared.sum()), list_names(set(changes.loc[spared, "subject"]))
        context.note(f"{count(number, 'destructive change')} left out, {who}: {subjects}")
    return renumbered(changes, ~spared)


def _last_administrators(context: Context, changes: pd.DataFrame, account: Rows) -> Mask:
    """Changes of people without whom an administrative group or role had nobody left."""
    last = np.zeros(len(changes), dtype=np.bool_)
    key = ["kind", "entitlement_id"]
    admin = context.target.entitlements[context.target.entitlements["admin"]].drop_duplicates(key)
    assigned = context.target.assignments.merge(admin[key], on=key, how="inner", validate="many_to_one")
    rows = positions(assigned["account_id"], context.target.accounts["account_id"])
    assigned = assigned.assign(row=rows)[pick(context.usable, rows)]
    destructive = changes["destructive"].to_numpy(np.bool_)
    whole = destructive & (changes["action"] != Action.REVOKE.value).to_numpy(np.bool_)
    for (kind, identifier), administrators in assigned.groupby(key)["row"]:
        this = ((changes["kind"] == kind) & (changes["entitlement_id"] == identifier)).to_numpy(np.bool_)
        if set(administrators) <= set(account[whole | (destructive & this)].tolist()):
            last |= np.isin(account, administrators.to_numpy())
    return last


def _fallen(context: Context) -> Iterator[tuple[str, str]]:
    """Sources that are empty or smaller than they may be, each with a reason."""
    for name, snapshot in context.sources.items():
        if name not in context.people.spans:
            continue
        first, end = context.people.spans[name]
        if not len(snapshot.identities):
            yield name, f"{name} lists nobody; an empty source always needs approval"
        elif not context.people.in_scope[first:end].any():
            stated = count(end - first, "identity", "identities")
            yield name, f"{name} lists {stated} and none is in scope; check its filter and groups"
        elif name in context.memory.previous:
            for reason in _drops(context, snapshot, context.memory.previous[name]):
                yield name, reason


def _drops(context: Context, snapshot: SourceSnapshot, before: Sizes) -> Iterator[str]:
    limits, now = context.policy.limits, measure(snapshot, before)
    renamed = {old for size in now.groups.values() if size.people for old in size.earlier}
    for what, was, size in (
        ("identities", before.identities, now.identities),
        ("memberships", before.memberships, now.memberships),
    ):
        if _fell(was, size, limits.source_drop):
            yield _drop(f"{snapshot.source} fell from {was} to {size} {what}", was, size, limits.source_drop)
    for segment, was in sorted(before.segments.items()):
        size = now.segments.get(segment, 0)
        kind, _, name = segment.partition(":")
        # What a smaller group costs people is judged by the plan; one that vanished tells of a failed read.
        gone = size == 0 and name not in renamed
        if _fell(was, size, limits.segment_drop) and (kind != "group" or gone):
            words = f"{snapshot.source}, {kind} {name} fell from {was} to {size}"
            yield _drop(words, was, size, limits.segment_drop)


def _older_files(context: Context) -> Iterator[tuple[str, str]]:
    """Sources whose file is older than the one read before: who came since is missing, who left is back."""
    for name, snapshot in context.sources.items():
        before = context.memory.written.get(name)
        if snapshot.as_of and before and snapshot.as_of < before:
            written, earlier = (f"{at:%Y-%m-%d %H:%M} UTC" for at in (snapshot.as_of, before))
            words = f"the file of {name} is of {written}, and the one before it was of {earlier}"
            yield name, f"{words}; put a current export there, or approve the plan if this one is right"


def _steady_losses(context: Context, fallen: Collection[str]) -> Iterator[str]:
    """Sources that lost more people within 30 days than one read may lose; those that fell now are told."""
    limit = context.policy.limits.source_drop
    for name, sizes in context.memory.sizes_30d.items():
        if name not in context.sources or name in fallen:
            continue
        size, most = len(context.sources[name].identities), max((one.identities for one in sizes), default=0)
        if _fell(most, size, limit):
            words = f"{name} fell from {most} to {size} identities within 30 days"
            yield _drop(words, most, size, limit) + "; approve the plan if so many have left"


def _fell(was: int, size: int, limit: float) -> bool:
    return was >= SMALL and (was - size) / was > limit


def _drop(words: str, was: int, size: int, limit: float) -> str:
    return f"{words}, by {(was - size) / was:.1%}; {limit:.0%} is allowed"


def _target_reasons(context: Context) -> Iterator[str]:
    """A target that lost accounts we know may have been read wrongly; nobody is created anew for that."""
    known = len(context.correlation.remembered)
    gone = int((context.correlation.remembered["account"] < 0).sum())
    if _fell(known, known - gone, context.policy.limits.source_drop) and context.target.complete:
        words = f"{context.rules.to} lists {known - gone} of {known} linked accounts"
        yield _drop(words, known, known - gone, context.policy.limits.source_drop)


def _unread_reasons(context: Context) -> Iterator[str]:
    """Sources and the target of which too much could not be read to go by the rest."""
    limit = context.policy.limits.rejects
    reads = [(name, len(one.identities), one.rejects) for name, one in context.sources.items()]
    reads.append((context.target.target, len(context.target.accounts), context.target.rejects))
    for name, read, rejects in reads:
        unread = rejects["key"].nunique()
        share = unread / (read + unread) if unread else 0.0
        if unread > limit.count and share > limit.share:
            rows = f"{count(unread, 'row')} of {name} could not be read, {share:.1%}"
            yield f"{rows}; {limit.count} or {limit.share:.0%} are allowed (limits.rejects)"


def _limit_reasons(context: Context, changes: int, accounts: int, linked: int, share: float) -> Iterator[str]:
    limit = context.policy.limits.destructive
    if changes > limit.count:
        yield f"{count(changes, 'destructive change')}; {limit.count} are allowed"
    if linked >= SMALL and share > limit.share:
        lose = f"{accounts} of {linked} linked accounts lose something"
        yield f"{lose}, {share:.1%}; {limit.share:.0%} is allowed"


def _describe_causes(context: Context, lost: pd.DataFrame) -> list[str]:
    """Who loses something and why, so that one wrong filter is not taken for many who left."""
    losing = np.unique(positions(lost["account_id"], context.target.accounts["account_id"]))
    lifecycle = context.lifecycle
    leavers = lifecycle.moved_as("leaver") & np.isin(lifecycle.account, losing)
    causes = lifecycle.reason[leavers].map(LEAVER_REASONS).value_counts()
    words = [f"{number:,} {cause}" for cause, number in causes.items()]
    staying = len(np.setdiff1d(losing, lifecycle.account[leavers]))
    words += [f"{staying:,} who stay"] if staying else []
    outside = (lifecycle.reason[leavers] == "outside").any()
    way_out = "; if those out of scope should be in it, correct sources.scope" if outside else ""
    return [f"those who lose something: {', '.join(words)}{way_out}"]


def _unattended_reasons(context: Context, changes: pd.DataFrame) -> Iterator[str]:
    lost = int(changes["destructive"].sum())
    if lost and context.memory.applied_policy != context.policy.fingerprint():
        first = context.memory.applied_policy is None
        which = "the first plan" if first else "the first plan since the policy changed"
        yield f"{which} has {count(lost, 'destructive change')}; a person looks at it first"
    if len(changes) and context.policy.approve.above == "always":
        yield f"{count(len(changes), 'change')}; approve.above is always"
    if (two := context.policy.approve.second_person(len(changes))) is not None:
        yield two
