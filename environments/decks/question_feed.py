"""A benchmark's questions as an environment: pictures shown, taken away or exchanged; options turned so that none has its own place.

Options are rotated: the first place falls on another option from item to item, and from repeat to repeat, so that over as many repeats as
there are options each stands in each place once. The points of a scale are only turned round.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from environments.base import Example, Frame, ItemFacts, Stimulus, StimulusText
from environments.canonical import derived_seed, rng
from environments.decks.examples import NO_EXAMPLES, ExampleChoice
from environments.decks.in_order import ItemFeed
from environments.decks.questions import Question, QuestionDeck
from environments.request import Condition
from personas.errors import FeedError
from personas.one_line import one_line

__all__ = ["FORMATS", "MOST_BYTES", "MOST_PIXELS", "QuestionFeed", "shown_order"]

MAX_SIDE = 1024
"""Pixels of the longer side of a picture, as shown."""
MOST_PIXELS = 64_000_000
MOST_BYTES = 32 * 2**20
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
"""What may be a picture: other formats start other programs, such as PostScript's."""


class QuestionFeed(ItemFeed[Question]):
    """The questions of `deck`, at most `items` of them, shuffled by `seed`; options turned by seed and `repeat`.

    condition  shown: with their pictures; none: without; wrong: with as many of another item, drawn by the seed among those of another
               cluster and other pictures. An item without pictures is left out of `wrong`, and named in `problems`
    examples   `environments.decks.examples`: shown before each with their own pictures, and under `none` without
    """

    def __init__(
        self,
        deck: QuestionDeck,
        *,
        seed: int = 0,
        items: int | None = None,
        repeat: int = 0,
        condition: Condition = "shown",
        examples: str = NO_EXAMPLES,
    ) -> None:
        if condition not in get_args(Condition):
            raise FeedError(f"condition {condition!r}: choose one of {', '.join(get_args(Condition))}")
        self.deck, self.condition = deck, condition
        self._seed, self._repeat = seed, repeat
        self._others = [item for item in deck.items if item.images]
        self._examples = ExampleChoice(deck.items, examples, seed)
        super().__init__(deck.items, self._stimulus, self._made_of, seed=seed, count=items)

    def _made_of(self) -> list[object]:
        """All fields of the items. Pictures by name and size: none is opened."""
        described = []
        for item in self.deck.items:
            sizes = [self.deck.picture(image).stat().st_size for image in item.images]
            described.append([item.model_dump(mode="json"), sizes])
        return [self.condition, described]

    def _stimulus(self, item: Question, position: int) -> Stimulus | str:
        images = self._images(item)
        frames = images if isinstance(images, str) else self._frames(images)
        if isinstance(frames, str):
            return frames
        order = shown_order(item, self._seed, self._repeat)
        return Stimulus(
            id=item.id,
            position=position,
            frames=frames,
            text=StimulusText(caption=item.text, options=tuple(item.options[place] for place in order)),
            duration_s=0.0,
            source=self.deck.name,
            cluster=item.cluster,
            topic=item.about.get("topic"),
            item=ItemFacts(
                key=tuple(sorted(order.index(place) for place in item.key)),
                order=order,
                reference=item.reference,
                condition=self.condition,
                about=dict(item.about),
                distribution=_distribution(item),
            ),
            examples=self._shown_examples(item),
        )

    def _frames(self, images: Sequence[str]) -> tuple[Frame, ...] | str:
        """The pictures, or what is wrong with the first that cannot be shown."""
        frames = []
        for image in images:
            found = _picture(self.deck.picture(image))
            if isinstance(found, str):
                return f"its picture {one_line(image, 100)!r} {found}"
            frames.append(Frame.of(found, 0.0))
        return tuple(frames)

    def _shown_examples(self, item: Question) -> tuple[Example, ...]:
        """Its examples, the best last. One with a broken picture makes way for the next. Raises FeedError where they run out."""
        found: list[Example] = []
        for other in self._examples.of(item):
            frames = self._frames(() if self.condition == "none" else other.images)
            if not isinstance(frames, str):
                order = shown_order(other, self._seed, self._repeat)
                words = StimulusText(caption=other.text, options=tuple(other.options[place] for place in order))
                found.append(Example(other.id, frames, words, order.index(other.key[0])))
            if len(found) == self._examples.count:
                break
        if len(found) < self._examples.count:
            raise FeedError(
                f"the pictures of too many items are broken to show {self._examples.count} examples: mend them, or ask for fewer"
            )
        return tuple(reversed(found))

    def _images(self, item: Question) -> Sequence[str] | str:
        """The pictures to show, or why there are none to show."""
        if self.condition != "wrong":
            return item.images if self.condition == "shown" else ()
        if not item.images:
            return "it has no picture that could be exchanged"
        own = set(item.images)
        others = [each for each in self._others if not own & set(each.images) and (item.cluster is None or each.cluster != item.cluster)]
        if not others:
            return "there is no item with another picture"
        drawn = rng("wrong picture", self._seed, item.id).choice(others)
        return [drawn.images[place % len(drawn.images)] for place in range(len(item.images))]


def _distribution(item: Question) -> tuple[float, ...]:
    """The benchmark's extra field of that name, one share an option; nothing where it is anything else.

    Of a question without options that is answered on a scale: one share for each of as many points as the extra field `points` says.
    """
    extra = item.model_extra or {}
    given, count = extra.get("distribution"), len(item.options) or extra.get("points")
    if not isinstance(given, list) or len(given) != count:
        return ()
    if any(isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share < math.inf for share in given):
        return ()
    return tuple(float(share) for share in given)


def shown_order(item: Question, seed: int, repeat: int) -> tuple[int, ...]:
    """For each place shown, which of the item's options stands there. Where the key is named first is by chance, whatever the file does."""
    count = len(item.options)
    if count < 2:
        return tuple(range(count))
    turn = derived_seed("options", seed, item.id) + repeat
    if item.scale:
        return tuple(range(count)) if turn % 2 == 0 else tuple(reversed(range(count)))
    order = list(range(count))
    rng("option order", seed, item.id).shuffle(order)
    return tuple(order[(place + turn) % count] for place in range(count))


def _picture(path: Path) -> bytes | str:
    """A picture as JPEG, at most `MAX_SIDE` pixels a side, or what is wrong with it."""
    from PIL import Image, ImageOps, UnidentifiedImageError  # noqa: PLC0415 - loads when used

    try:
        if path.stat().st_size > MOST_BYTES:
            return f"is larger than {MOST_BYTES // 2**20} MB"
        with Image.open(path, formats=FORMATS) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                return f"has more than {MOST_PIXELS // 1_000_000} million pixels"
            upright = ImageOps.exif_transpose(opened)
            flat = Image.new("RGB", upright.size, "white")
            flat.paste(upright, mask=upright.convert("RGBA").getchannel("A")) if _see_through(upright) else flat.paste(upright)
    except UnidentifiedImageError:
        return "is no picture"
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        return f"cannot be read ({one_line(str(error), 80)})"
    flat.thumbnail((MAX_SIDE, MAX_SIDE))
    out = io.BytesIO()
    flat.save(out, "JPEG", quality=90)
    return out.getvalue()


def _see_through(image: object) -> bool:
    mode, info = getattr(image, "mode", ""), getattr(image, "info", {})
    return mode in {"RGBA", "LA", "PA"} or "transparency" in info
