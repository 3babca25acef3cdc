"""Whose fault a failed call is, told from the SDK's exception class, the status and the error code: never from words in a message.

Both SDKs are made by the same generator and share their class names, so one reading serves both. What comes out never holds
the key, is one line, and is at most 300 characters long.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import ModuleType
from typing import Any

from httpx2 import ConnectError, ConnectTimeout, PoolTimeout, ProxyError

from personas.errors import AxiofeedError, ModelError, ModelSetupError, Rejected, Throttled, Unavailable, Unreachable
from personas.one_line import one_line

__all__ = ["Caller", "Refused", "classify", "clean", "sdk_errors"]

_SECRETS = re.compile(r"sk-[\w*.-]{3,}|\bBearer\s+\S+|(?<=://)[^/\s@]+@", re.IGNORECASE)
_REFUSAL_CODES = frozenset({"content_filter", "content_policy_violation"})
_NO_CREDIT_CODES = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
_RETRY_AFTER_CAP_S = 120.0
# Refused, no such host, no route, no TLS, no answer to the first packet, a proxy that lets nothing through: nothing was sent.
_NO_CONNECTION = (ConnectError, ConnectTimeout, ProxyError)


class Refused(Exception):
    """The provider declined the request itself by its content policy: an answer, not a failure. `str` is the mark."""


@dataclass(frozen=True)
class Caller:
    """What an error message needs to know: `provider/name`, the base URL, the key, and the environment variable it came from."""

    name: str
    base_url: str
    key: str | None
    key_variable: str

    def say(self, what: str) -> str:
        """`what` about this model, as one clean line."""
        return clean(f"{self.name}: {what}", self.key)


def clean(text: str, key: str | None = None) -> str:
    """`text` without `key` (or its first letters) and whatever looks like a credential: one printable line, at most 300 characters."""
    if key:
        text = re.sub(re.escape(key[:8]) + (r"\S*" if len(key) > 8 else ""), "[key]", text)
    text = _SECRETS.sub("[key]", text)
    return one_line(text, 300, fold=True)


def sdk_errors(sdk: ModuleType) -> tuple[type[Exception], ...]:
    """What a call through `sdk` may raise, besides a plain timeout."""
    return (sdk.APIError, TimeoutError)


def classify(error: Exception, sdk: ModuleType, caller: Caller) -> AxiofeedError | Refused:
    """The product's error for what `sdk` raised. `possibly_paid` is 1 on it where the request had been sent and no answer came."""
    if isinstance(error, sdk.APIStatusError):
        return _by_status(error, caller)
    if isinstance(error, (TimeoutError, sdk.APITimeoutError)):
        return _lost("no answer in time", error, caller)
    if isinstance(error, sdk.APIConnectionError):
        return _lost("the connection failed", error, caller)
    return _unavailable(caller.say(f"the answer cannot be read ({type(error).__name__})"), paid=1)


def _lost(what: str, error: Exception, caller: Caller) -> ModelError:
    """A call without an answer. When not even a connection was made nothing was sent, so nothing is paid."""
    causes = tuple(_causes(error))
    where = f" ({type(causes[0]).__name__})" if causes else ""
    if any(isinstance(cause, _NO_CONNECTION) for cause in causes):
        return Unreachable(caller.say(f"{what}{where}: is a server listening at {caller.base_url}?"))
    queued = any(isinstance(cause, PoolTimeout) for cause in causes)  # waited here for a connection, sent nothing
    return _unavailable(caller.say(what + where), paid=0 if queued else 1)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """What `error` was raised from, nearest first."""
    while (cause := error.__cause__) is not None:
        yield cause
        error = cause


def _unavailable(message: str, *, paid: int) -> Unavailable:
    failure = Unavailable(message)
    failure.possibly_paid = paid
    return failure


def _by_status(error: Any, caller: Caller) -> AxiofeedError | Refused:
    status = int(error.status_code)
    code = str(getattr(error, "code", None) or getattr(error, "error_code", None) or "")
    said = f"(HTTP {status}): {_said(error)}"
    if code in _NO_CREDIT_CODES or status in (401, 402, 403, 404, 405):
        return ModelSetupError(_users_fault(status, code, said, caller))
    if status == 400 and code in _REFUSAL_CODES:
        return Refused(code)
    if status in (429, 529):
        return Throttled(caller.say(f"too many requests {said}"), _retry_after(error.response.headers))
    if status in (408, 409) or status >= 500:
        return Unavailable(caller.say(f"the server failed {said}"))
    return Rejected(caller.say(f"the request was rejected {said}"))


def _users_fault(status: int, code: str, said: str, caller: Caller) -> str:
    if code in _NO_CREDIT_CODES or status == 402:
        return caller.say(f"the account behind {caller.key_variable} has no credit left {said}")
    if status in (404, 405):
        return caller.say(f"not found at {caller.base_url}: check the model's name and the base URL {said}")
    if caller.key is None:
        return caller.say(f"{caller.base_url} asks for a key: set {caller.key_variable} {said}")
    return caller.say(f"{caller.base_url} does not accept the key in {caller.key_variable} for this model {said}")


def _said(error: Any) -> str:
    """The server's own words, where it sent some."""
    body = error.body
    if isinstance(body, dict):
        inner = body.get("error", body)
        said = inner.get("message") if isinstance(inner, dict) else inner
        if isinstance(said, str) and said.strip():
            return said
    return type(error).__name__


def _retry_after(headers: Any) -> float | None:
    """Seconds of `Retry-After` (a number or a date), within 0 and 120; None where it is missing or senseless."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name)
        if value is None:
            continue
        try:
            seconds = float(value) * unit
        except ValueError:
            try:
                seconds = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
            except (ValueError, TypeError):
                continue
        if not math.isnan(seconds):
            return min(max(seconds, 0.0), _RETRY_AFTER_CAP_S)
    return None
