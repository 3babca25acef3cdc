"""The words a person reads before the clips. A researcher's own files replace them."""

from __future__ import annotations

from pathlib import Path

from personas.errors import UserError

__all__ = ["CONSENT", "INSTRUCTIONS", "LONGEST", "read_text"]

CONSENT = """\
This study looks at which short videos people choose to watch.

What is recorded: which clips were on your screen and for how long, whether a clip played to its end, when you gave or took back a like, \
your ratings, and your answers to the questions at the end if there are any. It is kept on the computer that serves this page, under \
the name that you were given for this study.

What is not recorded: your face, your voice, where you are, what else is on your device. Nothing about you is stored beyond that name.

Taking part is up to you. You may stop at any moment, without a reason, by closing the page. The same link takes you back to where you were.
"""

INSTRUCTIONS = """\
You are going to see short videos, one after the other, as in a feed on your phone. Do what you would do there: watch as long as you \
like, move on when you have seen enough, press the heart when you like one. There are no right or wrong choices.

Next clip: swipe up, turn the wheel, or press the arrow key down. Like: the heart, a double tap, or the key L. Pause: tap, or the \
space bar. Clips begin without sound; the speaker turns it on. You cannot go back to a clip.
"""

LONGEST = 20_000
"""Characters of a text; longer ones nobody reads on a phone."""


def read_text(path: Path, option: str) -> str:
    """A text file in UTF-8, without the space around it; an empty one leaves its page out. Raises UserError in one line."""
    try:
        text = path.read_bytes()[: 4 * LONGEST + 4].decode("utf-8-sig").strip()
    except OSError as error:
        raise UserError(f"{option} {path}: it cannot be read ({error.strerror}); give a text file") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{option} {path}: it is not text in UTF-8; save it as such") from error
    if len(text) > LONGEST:
        raise UserError(f"{option} {path}: it is longer than {LONGEST} characters; shorten it")
    return text
