"""What a site adapter knows of a page, as data: where things stand, tried in order, the most stable sign first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal

__all__ = ["AD_WORDS", "LIVE_WORDS", "Find", "Gesture", "Layout", "Sign"]

Gesture = Literal["key", "button", "wheel", "swipe"]

AD_WORDS = (
    *("ad", "ads", "anzeige", "anuncio", "gesponsert", "patrocinado", "promoted", "publicité", "sponsored", "sponsorisé", "sponsorizzato"),
    *("реклама", "広告", "赞助内容"),
)
"""The whole text of a badge that marks an advertisement, in small letters."""

LIVE_WORDS = ("live", "live now", "en direct", "en vivo", "in diretta", "ao vivo", "直播", "ライブ")
"""The whole text of a badge that marks a live item, in small letters."""


@dataclass(frozen=True)
class Find:
    """A text of the item: the first visible element that matches `css`, its attribute or what it shows, and group 1 of `pattern` in it.

    `css` "" is the item's own element.
    """

    css: str
    attribute: str = "text"
    pattern: str = r"([\s\S]+)"


@dataclass(frozen=True)
class Sign:
    """Something that stands before the feed, or ends it.

    It shows when the page's address matches `address`, or an element outside of all items (inside too with `inside`) matches one of `css`,
    can be seen, and, where `words` is given, has text that matches it. Items are left out because their text is written by strangers.
    """

    kind: Literal["login", "consent", "captcha", "unavailable", "end"]
    css: Sequence[str] = ()
    address: str = ""
    words: str = ""
    inside: bool = False


@dataclass(frozen=True)
class Layout:
    """A site's page. Selectors are tried in order.

    `containers` are the items' own elements; where none matches, an item is the largest element around one video. `active` marks the
    current one where the site marks it. Of several `ids` the one that `address_id` (group 1 of it) finds in the page's address is taken,
    else the first. `link` is an item's path on the site, with {id} and {author}, `live_link` a live item's where it differs. `pressed`
    matches inside an item that is liked, `pressed_colour` is the colour (r, g, b) of a liked button's picture; `aria-pressed` goes before
    both. `own_words` are the elements whose text strangers wrote: no badge is looked for in them.
    """

    containers: Sequence[str]
    ids: Sequence[Find]
    caption: Sequence[Find]
    author: Sequence[Find]
    like: Sequence[str]
    link: str
    live_link: str = ""
    address_id: str = ""
    active: str = ""
    tags: str = ""
    sound: Sequence[Find] = ()
    counts: Mapping[str, Sequence[Find]] = field(default_factory=dict)
    ad: Sequence[str] = ()
    live: Sequence[str] = ()
    pressed: Sequence[str] = ()
    pressed_colour: Sequence[int] = ()
    own_words: Sequence[str] = ()
    signs: Sequence[Sign] = ()
    next_button: Sequence[str] = ()
    gestures: Sequence[Gesture] = ("key", "wheel")

    def as_data(self) -> dict[str, object]:
        """For the script in the page."""
        return asdict(self) | {"ad_words": AD_WORDS, "live_words": LIVE_WORDS}
