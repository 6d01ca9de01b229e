"""User names that would break single sign-on: SAML finds an account by the name the IdP sends."""

from __future__ import annotations

import numpy as np
import pandas as pd

from provisioning.decide.attributes import derive_attributes
from provisioning.decide.context import Context, count, list_names
from provisioning.model.keys import Rows, take
from provisioning.model.text import folded


def note_broken_sign_in(context: Context) -> None:
    """Note the people whose user name in the target is not, or would not be, the name their SSO sends."""
    sent = context.rules.sso_name_id
    if sent is None:
        return
    lifecycle = context.lifecycle
    chosen = lifecycle.stays_active("joiner", "stayer", "mover", "rehire") & (lifecycle.person >= 0)
    person, account = lifecycle.person[chosen], lifecycle.account[chosen]
    wanted = derive_attributes(context, person, ["user_name"])["user_name"]
    present = take(context.target.accounts["user_name"], account).set_axis(wanted.index)
    named = folded(present.where(account >= 0, wanted))
    _note(context, person, named, folded(take(context.people.records[sent], person)).set_axis(named.index))


def _note(context: Context, person: Rows, named: pd.Series, sends: pd.Series) -> None:
    differs = (named.ne(sends) & named.notna() & sends.notna()).to_numpy(np.bool_)
    if differs.any():
        who = take(context.people.records["email"], person[differs]).fillna("someone without an address")
        context.note(
            f"{count(int(differs.sum()), 'person', 'people')} cannot sign in by SAML, because the user name "
            f"in the target is not the {context.rules.sso_name_id} their identity provider sends: "
            f"{list_names(who.tolist())}",
            "correct targets.attributes.user_name, or what the identity provider sends as name ID",
        )
