"""What judges are asked, as items of the engine: is an answer right, which of two is better, which option does a reply mean.

Everything that was written by others (question, reference, reasoning, answers) stands in the item's words as a JSON string: such a string
cannot end itself, whatever an answer says of verdicts. Ids are hashes, and nothing that a judge reads names a respondent; `about` does, for
who reads the verdicts. The words are bounded: what is cut is said to be cut, outside of the quotes.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.protocols.choice import LETTERS
from agent.protocols.registry import make_protocol
from environments.canonical import content_hash
from environments.decks.questions import Question, QuestionDeck
from evals.benchmark.asking import ItemRun
from evals.judging.quoting import clean, quoted
from evals.running import Asked
from personas.errors import FeedError, StorageFailed, UserError
from personas.one_line import one_line

__all__ = [
    "BENCHMARK",
    "CURATOR",
    "KINDS",
    "NO_OPTIONS",
    "Judgement",
    "Pairing",
    "Unmapped",
    "gather_pictures",
    "item_of",
    "judgement_run",
    "kept",
    "kind_of",
    "prompts",
]

BENCHMARK = "judging"
"""Begins the names of runs of judgements."""
KINDS: Mapping[str, str] = {"open": "verdict", "pair": "verdict-pair", "nearest": "nearest"}
"""The protocol that asks each kind of judgement."""
NO_OPTIONS, CURATOR = "no options", "of_curator"
"""What stands for a respondent without options; the name in `about` of who wrote the question, where the item says so."""
_PICTURES = "pictures"
_LONGEST_ABOUT = 20_000
"""Characters of a text that the record keeps, so that no hostile answer makes an item longer than a deck's line may be."""


@dataclass(frozen=True)
class Judgement:
    """An answer to be judged true or false.

    id          unique; `Judgement.of` makes one from all the rest
    reference   the right answer, or what a right answer does; "" for none. reasoning: what leads to it; "" for none
    images      files of the question's pictures, shown where the run shows pictures
    respondent  who answered, and item, what: known to who reads the verdicts, never to the judge
    about       other names of the item, and `cluster` where items are not independent
    """

    id: str
    question: str
    prediction: str
    reference: str = ""
    reasoning: str = ""
    images: tuple[Path, ...] = ()
    respondent: str = ""
    item: str = ""
    about: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        question: str,
        prediction: str,
        *,
        reference: str = "",
        reasoning: str = "",
        images: Sequence[Path] = (),
        respondent: str,
        item: str,
        about: Mapping[str, str] | None = None,
        of_answer: str = "",
    ) -> Judgement:
        """With the id that follows from words, item and `of_answer`: which answer it is, such as its session; where it is not said, the
        respondent. What a respondent is called may change with those beside it, so a session says it better.
        """
        words = [clean(each) for each in (question, prediction, reference, reasoning)]
        name = _id("open", *words, clean(item), of_answer or clean(respondent))
        return cls(name, question, prediction, reference, reasoning, tuple(images), respondent, item, dict(about or {}))


@dataclass(frozen=True)
class Pairing:
    """Two answers to one question, the better of which is to be named: `first` stands first. The other order is another pairing.

    first_id, second_id: of the same answers' judgements, where they are judged one by one as well.
    """

    id: str
    question: str
    first: str
    second: str
    first_by: str
    second_by: str
    item: str
    reference: str = ""
    reasoning: str = ""
    images: tuple[Path, ...] = ()
    about: Mapping[str, str] = field(default_factory=dict)
    first_id: str = ""
    second_id: str = ""

    @classmethod
    def both_orders(cls, one: Judgement, other: Judgement) -> tuple[Pairing, Pairing]:
        """Two answers to the same item, each in the first place once."""
        return cls._ordered(one, other), cls._ordered(other, one)

    @classmethod
    def _ordered(cls, first: Judgement, second: Judgement) -> Pairing:
        return cls(
            _id("pair", first.id, second.id),
            first.question,
            first.prediction,
            second.prediction,
            first.respondent,
            second.respondent,
            first.item,
            first.reference,
            first.reasoning,
            first.images,
            dict(first.about) | {"first_options": _options(first), "second_options": _options(second)},
            first.id,
            second.id,
        )


