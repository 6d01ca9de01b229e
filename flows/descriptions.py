"""What the parameters of flows mean, for the forms of the Prefect UI and the help of the commands alike.

By themselves, so that a command's help loads nothing that a form needs.
"""

from __future__ import annotations

CONFIG = "The policy file, or block:NAME for one kept at the Prefect server."
OUT = "Folder for the files people read."
ONLY = "E-mail addresses to restrict the run to; empty means everyone."
AS_OF = "Judge as of this moment (UTC), to rehearse a date; one that is past shows what was read then."
COMPARE = "Say what came and went since what was read then (UTC), and the money between."
SEND = "Mail the report to whom the policy says under report.mail."
FULL = "Read every source and target whole, also those that can tell what changed."
