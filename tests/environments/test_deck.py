"""A deck of items as an environment: the contract, the order, what is read from files, and what is refused in one line."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from environments.base import Action, ActionKind, Environment, Frame, Outcome, PastStep, check_environment
from environments.deck import DeckFeed
from environments.decks.items import INSTRUMENTS, LONGEST_TEXT, Deck, DeckItem, instrument_key, load_deck
from environments.request import FeedRequest, open_environment
from personas.errors import EnvironmentFailed, FeedError
from personas.schwartz import VALUES


def numbered(path: Path, count: int, *more: str) -> Path:
    path.write_text("number,text\n" + "".join(f"{n},statement {n}\n" for n in range(1, count + 1)) + "".join(more), encoding="utf-8")
    return path


async def order(env: Environment) -> list[str]:
    found = []
    await env.open()
    while (stimulus := await env.observe()) is not None:
        found.append(stimulus.id)
        await env.act(Action(ActionKind.PASS))
    return found


@pytest.mark.parametrize("seed", [0, 3])
async def test_the_portraits_keep_the_contract(seed: int) -> None:
    """The deck that comes with the package passes the conformance test to its end."""
    report = await check_environment(lambda: open_environment("deck", FeedRequest(feed="portraits", seed=seed)), steps=30)
    assert report.ok, report
    assert (report.shown, report.ended) == (21, True)


async def test_items_with_pictures_keep_the_contract() -> None:
    """An item may have pictures: they are shown with its words."""
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(out, "JPEG")
    items = tuple(DeckItem(f"own-{n}", n, "words", frames=(Frame.of(out.getvalue(), 0.0),) * n) for n in range(3))
    report = await check_environment(lambda: DeckFeed(Deck("own", items, {}), seed=1))
    assert report.ok, report


async def test_the_order_is_drawn_from_the_seed() -> None:
    """Each item once; the same seed gives the same order, another seed another; a limit takes the first of them."""
    deck = load_deck("portraits")
    first = await order(DeckFeed(deck, seed=1))
    assert sorted(first) == sorted(item.id for item in deck.items)
    assert first == await order(DeckFeed(deck, seed=1)) != [item.id for item in deck.items]
    assert first != await order(DeckFeed(deck, seed=2))
    assert await order(DeckFeed(deck, seed=1, items=5)) == first[:5]


async def test_another_decks_history_is_refused() -> None:
    """Resuming with a step that this deck does not have at that place says so instead of going on somewhere."""
    past = PastStep("portraits-99", Action(ActionKind.PASS), Outcome(False, True, 0.0))
    with pytest.raises(EnvironmentFailed, match=r"step 0 .* restore the items"):
        await DeckFeed(load_deck("portraits")).open([past])


def test_the_fingerprint_is_of_the_words(tmp_path: Path) -> None:
    """A changed word is another deck; the place of the file is not part of it."""
    one, two = numbered(tmp_path / "one.csv", 21), numbered(tmp_path / "two.csv", 21)
    prints = [DeckFeed(load_deck(f"pvq21:{path}")).fingerprint for path in (one, two)]
    assert prints[0] == prints[1]
    two.write_text(two.read_text().replace("statement 7\n", "statement seven\n"))
    assert DeckFeed(load_deck(f"pvq21:{two}")).fingerprint != prints[0]


def test_the_portraits_have_two_or_three_items_a_value_and_say_that_they_are_unvalidated() -> None:
    """Numbers 1 to 21, every one of the ten values, neighbours of different values, no value named in the words."""
    deck = load_deck("portraits")
    assert [item.number for item in deck.items] == list(range(1, 22))
    assert {code: len(numbers) for code, numbers in deck.key.items()} == {code: 3 if code == "UN" else 2 for code in VALUES}
    assert "unvalidated" in deck.status
    assert all(one.code != other.code for one, other in zip(deck.items, deck.items[1:], strict=False))
    assert all(item.labels == {item.code: 1.0} for item in deck.items)


@pytest.mark.parametrize(("name", "size"), [(name, size) for name, (_, size) in INSTRUMENTS.items()])
def test_published_instruments_are_keyed_by_number(tmp_path: Path, name: str, size: int) -> None:
    """The user's texts get the values of the published key, whatever the order of the rows; items without a value have empty loadings."""
    path = numbered(tmp_path / "items.csv", size)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], *reversed(lines[1:])]))
    deck = load_deck(f"{name}:{path}")
    code = {number: value for value, numbers in instrument_key(name).items() for number in numbers}
    assert [item.number for item in deck.items] == list(range(1, size + 1))
    assert all(item.text == f"statement {item.number}" and item.code == code.get(item.number) for item in deck.items)
    assert all(item.labels is not None and set(item.labels) <= set(VALUES) for item in deck.items)
    assert sum(item.labels == {} for item in deck.items) == {"svs57": 11, "pvqrr": 3}.get(name, 0)


def test_own_items_take_codes_of_their_own(tmp_path: Path) -> None:
    """A code that is one of the ten or nineteen values gives loadings, another does not; without numbers, rows count from 1."""
    path = tmp_path / "own.csv"
    path.write_text("text,code\nabc,HE\ndef,SES\nghi,novelty\n\njkl,\n", encoding="utf-8")
    deck = load_deck(str(path))
    assert [(item.id, item.labels) for item in deck.items] == [
        ("item-1", {"HE": 1.0}),
        ("item-2", {"SE": 1.0}),
        ("item-3", None),
        ("item-4", None),
    ]
    assert deck.key == {"HE": (1,), "SES": (2,), "novelty": (3,)}
    with pytest.raises(FeedError, match="no value code"):
        open_environment("deck", FeedRequest(feed=str(path), labels_required=True))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no column is called text"),
        (b"number,text\n", "there are none"),
        (b"number,words\n1,a\n", "no column is called text"),
        (b"number,text,key\n1,a,b\n", "column 'key'"),
        (b"number,text\n1,a\n1,b\n", "row 3, column number: 1 stands there twice"),
        (b"number,text\nx,a\n", "row 2, column number: 'x'"),
        (b"number,text\n0,a\n", "row 2, column number"),
        (b"number,text\n1,a,b\n", "row 2: it has 3 cells, not 2"),
        (b"number,text\n1, \n", "row 2, column text: it is empty"),
        (b"number,text\n1," + b"x" * (LONGEST_TEXT + 1) + b"\n", "row 2, column text: it is longer"),
        (b"number,text,code\n1,a,--SD\n", "row 2, column code"),
        (b"number,text\n1,\xff\n", "UTF-8"),
        (b'number,text\n1,"a\n', "no CSV file"),
        (b"number,text\n" + b"".join(b"%d,a\n" % n for n in range(1, 21)), "item 21 is missing"),
        (b"number,text\n" + b"".join(b"%d,a\n" % n for n in range(1, 23)), "there is no item 22"),
        (b"text\n" + b"a\n" * 21, "column number: it is missing"),
    ],
)
def test_bad_files_are_told_in_one_line(tmp_path: Path, content: bytes, said: str) -> None:
    """What is wrong with a file of items is said with its row and column."""
    path = tmp_path / "items.csv"
    path.write_bytes(content)
    with pytest.raises(FeedError) as error:
        load_deck(f"pvq21:{path}")
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["nowhere.csv", "pvq21:nowhere.csv", "pvq21:", "bad\0name.csv", "."])
def test_files_that_are_not_there(name: str) -> None:
    """A missing file, no file, or a folder is a FeedError."""
    with pytest.raises(FeedError):
        load_deck(name)
