"""Where a model is served and with which key: base URLs are checked and keys are found before the first step of a session."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from agent.models.faults import Caller
from agent.models.prices import Price
from agent.models.settings import Settings
from personas.errors import ModelSetupError

__all__ = ["Endpoint", "checked_url", "find_key", "is_loopback", "require_key"]


@dataclass(frozen=True)
class Endpoint:
    """One model behind one base URL. `key` is a secret and shows in no repr; `price` is None where unknown."""

    provider: str
    model: str
    base_url: str
    key: str | None = field(repr=False)
    key_variable: str
    settings: Settings
    price: Price | None

    @property
    def name(self) -> str:
        """`provider/model`."""
        return f"{self.provider}/{self.model}"

    @property
    def caller(self) -> Caller:
        """What error messages say of this endpoint."""
        return Caller(self.name, self.base_url, self.key, self.key_variable)


def checked_url(url: str) -> str:
    """`url` without a slash at its end. Raises ModelSetupError unless it is an http or https URL with a host and without a password."""
    try:
        parts = urlsplit(url.strip())
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or any(letter.isspace() for letter in url.strip()):
        raise ModelSetupError(f"{url[:80]!r} is not a base URL: write something like http://127.0.0.1:8000/v1")
    if "@" in parts.netloc:
        raise ModelSetupError(
            f"the base URL of {parts.hostname} holds a user name or password: give the key in an environment variable instead"
        )
    return url.strip().rstrip("/")


def is_loopback(url: str) -> bool:
    """Whether `url` leads to this machine."""
    host = urlsplit(url).hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.")


def find_key(*variables: str) -> str | None:
    """The key in the first of these environment variables that is set. Raises ModelSetupError where it cannot be a key."""
    for variable in variables:
        key = os.environ.get(variable, "").strip()
        if key:
            if not (key.isascii() and key.isprintable() and " " not in key):
                raise ModelSetupError(f"{variable} does not hold a key: it has spaces or characters that no key has")
            return key
    return None


def require_key(variable: str, provider: str) -> str:
    """The key in `variable`. Raises ModelSetupError that names it where it is not set."""
    key = find_key(variable)
    if key is None:
        raise ModelSetupError(f"{provider} needs a key: set the environment variable {variable}")
    return key
