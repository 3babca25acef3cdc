"""People check items on the real page; what they find becomes a share of flawed items, and bounds of a score."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sys
from pathlib import Path

import httpx
import numpy as np
import polars as pl
import pytest

from evals.annotating.answers import AnswerBook
from evals.annotating.serving import annotate
from evals.auto_bench.flaws import FEWEST, valid_bounds
from evals.auto_bench.sample import open_items
from evals.auto_bench.verification import FIELDS, read_checked, sampled, verify_form
from evals.auto_bench.verify_command import card_of
from personas.errors import UserError
from tests.evals.annotating.annotators import Rater
from tests.evals.auto_bench.conftest import IMAGES, Command

GOOD = dict.fromkeys(FIELDS, 1)


async def test_answers_on_the_page_become_a_share_of_flawed_items(items: Path, tmp_path: Path) -> None:
    """A rater opens the link, sees picture, question, answer and reasoning but not the id, and says yes or no to three questions."""
    deck = open_items(str(items))
    stop, links = asyncio.Event(), dict[str, str]()
    ids = sampled(deck.items, 3, 0)
    ready = asyncio.Event()

    def invite(rater: str, link: str) -> None:
        links[rater] = link
        ready.set()

    serving = annotate(
        lambda name: card_of(deck, deck.by_id[name]), ids, verify_form(), tmp_path, ["anna"], invite=invite, tell=lambda _: None, stop=stop
    )
    running = asyncio.create_task(serving)
    await ready.wait()
    async with httpx.AsyncClient() as client:
        anna = Rater(links["anna"], client)
        keys = (await anna.state())["keys"]
        card = (await client.get(f"{links['anna']}/card/{keys[0]}")).json()
        assert card["pictures"] == 1 and {"Question", "Reasoning"} <= {text["label"] for text in card["texts"]}
        assert not any(name in json.dumps(card) for name in ids)
        assert (await client.get(f"{links['anna']}/picture/{keys[0]}/0")).headers["content-type"] == "image/jpeg"
        assert (await anna.answer(keys[0], {"valid": 1})).status_code == 422, "all three have to be answered"
        for place, key in enumerate(keys):
            assert (await anna.answer(key, GOOD | ({"right": 0} if place == 1 else {}))).status_code == 200
    stop.set()
    await running
    found = read_checked(tmp_path, deck.items)
    (row,) = found.shares.filter(level="all").to_dicts()
    assert (row["checked"], row["flawed"], row["right"], row["valid"]) == (3, 1, pytest.approx(2 / 3), 1.0)
    assert len(found.bad) == 1 and len(found.good) == 2 and found.alpha is None


def check(folder: Path, rater: str, bad: set[str], ids: list[str]) -> None:
    """The rater's answers on file: all good but for `bad`."""
    book = AnswerBook(folder, rater)
    for name in ids:
        book.add(name, GOOD | ({"sound": 0} if name in bad else {}) | {"note": None}, 2.0)
    book.close()


def test_a_summary_tells_what_was_found(items: Path, tmp_path: Path, command: Command) -> None:
    """Two raters: an item is bad where at least half say so; shares, agreement and verified.csv; a larger sample holds a smaller one."""
    ids = [item.id for item in open_items(str(items)).items]
    check(tmp_path, "anna", set(ids[:3]), ids)
    check(tmp_path, "ben", set(ids[:2]), ids)
    found = command(["verify", items, "--answers", tmp_path, "--summary", "--json"])
    (row,) = [row for row in found["shares"] if row["level"] == "all"]
    assert (row["checked"], row["flawed"]) == (4 * IMAGES, 3) and row["share_low"] < 3 / 24 < row["share_high"]
    assert 0.5 < found["alpha"][0] < 1
    table = pl.read_csv(tmp_path / "verified.csv")
    assert set(table.filter("bad")["item"]) == set(ids[:3]) and table.filter(item=ids[2])["flawed"].to_list() == [0.5]
    items_of = open_items(str(items)).items
    assert set(sampled(items_of, 4, 1)) < set(sampled(items_of, 9, 1)) and set(sampled(items_of, 4, 1)) != set(sampled(items_of, 4, 2))


def test_raters_are_told_who_wrote_the_items(items: Path, tmp_path: Path, command: Command) -> None:
    """A program is not called a language model; where nobody says who wrote them, neither does the page. α comes with its interval."""
    deck = open_items(str(items)).items
    written = {name: [item.model_copy(update={"curator": name}) for item in deck] for name in ("scripted-curator", "openai/x")}
    told = {name: verify_form(those).instructions for name, those in written.items()}
    assert "a program that follows rules" in told["scripted-curator"] and "language model" not in told["scripted-curator"]
    assert "a language model that has not seen" in told["openai/x"] and "openai" not in told["openai/x"]
    assert "somebody else" in verify_form(deck).instructions
    ids = [item.id for item in deck]
    check(tmp_path, "anna", set(ids[:3]), ids)
    check(tmp_path, "ben", set(ids[:2]), ids)
    (line,) = [each for each in command(["verify", items, "--answers", tmp_path, "--summary"]) if "alpha" in each]
    assert re.search(r"alpha \d\.\d+ \[−?\d\.\d+, \d\.\d+\]", line)


def _samples(right: int, n: int, open_: int = 0) -> pl.DataFrame:
    least = [1.0] * right + [0.0] * (n - right)
    most = [1.0] * (right + open_) + [0.0] * (n - right - open_)
    return pl.DataFrame({"item": [str(i) for i in range(n)], "cluster": [f"c{i // 2}" for i in range(n)], "least": least, "most": most})


