"""Routes of Dify's contract that belong to a later version."""

# (path under /v1/, methods) that an app's key opens and that come later.
APP_ROUTES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("audio-to-text", ("POST",)),
    ("text-to-audio", ("POST",)),
    ("form/human_input/<str:form_token>", ("GET", "POST")),
)