def _options(judgement: Judgement) -> str:
    return judgement.about.get("of_options", "")


@dataclass(frozen=True)
class Unmapped:
    """A reply to a question with options that no rule could map. `options` as shown; `order`: where each stands in the item; `key`: the
    places of the right ones among those shown."""

    id: str
    question: str
    reply: str
    options: tuple[str, ...]
    order: tuple[int, ...]
    key: tuple[int, ...]
    respondent: str
    item: str
    about: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        question: str,
        reply: str,
        options: Sequence[str],
        order: Sequence[int],
        key: Sequence[int],
        *,
        respondent: str,
        item: str,
        about: Mapping[str, str] | None = None,
        of_answer: str = "",
    ) -> Unmapped:
        """With the id that follows from all the rest."""
        name = _id("nearest", clean(question), clean(reply), *map(clean, options), clean(item), of_answer or clean(respondent))
        return cls(name, question, reply, tuple(options), tuple(order), tuple(key), respondent, item, dict(about or {}))


def kind_of(item: Question) -> str:
    """open, pair or nearest."""
    return item.about["kind"]


def judgement_run(
    judgements: Iterable[Judgement | Pairing | Unmapped],
    asked: Asked,
    folder: Path,
    *,
    cells: tuple[int, ...] = (0,),
    pictures: bool = False,
    seed: int = 0,
) -> ItemRun:
    """The judgements as a run of the engine, for each judge in `asked` and each wording in `cells` (0 and 1).

    `folder`: where the pictures that are shown are gathered, until `evals.benchmark.asking.write_decks` has taken them over; untouched
    where none are. Raises UserError where there is nothing to judge or an id stands there twice, FeedError for a lacking picture,
    StorageFailed.
    """
    wanted = tuple(judgements)
    if not wanted:
        raise UserError("there is nothing to judge: no answers were given")
    if len({each.id for each in wanted}) < len(wanted):
        raise UserError("a judgement is named twice: give each answer once")
    gathered = (
        gather_pictures([image for each in wanted if not isinstance(each, Unmapped) for image in each.images], folder) if pictures else {}
    )
    items = tuple(item_of(each, gathered) for each in wanted)
    kinds = list(dict.fromkeys(kind_of(item) for item in items))
    deck = QuestionDeck(f"{BENCHMARK}-{'-'.join(kinds)}", folder, items)
    facts = {"pictures": pictures, "model_options": dict(asked.options), "prompts": prompts()}
    return ItemRun(BENCHMARK, deck, items, asked, lambda item: KINDS[kind_of(item)], cells=cells, seed=seed, facts=facts)


def prompts() -> dict[str, str]:
    """By kind of judgement, a hash of the words that judges are asked in: verdicts on other words are not taken for the same."""
    asking = {kind: make_protocol(name) for kind, name in KINDS.items()}
    return {
        kind: content_hash([each.template(each.first_stage, cell).hash for cell in range(each.cells)])[:8] for kind, each in asking.items()
    }