def test_bounds_are_those_of_the_formula() -> None:
    """[(s - f) / (1 - f), s / (1 - f)] at the estimates; the outer interval holds it, and narrows with more checks and more images."""
    found = valid_bounds(_samples(120, 200), 10, 100)
    assert found is not None
    assert found.low == pytest.approx((0.6 - 0.1) / 0.9) and found.high == pytest.approx(0.6 / 0.9)
    assert found.outer_low < found.low < found.high < found.outer_high
    more = valid_bounds(_samples(1200, 2000), 100, 1000)
    assert more is not None and more.outer_high - more.outer_low < found.outer_high - found.outer_low
    none = valid_bounds(_samples(120, 200), 0, 100)
    assert none is not None and none.low == none.high == pytest.approx(0.6) and none.outer_low < 0.6 < none.outer_high
    undecided = valid_bounds(_samples(120, 200, open_=20), 10, 100)
    assert undecided is not None and undecided.low == found.low and undecided.high == pytest.approx(0.7 / 0.9)
    whole = valid_bounds(_samples(200, 200), 10, 100)
    assert whole is not None and whole.high == whole.outer_high == 1.0 and whole.low == pytest.approx(1.0)
    assert valid_bounds(_samples(120, 200), 1, FEWEST - 1) is None
    with pytest.raises(ValueError, match="flawed"):
        valid_bounds(_samples(1, 2), 5, 4)


def test_the_outer_interval_covers_the_score_on_valid_items() -> None:
    """Over 150 made-up benchmarks with a fifth of the items flawed, the interval holds the true score nearly always."""
    dice = np.random.default_rng(4)
    held = 0
    for draw in range(150):
        flawed = dice.random(300) < 0.2
        right = np.where(flawed, dice.random(300) < dice.random(), dice.random(300) < 0.7).astype(float)
        checked = dice.choice(300, 60, replace=False)
        rows = pl.DataFrame({"item": np.arange(300).astype(str), "cluster": np.arange(300).astype(str), "least": right, "most": right})
        found = valid_bounds(rows, int(flawed[checked].sum()), 60, seed=draw)
        assert found is not None
        held += found.outer_low <= 0.7 <= found.outer_high
    assert held >= 145


def test_flawed_items_enter_the_score(items: Path, tmp_path: Path, command: Command) -> None:
    """Scored with --verified the report bounds each score by the flawed items, and gives it on those found good."""
    deck = open_items(str(items))
    ids = [item.id for item in deck.items]
    closed = [item.id for item in deck.items if item.options]
    copy = tmp_path / "items"
    copy.mkdir()
    (copy / "items.jsonl").write_bytes((items / "items.jsonl").read_bytes())
    (copy / "images").symlink_to(items / "images")
    check(copy / "verification", "anna", set(closed[:2]), ids)
    common = ["--workers", "1", "--quiet", "--runs", tmp_path]
    command(["run", "--items", copy, "--model", "keyed/right", "--name", "r", "--no-report", *common])
    command(["judge", tmp_path / "r", "--judges", "scripted-judge/exact", "--no-report", *common])
    found = command(["score", tmp_path / "r", "--verified", copy, "--json"])
    (row,) = [row for row in found["valid"] if row["group"] == "all"]
    share = 2 / len(ids)
    assert (row["flawed"], row["checked"], row["score"], row["good_n"]) == (2, len(ids), 1.0, len(ids) - 2)
    assert row["valid_high"] == 1.0 and row["valid_low"] == pytest.approx((1 - share) / (1 - share))
    assert 0 < row["outer_low"] <= 1.0 and any(row["group"] == "Reasoning" and row["flawed"] == 2 for row in found["checked"])
    other = tmp_path / "other"
    other.mkdir()
    (other / "items.jsonl").write_text((items / "items.jsonl").read_text(encoding="utf-8").replace("img-", "pic-"), encoding="utf-8")
    (other / "images").mkdir()
    for image in (items / "images").iterdir():
        (other / "images" / image.name.replace("img", "pic")).symlink_to(image)
    check(other / "verification", "anna", set(), [name.replace("img", "pic") for name in ids])
    command(["score", tmp_path / "r", "--verified", other], 2)
    with pytest.raises(UserError, match="nobody has checked"):
        read_checked(tmp_path / "nothing", deck.items)


async def test_the_command_serves_until_it_is_stopped_and_goes_on(items: Path, tmp_path: Path) -> None:
    """Links on stdout; Ctrl-C ends it with 0, verified.csv and the share; the same command knows what was answered."""
    command = ["verify", str(items), "--raters", "anna", "--answers", str(tmp_path), "--no-open", "--sample", "5"]
    for round_ in range(2):
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(sys.executable, "-m", "evals.auto_bench", *command, stdout=pipe, stderr=pipe)
        assert process.stdout is not None
        link = (await process.stdout.readline()).decode().split()[1]
        async with httpx.AsyncClient() as client:
            anna = Rater(link, client)
            state = await anna.state()
            assert state["answered"].count(True) == 2 * round_ and len(state["keys"]) == 5
            for place in range(2 * round_, 2 * round_ + 2):
                assert (await anna.answer(state["keys"][place], GOOD)).status_code == 200
        process.send_signal(signal.SIGINT)
        out, _ = await process.communicate()
        assert process.returncode == 0
        assert f"all: 0 of {2 * round_ + 2} flawed" in out.decode()
    assert pl.read_csv(tmp_path / "verified.csv").height == 4
