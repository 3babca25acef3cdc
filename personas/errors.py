"""Every error the product raises on purpose, grouped by whose fault it is.

It lives in the lowest package so that all of `personas`, `environments`, `agent` and `evals` may import it.

    AxiofeedError                exit 1   something went wrong; the message says what to do
    ├── UserError                exit 2   the user can fix it: an option, a file, a key
    │   ├── SpecError                     a session's or experiment's specification
    │   ├── PersonaError                  a persona's name or file
    │   ├── FeedError                     a folder, a catalogue, a deck
    │   │   └── CorpusError               a corpus of videos, or something asked of one
    │   ├── ModelSetupError               a model's name, key, base URL, file or options
    │   └── SessionBusy                   another process runs this session
    ├── ModelError               exit 1   a call to a model failed
    │   ├── Throttled                     429 or "overloaded": asked again, after Retry-After
    │   ├── Unavailable                   5xx, timeout, dropped connection: asked again
    │   │   └── Unreachable               no connection at all: asked again, then the session stops and loses no stimulus
    │   └── Rejected                      4xx: this request will never work: not asked again
    ├── EnvironmentFailed        exit 1   the feed broke while it was being shown
    ├── StorageFailed            exit 1   the run folder cannot be written (full disk, permission)
    └── LimitReached             exit 3   a limit the user set (USD, minutes, steps) stopped the run

`Unavailable` and `Throttled` end in the answer state `failed` when the retries are used up; `Rejected` does at once.
A refusal is not an error: it is an answer.
"""

from __future__ import annotations

__all__ = [
    "AxiofeedError",
    "CorpusError",
    "EnvironmentFailed",
    "FeedError",
    "LimitReached",
    "ModelError",
    "ModelSetupError",
    "PersonaError",
    "Rejected",
    "SessionBusy",
    "SpecError",
    "StorageFailed",
    "Throttled",
    "Unavailable",
    "Unreachable",
    "UserError",
]


class AxiofeedError(Exception):
    """Base class. `str(error)` is one line that says what happened and what to do next."""

    exit_code = 1


class UserError(AxiofeedError):
    """The user can fix it."""

    exit_code = 2


class SpecError(UserError):
    """A specification is not valid."""


class SessionBusy(UserError):
    """Another process runs this session."""


class PersonaError(UserError):
    """A persona is unknown, or its file is not valid."""


class FeedError(UserError):
    """A feed cannot be opened."""


class CorpusError(FeedError):
    """A corpus of videos cannot be opened, or not do what is asked of it."""


class _CountsCalls:
    """What the calls behind an error may have cost; the retry layer sets both.

    `attempts` counts the calls that were made; `possibly_paid` those that ended without an answer after the request had
    been sent (timeout, dropped connection), which the provider may still bill.
    """

    attempts = 1
    possibly_paid = 0


class ModelSetupError(UserError, _CountsCalls):
    """A model cannot be used as named: unknown provider, missing key, missing file, wrong option.

    Some of it shows only when the model is asked, so the calls that came before are counted here too.
    """


class ModelError(AxiofeedError, _CountsCalls):
    """A call to a model failed."""


class Throttled(ModelError):
    """The server asks for patience. `retry_after_s` is in seconds, None when the server did not say."""

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Unavailable(ModelError):
    """The server did not answer, or answered with its own fault."""


class Unreachable(Unavailable):
    """No connection to the server could be made, so nothing was sent."""


class Rejected(ModelError):
    """The server refuses this request as it stands."""


class EnvironmentFailed(AxiofeedError):
    """The environment broke while it was being shown."""


class StorageFailed(AxiofeedError):
    """The run folder cannot be written."""


class LimitReached(AxiofeedError):
    """A limit the user set stopped the run; the same command with a higher limit carries on."""

    exit_code = 3
