"""User names that would break single sign-on: SAML finds an account by the name the IdP sends."""

from __future__ import annotations

import numpy as np
import pandas as pd

from provisioning.decide.context import Case, shown
from provisioning.decide.joiners import attributes
from provisioning.decide.people import ACTIVE
from provisioning.model.keys import Rows, folded, take

MATTERS = ("joiner", "stayer", "mover", "rehire")


def report(case: Case) -> None:
    """Note the people whose user name in the target is not, or would not be, the name their SSO sends."""
    sent = case.rules.sso_name_id
    if sent is None:
        return
    lives = case.lives
    active = np.flatnonzero(lives.are(*MATTERS) & (lives.why == ACTIVE).to_numpy() & (lives.person >= 0))
    person, account = lives.person[active], lives.account[active]
    wanted = attributes(case, person, ["user_name"])["user_name"]
    held = take(case.target.accounts["user_name"], account).set_axis(wanted.index)
    named = held.where(account >= 0, wanted)
    _tell(
        case, person, folded(named), folded(take(case.people.statements[sent], person)).set_axis(named.index)
    )


def _tell(case: Case, person: Rows, named: pd.Series, sends: pd.Series) -> None:
    differs = (named.ne(sends) & named.notna() & sends.notna()).to_numpy(np.bool_)
    if differs.any():
        who = take(case.people.statements["email"], person[differs]).fillna("someone without an address")
        case.note(
            f"{int(differs.sum())} people could not sign in by SAML, "
            f"their user name is not the {case.rules.sso_name_id} their SSO sends: {shown(who.tolist())}",
            "correct targets.attributes.user_name, or what the identity provider sends as name id",
        )
