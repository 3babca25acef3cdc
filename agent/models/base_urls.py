"""Where a provider's models are served: what the user names, else an environment variable, else the provider's own address.

Nothing heavy is imported here: a session asks before any SDK is loaded, and writes the answer into its specification.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from urllib.parse import urlsplit

from personas.errors import ModelSetupError

__all__ = ["ANTHROPIC_URL", "OPENAI_URL", "BaseUrls", "checked_url", "is_loopback"]

OPENAI_URL = "https://api.openai.com/v1"
ANTHROPIC_URL = "https://api.anthropic.com"


@dataclass(frozen=True)
class BaseUrls:
    """A provider's rule: the environment `variable`, its `official` URL, and the `path` that a URL without one is given."""

    variable: str | None = None
    official: str | None = None
    path: str = ""

    def resolve(self, given: str | None) -> str | None:
        """The base URL to use, None for the official one and where there is none. Raises ModelSetupError for what is no base URL."""
        named = given or (os.environ.get(self.variable) if self.variable else None)
        if not named:
            return None
        url = checked_url(named)
        if urlsplit(url).path == "":
            url += self.path
        return None if url == self.official else url


def checked_url(url: str) -> str:
    """`url` without a slash at its end. Raises ModelSetupError unless it is an http or https URL with a host and nothing secret in it."""
    try:
        parts = urlsplit(url.strip())
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or any(letter.isspace() for letter in url.strip()):
        raise ModelSetupError(f"{url.rpartition('@')[2][:80]!r} is not a base URL: write something like http://127.0.0.1:8000/v1")
    if "@" in parts.netloc:
        raise ModelSetupError(
            f"the base URL of {parts.hostname} holds a user name or password: give the key in an environment variable instead"
        )
    if parts.query or parts.fragment:
        raise ModelSetupError(f"the base URL of {parts.hostname} goes on after its path: leave out what follows the ? or #")
    return url.strip().rstrip("/")


def is_loopback(url: str) -> bool:
    """Whether `url` leads to this machine."""
    host = urlsplit(url).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")
