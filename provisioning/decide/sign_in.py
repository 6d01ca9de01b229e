"""User names that would break single sign-on: SAML finds an account by the name the IdP sends."""

from __future__ import annotations

import numpy as np
import pandas as pd

from provisioning.decide.context import Context, shown
from provisioning.decide.joiners import attributes
from provisioning.decide.people import ACTIVE
from provisioning.model.keys import Rows, take
from provisioning.model.text import folded

MATTERS = ("joiner", "stayer", "mover", "rehire")


def report(context: Context) -> None:
    """Note the people whose user name in the target is not, or would not be, the name their SSO sends."""
    sent = context.rules.sso_name_id
    if sent is None:
        return
    lives = context.lives
    active = np.flatnonzero(lives.are(*MATTERS) & (lives.why == ACTIVE).to_numpy() & (lives.person >= 0))
    person, account = lives.person[active], lives.account[active]
    wanted = attributes(context, person, ["user_name"])["user_name"]
    held = take(context.target.accounts["user_name"], account).set_axis(wanted.index)
    named = held.where(account >= 0, wanted)
    _tell(
        context,
        person,
        folded(named),
        folded(take(context.people.statements[sent], person)).set_axis(named.index),
    )


def _tell(context: Context, person: Rows, named: pd.Series, sends: pd.Series) -> None:
    differs = (named.ne(sends) & named.notna() & sends.notna()).to_numpy(np.bool_)
    if differs.any():
        who = take(context.people.statements["email"], person[differs]).fillna("someone without an address")
        context.note(
            f"{int(differs.sum())} people could not sign in by SAML, "
            f"their user name is not the {context.rules.sso_name_id} their SSO sends: {shown(who.tolist())}",
            "correct targets.attributes.user_name, or what the identity provider sends as name id",
        )
