"""Which options belong to which environment: one that is given to another would be ignored, and the user believe what was never done."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

__all__ = ["SCOPES", "Scope", "misplaced"]

Place = Literal["page", "platform", "elsewhere", "deck"]
"""Where a feed plays: on this project's page in a browser, on a platform's site in a browser, in no browser; or it is a deck."""


@dataclass(frozen=True)
class Scope:
    """An option that does something in some `places` only: what it is, and `where` it belongs in the words of the command line."""

    what: str
    where: str
    places: tuple[Place, ...]


_BROWSER = "--environment browser"
_PAGE = f"the local page ({_BROWSER} --site local)"
_OWN = "feeds of your own"

SCOPES = {
    "site": Scope("the page that opens", _BROWSER, ("page", "platform")),
    "headed": Scope("the browser's window", _BROWSER, ("page", "platform")),
    "profile": Scope(
        "what you do by hand in the browser, such as logging in", f"a platform's site ({_BROWSER} --site NAME)", ("platform",)
    ),
    "counts": Scope("counts on display", _PAGE, ("page",)),
    "time_scale": Scope("the pace of the page's clock", _PAGE, ("page",)),
    "feed": Scope("the videos to show", _OWN, ("page", "elsewhere", "deck")),
    "policy": Scope("the order of the feed", _OWN, ("page", "elsewhere", "deck")),
    "condition": Scope("what is done with an item's pictures", "--environment deck", ("deck",)),
    "examples": Scope("other questions with their answers before each", "--environment deck", ("deck",)),
}
"""By name, as in `SessionSpec` and `LiveOptions`. All other options belong everywhere."""


def misplaced(given: Collection[str], environment: str, site: str) -> str:
    """One line on the first of the options `given` that this environment would ignore; "" when it heeds all of them."""
    place: Place = "elsewhere" if environment != "browser" else "page" if site == "local" else "platform"
    if environment == "deck":
        place = "deck"
    here = {
        "deck": "--environment deck",
        "elsewhere": f"--environment {environment}",
        "page": f"--site {site}",
        "platform": f"--site {site}, which shows a feed of its own",
    }
    for name, scope in SCOPES.items():
        if name in given and place not in scope.places:
            return f"{name} ({scope.what}) is for {scope.where}, not for {here[place]}"
    return ""
