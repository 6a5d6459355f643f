"""The writes of accounts, as other apps and the command line call them."""

from backend.accounts.services.admins import account_create_admin, machine_admin_set, token_create
from backend.accounts.services.audit import audit_record
from backend.accounts.services.keys import key_create_for, key_revoke

__all__ = [
    "account_create_admin",
    "audit_record",
    "key_create_for",
    "key_revoke",
    "machine_admin_set",
    "token_create",
]
