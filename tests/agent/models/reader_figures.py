"""What the embedded reader reaches, as figures. `python -m tests.agent.models.reader_figures` prints the tables of docs/reader.md;
with `--ocr`, also those that read the overlay off the middle frame of every clip (minutes, once).

Persona figures take the words of a clip as read (caption, hashtags, overlay) and no pictures, and count with the probabilities
of the decision, not with draws: they have no sampling noise.
"""

from __future__ import annotations

import io
import re
import sys
import tomllib
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from agent.models.reader.deciding import Evidence, probabilities, utility
from agent.models.reader.model import Reader
from agent.models.reader.screen import ScreenReader
from agent.models.reader.taste import read_taste
from agent.models.reader.values import anchors, value_scale
from agent.models.reader.words import words
from environments.base import ActionKind, Frame
from environments.cache import default_cache_dir
from environments.catalogue.design import twin_pairs
from environments.catalogue.specs import ClipSpec, load_clips
from personas.persona import load_persona
from personas.schwartz import VALUES

_HIGH = "self-director thrill-seeker hedonist achiever power-seeker guardian conformist traditionalist caretaker universalist"
_LOW = "self-direction stimulation hedonism achievement power security conformity tradition benevolence universalism"
HIGH = dict(zip(VALUES, _HIGH.split(), strict=True))
LOW = {value: f"low-{name}" for value, name in zip(VALUES, _LOW.split(), strict=True)}


def auc(scores: Sequence[float], positive: Sequence[bool]) -> float:
    """The chance that a positive scores above a negative, ties half."""
    s, y = np.asarray(scores), np.asarray(positive, dtype=bool)
    above = s[y][:, None] - s[~y][None, :]
    return float(np.mean((above > 0) + 0.5 * (above == 0)))


def heldout() -> dict[str, list[str]]:
    """The captions written independently, by value code and NONE."""
    path = Path(__file__).with_name("heldout_captions.toml")
    captions: dict[str, list[str]] = tomllib.loads(path.read_text(encoding="utf-8"))["captions"]
    return captions


def trigrams(text: str) -> frozenset[tuple[str, ...]]:
    """The word 3-grams of `text`, in lower case and without punctuation."""
    found = re.findall(r"[^\W_]+", text.lower().replace("'", "").replace("’", ""))
    return frozenset(zip(found, found[1:], found[2:], strict=False))


@cache
def _anchor_trigrams() -> frozenset[tuple[str, ...]]:
    return frozenset(gram for phrases in anchors().values() for phrase in phrases for gram in trigrams(phrase))


def shares_wording(caption: str) -> bool:
    """Whether the caption has three words in a row with any anchor, of whichever class: such a caption is no test of reading."""
    return not _anchor_trigrams().isdisjoint(trigrams(caption))


def heldout_apart() -> dict[str, list[str]]:
    """The held-out captions that share no word 3-gram with an anchor."""
    return {code: [text for text in texts if not shares_wording(text)] for code, texts in heldout().items()}


def heldout_auc(of: dict[str, list[str]]) -> dict[str, float]:
    """AUC by value: its captions against all the others, on the degrees that the reader decides with."""
    captions = [(code, text) for code, texts in of.items() for text in texts]
    degrees = np.array([value_scale().degrees(words((text,))) for _, text in captions])
    return {v: auc(degrees[:, j], [code == v for code, _ in captions]) for j, v in enumerate(VALUES)}


def catalogue_auc(read: Callable[[ClipSpec], tuple[str, ...]]) -> dict[str, float]:
    """AUC by value on the catalogue: clips designed to promote it against those that neither promote nor oppose it."""
    clips = load_clips()
    degrees = np.array([value_scale().degrees(read(clip)) for clip in clips])
    result = {}
    for j, v in enumerate(VALUES):
        side = np.array([clip.values.get(v, 0.0) for clip in clips])
        result[v] = auc(degrees[side >= 0, j], side[side >= 0] > 0)
    return result


def all_words(clip: ClipSpec) -> tuple[str, ...]:
    """The words of a clip as written: caption, overlay, hashtags."""
    return words((clip.caption, clip.overlay, " ".join(clip.hashtags)))


def twins_in_order() -> dict[str, int]:
    """By value: in how many of its ten twin pairs the carrying twin has the higher degree."""
    higher = dict.fromkeys(VALUES, 0)
    for pair in twin_pairs(load_clips()).values():
        value = pair[0].stratum[:2]
        carries, plain = (value_scale().degrees(all_words(clip))[VALUES.index(value)] for clip in pair)
        higher[value] += int(carries > plain)
    return higher


def mean_degrees() -> dict[str, float]:
    """The mean degree over clips and values, by the side that the clip takes on the value."""
    degrees = np.array([value_scale().degrees(all_words(clip)) for clip in load_clips()])
    side = np.sign([[clip.values.get(v, 0.0) for v in VALUES] for clip in load_clips()])
    return {name: float(degrees[side == sign].mean()) for name, sign in (("promote", 1), ("oppose", -1), ("rest", 0))}


