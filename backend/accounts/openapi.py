"""Tells the OpenAPI document how to authenticate."""

from drf_spectacular.extensions import OpenApiAuthenticationExtension

SESSION = {
    "type": "apiKey",
    "in": "cookie",
    "name": "sessionid",
    "description": "with X-CSRFToken on writes and X-Workspace to choose the workspace",
}
TOKEN = {"type": "http", "scheme": "bearer", "description": "a personal token, `pat-…`"}


class ConsoleScheme(OpenApiAuthenticationExtension):
    """A browser's session or a personal token."""

    target_class = "backend.accounts.authentication.ConsoleAuthentication"
    name = ["session", "token"]

    def get_security_definition(self, auto_schema: object) -> list[dict[str, str]]:
        """Describe both."""
        return [SESSION, TOKEN]


class UserScheme(ConsoleScheme):
    """The same, in no workspace. The document needs a name of its own for each way in."""

    target_class = "backend.accounts.authentication.UserAuthentication"
    name = ["userSession", "userToken"]


class PublicScheme(OpenApiAuthenticationExtension):
    """Nothing at all; a session is noticed."""

    target_class = "backend.accounts.authentication.PublicAuthentication"
    name = "publicSession"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        """Describe the session."""
        return SESSION

    def get_security_requirement(self, auto_schema: object) -> dict[str, list[str]]:
        """Ask for none."""
        return {}