def item_of(judgement: Judgement | Pairing | Unmapped, pictures: Mapping[Path, str] | None = None) -> Question:
    """A judgement as an item. `pictures`: by file, the names under which they lie beside the deck; those of others are not shown."""
    images = () if isinstance(judgement, Unmapped) else judgement.images
    shown = tuple(dict.fromkeys(pictures[image] for image in images if image in pictures)) if pictures else ()
    if isinstance(judgement, Unmapped):
        words, about, reference = _nearest_words(judgement), _nearest_about(judgement), ""
    elif isinstance(judgement, Pairing):
        words, about, reference = _pair_words(judgement), _pair_about(judgement), judgement.reference
    else:
        words, about, reference = _words(judgement), _about(judgement), judgement.reference
    if shown:
        words = f"The question is about the picture{'s' * (len(shown) > 1)} above.\n{words}"
    named = {name: kept(text) for name, text in {**judgement.about, **about}.items()}
    cluster = judgement.about.get("cluster") or judgement.item
    item = {
        "id": judgement.id,
        "text": words,
        "images": shown,
        "reference": kept(reference),
        "cluster": clean(cluster)[:300],
        "about": named,
    }
    return Question.model_validate(item)


def kept(text: str) -> str:
    """A text as the record of a run of judgements keeps it: without halves of characters, and at most 20,000 of them."""
    return clean(text)[:_LONGEST_ABOUT]


def _words(judgement: Judgement) -> str:
    return quoted([*_known(judgement), ("Answer to be judged", judgement.prediction)])


def _known(judgement: Judgement | Pairing) -> list[tuple[str, str]]:
    """What is known of the question; a reference that there is not is not quoted."""
    parts = [("Question", judgement.question)]
    parts += [("Reference answer", judgement.reference)] if judgement.reference.strip() else []
    return parts + ([("Reasoning behind the reference answer", judgement.reasoning)] if judgement.reasoning.strip() else [])


def _about(judgement: Judgement) -> dict[str, str]:
    return {"kind": "open", "answered_by": judgement.respondent, "of_item": judgement.item, "prediction": judgement.prediction}


def _pair_words(pair: Pairing) -> str:
    return quoted([*_known(pair), ("First answer", pair.first), ("Second answer", pair.second)])


def _pair_about(pair: Pairing) -> dict[str, str]:
    told = {"kind": "pair", "of_item": pair.item, "first_by": pair.first_by, "second_by": pair.second_by}
    told |= {"first_judgement": pair.first_id, "second_judgement": pair.second_id}
    return told | {"first_answer": pair.first, "second_answer": pair.second}


def _nearest_words(unmapped: Unmapped) -> str:
    lettered = [(f"Option {LETTERS[place]}", option) for place, option in enumerate(unmapped.options)]
    return quoted([("Question", unmapped.question), *lettered, ("Reply", unmapped.reply)])


def _nearest_about(unmapped: Unmapped) -> dict[str, str]:
    told = {"kind": "nearest", "answered_by": unmapped.respondent, "of_item": unmapped.item, "prediction": unmapped.reply}
    told |= {"letters": str(len(unmapped.options)), "shown_options": json.dumps(list(unmapped.options), ensure_ascii=False)}
    return told | {"shown_order": " ".join(map(str, unmapped.order)), "key_places": " ".join(map(str, unmapped.key))}


def _id(*parts: Any) -> str:
    return content_hash(["judgement", *parts])[:24]


def gather_pictures(images: Iterable[Path], folder: Path) -> dict[Path, str]:
    """Copies of pictures in `folder`, by file, each under the hash of what it holds, so that no name tells what it shows.

    Raises FeedError for one that cannot be read, StorageFailed.
    """
    found: dict[Path, str] = {}
    for image in dict.fromkeys(images):
        try:
            name = f"{_PICTURES}/{hashlib.sha256(image.read_bytes()).hexdigest()[:32]}{image.suffix.lower()}"
        except OSError as error:
            raise FeedError(
                f"the picture {one_line(str(image), 200)} cannot be read ({error.strerror}): mend it, or leave out --pictures "
                "(gold: give --no-pictures)"
            ) from None
        try:
            (folder / _PICTURES).mkdir(parents=True, exist_ok=True)
            if not (folder / name).exists():
                shutil.copyfile(image, folder / name)
        except OSError as error:
            raise StorageFailed(f"cannot write to {one_line(str(folder), 200)}: {error.strerror}; make room") from error
        found[image] = name
    return found
