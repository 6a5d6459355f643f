"""The published page as it crosses the wire, and what its visitors send."""

import re
from urllib.parse import urlsplit

from rest_framework import serializers

from backend.logs.models import Rating
from backend.published.models import Site

COLOR = re.compile(r"^#[0-9a-f]{6}$")
ORIGIN = re.compile(r"^https?://(\*\.)?[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?(:[0-9]{1,5})?$")
LANGUAGES = ("", "en", "zh", "ru")
MAX_ORIGINS = 20


def origin_clean(value: str) -> str:
    """Return an origin as browsers write it; raises `ValidationError`. The header takes nothing else."""
    text = value.strip().lower().rstrip("/")
    if text == "*" or ORIGIN.match(text):
        return text
    raise serializers.ValidationError(f"{value!r} is no origin: write https://example.com, without a path")


class OriginField(serializers.CharField):
    """The origin of pages that may show this one, or `*`."""

    def to_internal_value(self, data: object) -> str:
        """Return it as browsers write it."""
        return origin_clean(super().to_internal_value(data))


class ColorField(serializers.CharField):
    """A colour as #rrggbb."""

    def to_internal_value(self, data: object) -> str:
        """Return it in small letters."""
        text = super().to_internal_value(data).lower()
        if not COLOR.match(text):
            raise serializers.ValidationError(f"{data!r} is no colour: write #0b6b63, say")
        return text


class SiteSerializer(serializers.ModelSerializer):
    """The page of an app; `code` is empty before the first change, `url` then too."""

    icon_color = ColorField(required=False)
    color = ColorField(required=False)
    embed_origins = serializers.ListField(child=OriginField(max_length=300), max_length=MAX_ORIGINS, required=False)
    language = serializers.ChoiceField(choices=LANGUAGES, required=False, allow_blank=True)
    visitor_runs_per_minute = serializers.IntegerField(min_value=1, max_value=1000, required=False)
    site_runs_per_minute = serializers.IntegerField(min_value=1, max_value=10_000, required=False)
    opening_text = serializers.CharField(max_length=10_000, required=False, allow_blank=True)
    has_picture = serializers.SerializerMethodField()

    class Meta:
        model = Site
        fields = (
            *("code", "is_on", "name", "description", "icon", "icon_color", "color", "has_picture"),
            *("opening_text", "footer", "privacy_url", "placeholder", "show_sources", "show_steps"),
            *("embed_origins", "language", "visitor_runs_per_minute", "site_runs_per_minute", "updated_at"),
        )
        read_only_fields = ("code", "updated_at")

    def get_has_picture(self, site: Site) -> bool:
        """Whether a picture stands in place of the icon."""
        return site.picture_id is not None

    def validate_privacy_url(self, value: str) -> str:
        """Take web addresses only: the page makes a link of it."""
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.netloc):
            raise serializers.ValidationError(f"{value!r} is no web address: write https://example.com/privacy")
        return value


class LookSerializer(serializers.Serializer):
    """What a page offers its visitors."""

    name = serializers.CharField()
    description = serializers.CharField()
    icon = serializers.CharField()
    icon_color = serializers.CharField()
    color = serializers.CharField()
    picture = serializers.CharField(allow_null=True)
    footer = serializers.CharField()
    privacy_url = serializers.CharField()
    placeholder = serializers.CharField()
    mode = serializers.CharField()
    opening_text = serializers.CharField()
    suggested_questions = serializers.ListField(child=serializers.CharField())
    variables = serializers.ListField(child=serializers.DictField())
    files = serializers.DictField()
    show_sources = serializers.BooleanField()
    show_steps = serializers.BooleanField()
    language = serializers.CharField()


class VisitSerializer(serializers.Serializer):
    """How the visitor is known again: `keep_token` where no cookie would come back, in a frame of a foreign page."""

    keep_token = serializers.BooleanField(default=False)


class VisitedSerializer(serializers.Serializer):
    """The token for the header `X-Visitor`; null where a cookie holds it."""

    token = serializers.CharField(allow_null=True)


class VisitorConversationSerializer(serializers.Serializer):
    """A conversation of the visitor."""

    id = serializers.UUIDField(read_only=True)
    name = serializers.CharField(max_length=200)
    inputs = serializers.DictField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)


class VisitorRunSerializer(serializers.Serializer):
    """A run as its visitor sees it."""

    id = serializers.UUIDField()
    conversation_id = serializers.UUIDField(allow_null=True)
    status = serializers.CharField()
    query = serializers.CharField()
    inputs = serializers.DictField()
    files = serializers.ListField(child=serializers.DictField())
    answer = serializers.CharField()
    outputs = serializers.DictField()
    error = serializers.CharField(allow_null=True)
    rating = serializers.ChoiceField(choices=Rating.choices, allow_null=True)
    sources = serializers.ListField(child=serializers.DictField())
    steps = serializers.ListField(child=serializers.DictField())
    asks = serializers.ListField(child=serializers.DictField())
    created_at = serializers.DateTimeField()
    elapsed_ms = serializers.FloatField(allow_null=True)


class VerdictSerializer(serializers.Serializer):
    """What the visitor thinks of an answer; null takes it back."""

    rating = serializers.ChoiceField(choices=Rating.choices, allow_null=True)
    comment = serializers.CharField(required=False, allow_blank=True, max_length=10_000, default="")