@cache
def overlay_lines() -> dict[str, tuple[str, ...]]:
    """By clip: the lines that OCR finds in its middle frame, as drawn and compressed. Minutes the first time; kept in the cache folder."""
    from environments.catalogue.scene import Staging

    screen, found = ScreenReader(default_cache_dir()), {}
    for clip in load_clips():
        out = io.BytesIO()
        Staging(clip).frame(clip.duration_s / 2).save(out, "JPEG", quality=85)
        found[clip.id] = screen.read([Frame.of(out.getvalue(), clip.duration_s / 2)])
    return found


@cache
def catalogue_evidence() -> tuple[Evidence, ...]:
    """What the reader takes from the words of each catalogue clip."""
    reader, scale = Reader(), value_scale()
    slots = [{"caption": c.caption, "hashtags": " ".join(f"#{t}" for t in c.hashtags)} for c in load_clips()]
    return tuple(reader.evidence(s, [c.overlay], (), scale) for s, c in zip(slots, load_clips(), strict=True))


def action_rates(persona: str, paraphrase: int, kind: ActionKind = ActionKind.LIKE) -> np.ndarray:
    """(clips,) the probability of an action on each catalogue clip."""
    taste = read_taste(load_persona(persona).text(paraphrase), value_scale())
    return np.array([probabilities(utility(evidence, taste))[kind] for evidence in catalogue_evidence()])


def promotes(value: str) -> np.ndarray:
    """(clips,) whether the clip is designed to promote the value."""
    return np.array([clip.values.get(value, 0.0) > 0 for clip in load_clips()])


def shifts(persona: str, paraphrase: int) -> dict[str, float]:
    """By value: the persona's mean like rate on the clips that promote it, less the default persona's."""
    change = action_rates(persona, paraphrase) - action_rates("default", paraphrase)
    return {v: float(change[promotes(v)].mean()) for v in VALUES}


def targets_first(personas: dict[str, str], paraphrase: int, sign: int = 1) -> list[str]:
    """The values whose persona shows its largest shift (in the direction of `sign`) on its own target."""
    found = []
    for value, persona in personas.items():
        moved = shifts(persona, paraphrase)
        if max(moved, key=lambda v: sign * moved[v]) == value:
            found.append(value)
    return found


def _row(name: str, figures: dict[str, float]) -> str:
    return f"| {name} | " + " | ".join(f"{figures[v]:.2f}" for v in VALUES) + f" | {np.mean(list(figures.values())):.3f} |"


def main() -> None:
    """Print the tables."""
    print("| AUC | " + " | ".join(VALUES) + " | mean |\n|---|" + "---|" * (len(VALUES) + 1))
    for name, of in (("held-out, no shared 3-gram", heldout_apart()), ("held-out, all", heldout())):
        print(_row(name, heldout_auc(of)))
        print(f"  {sum(map(len, of.values()))} captions: " + ", ".join(f"{code} {len(texts)}" for code, texts in of.items()))
    print(_row("catalogue, caption alone", catalogue_auc(lambda c: words((c.caption,)))))
    print(_row("catalogue, caption + overlay + hashtags", catalogue_auc(all_words)))
    if "--ocr" in sys.argv[1:]:
        lines = overlay_lines()
        print(_row("catalogue, overlay by OCR alone", catalogue_auc(lambda c: words(lines[c.id]))))
        print(_row("catalogue, all, overlay by OCR", catalogue_auc(lambda c: words((c.caption, *lines[c.id], *c.hashtags)))))
    print(f"  twin pairs with the carrying twin higher: {sum(twins_in_order().values())} of 100, {twins_in_order()}")
    print("  mean degree " + ", ".join(f"{name} {mean:.2f}" for name, mean in mean_degrees().items()))
    print("\n| like rate on target, less default | " + " | ".join(VALUES) + " | mean |\n|---|" + "---|" * (len(VALUES) + 1))
    for name, personas in (("high", HIGH), ("low", LOW)):
        for paraphrase in range(3):
            own = {v: shifts(p, paraphrase)[v] for v, p in personas.items()}
            print(_row(f"{name}, paraphrase {paraphrase}", own))
            largest = targets_first(personas, paraphrase, 1 if name == "high" else -1)
            print(f"  own target first: {len(largest)} of 10; not for {[v for v in VALUES if v not in largest]}")
    for paraphrase in range(3):
        like = {p: action_rates(p, paraphrase) for p in ("default", "hedonist", "traditionalist")}
        skip = action_rates("default", paraphrase, ActionKind.SKIP).mean()
        on = {p: round(float(rate[promotes("HE")].mean()), 3) for p, rate in like.items()}
        print(f"paraphrase {paraphrase}: default likes {like['default'].mean():.3f}, skips {skip:.3f}; like rate on hedonist clips {on}")


if __name__ == "__main__":
    main()
