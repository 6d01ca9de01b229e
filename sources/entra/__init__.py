"""Entra ID: users, deleted ones too, and who is in which group, through Microsoft Graph.

Needs: an app registration with a secret or a certificate, and the application permissions
User.Read.All and GroupMember.Read.All. Optional: AuditLog.Read.All with a P1 licence (last sign-ins),
User-LifeCycleInfo.Read.All (last working days), Application.Read.All (`apps`).
Reads: one listing of users, one of those deleted within 30 days, the groups, and their direct members
twenty groups a batch; groups in groups are followed, and each membership through them says its path.
Last sign-ins are a listing of their own with a small quota of its own; without the right to read them
they are unknown. Between whole reads Graph's feeds say what changed (`sources.entra.feed`).
Speed: Graph counts resource units, 8,000 in ten seconds for tenants that could use them up. Pages of
a listing follow each other; with `managers` they hold 100 users, Graph's limit for that, else 999.
"""
