"""The wire forms of accounts."""

from rest_framework import serializers

from backend.accounts.models import Role

PASSWORD_CHARS = 128


class SetupStateSerializer(serializers.Serializer):
    """What the first page of a new installation asks."""

    required = serializers.BooleanField()
    code_required = serializers.BooleanField()


class SetupRequestSerializer(serializers.Serializer):
    """The first user."""

    email = serializers.EmailField()
    password = serializers.CharField(max_length=PASSWORD_CHARS, trim_whitespace=False)
    workspace_name = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")
    code = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class SessionStateSerializer(serializers.Serializer):
    """Is this browser signed in?"""

    authenticated = serializers.BooleanField()


class LoginRequestSerializer(serializers.Serializer):
    """An e-mail and its password."""

    email = serializers.CharField(max_length=254)
    password = serializers.CharField(max_length=PASSWORD_CHARS, trim_whitespace=False)


class MeWorkspaceSerializer(serializers.Serializer):
    """A workspace that the user is in."""

    id = serializers.UUIDField(source="workspace.id")
    name = serializers.CharField(source="workspace.name")
    role = serializers.ChoiceField(choices=Role.choices)


class MeSerializer(serializers.Serializer):
    """The user and their workspaces."""

    id = serializers.UUIDField()
    email = serializers.EmailField()
    name = serializers.CharField()
    is_machine_admin = serializers.BooleanField(help_text="cares for the models that all workspaces share")
    workspaces = MeWorkspaceSerializer(many=True)
    version = serializers.CharField()


class MePatchSerializer(serializers.Serializer):
    """What users change about themselves."""

    name = serializers.CharField(max_length=120, allow_blank=True)


class PasswordChangeSerializer(serializers.Serializer):
    """The old and the new password."""

    current_password = serializers.CharField(max_length=PASSWORD_CHARS, trim_whitespace=False)
    new_password = serializers.CharField(max_length=PASSWORD_CHARS, trim_whitespace=False)


class WorkspaceNameSerializer(serializers.Serializer):
    """A workspace's name."""

    name = serializers.CharField(max_length=120)


class WorkspaceSerializer(serializers.Serializer):
    """A workspace as one of its members sees it."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    role = serializers.ChoiceField(choices=Role.choices)
    created_at = serializers.DateTimeField()


class UserBriefSerializer(serializers.Serializer):
    """A user as others in the workspace see them."""

    id = serializers.UUIDField()
    email = serializers.EmailField()
    name = serializers.CharField()


class MemberSerializer(serializers.Serializer):
    """A member and their role."""

    id = serializers.UUIDField()
    user = UserBriefSerializer()
    role = serializers.ChoiceField(choices=Role.choices)
    created_at = serializers.DateTimeField()


class MemberPatchSerializer(serializers.Serializer):
    """A member's new role."""

    role = serializers.ChoiceField(choices=Role.choices)


class InvitationSerializer(serializers.Serializer):
    """An open invitation."""

    id = serializers.UUIDField(read_only=True)
    email = serializers.EmailField()
    role = serializers.ChoiceField(choices=Role.choices)
    expires_at = serializers.DateTimeField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)


class NewInvitationSerializer(InvitationSerializer):
    """An invitation with its link, shown once."""

    link = serializers.CharField(read_only=True)


class InvitationAcceptSerializer(serializers.Serializer):
    """The token of an invitation, and the password of the account that it opens or makes."""

    token = serializers.CharField(max_length=200)
    password = serializers.CharField(
        max_length=PASSWORD_CHARS, required=False, allow_blank=True, default="", trim_whitespace=False
    )
    name = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")


class KeySerializer(serializers.Serializer):
    """A key as it can be listed: its beginning, never its text."""

    id = serializers.UUIDField(read_only=True)
    name = serializers.CharField(max_length=120)
    prefix = serializers.CharField(read_only=True)
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None)
    last_used_at = serializers.DateTimeField(read_only=True, allow_null=True)
    created_at = serializers.DateTimeField(read_only=True)


class NewTokenSerializer(KeySerializer):
    """A personal token, shown once."""

    token = serializers.CharField(read_only=True)


class DatasetKeySerializer(KeySerializer):
    """A dataset key; its name may be left out."""

    name = serializers.CharField(max_length=120, required=False, default="dataset key")


class NewDatasetKeySerializer(DatasetKeySerializer):
    """A dataset key, shown once."""

    key = serializers.CharField(read_only=True)


class ActorSerializer(serializers.Serializer):
    """Who did it."""

    email = serializers.EmailField()


class AuditQuerySerializer(serializers.Serializer):
    """What of the audit log is wanted; all without."""

    actor = serializers.CharField(required=False, max_length=254, help_text="a part of the e-mail of who did it")
    action = serializers.CharField(required=False, max_length=60, help_text="the beginning of an action: app.")
    search = serializers.CharField(required=False, max_length=200, help_text="a part of what it was done to, and how")
    since = serializers.DateTimeField(required=False, help_text="at or after this moment")
    until = serializers.DateTimeField(required=False, help_text="before this moment")


class AuditExportQuerySerializer(AuditQuerySerializer):
    """What of the audit log is wanted, and as what."""

    form = serializers.ChoiceField(choices=["csv", "jsonl"], default="csv", help_text="csv or jsonl, a line an entry")


class AuditEntrySerializer(serializers.Serializer):
    """One line of the audit log."""

    id = serializers.UUIDField()
    at = serializers.DateTimeField(source="created_at")
    actor = ActorSerializer(allow_null=True)
    action = serializers.CharField()
    target = serializers.CharField()
    detail = serializers.DictField(child=serializers.JSONField())
    address = serializers.CharField(help_text="the address that it came from, where a request did it")
    user_agent = serializers.CharField(help_text="what the program called itself")
