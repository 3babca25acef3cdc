"""People as respondents: what they do on the page becomes an ordinary session, whatever is closed or killed meanwhile."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import shutil
import signal
import socket
import stat
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from agent.people.links import FILE
from agent.people.questionnaire import SCALE, Item
from agent.people.rater import Study
from agent.people.record import PersonProtocol, WatchRecord
from agent.people.serving import serve_raters
from agent.rate import main
from agent.trace.reader import SessionFolder
from evals.values.first_look import compare, first_look
from personas.errors import UserError
from tests.agent.driving import check_whole, events, of
from tests.agent.rating import HandMadePage, Hands, Rating, lines, served

pytestmark = pytest.mark.usefixtures("own_cache")
with_browser = pytest.mark.asyncio(loop_scope="module")

PHONE = {"viewport": {"width": 390, "height": 844}, "reduced_motion": "reduce"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Any]:
    """One Chromium for these tests."""
    from playwright.async_api import async_playwright

    from environments.browser.chromium import LAUNCH_ARGUMENTS, require_chromium

    sandbox = [] if os.geteuid() else ["--no-sandbox"]
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=require_chromium(), args=[*LAUNCH_ARGUMENTS, *sandbox])
        yield running
        await running.close()


@pytest.fixture
def study(clips: Path, tmp_path: Path) -> Study:
    """Five clips, no rating, nothing to read and nothing asked at the end."""
    return Study(
        feed=str(clips),
        videos=5,
        seed=3,
        policy="shuffled",
        frames=2,
        rating=False,
        counts="shown",
        consent="",
        instructions="",
        items=(),
        scale=SCALE,
        runs=tmp_path / "runs",
    )


@with_browser
async def test_a_person_through_closed_tabs_and_killed_servers(browser: Any, clips: Path, tmp_path: Path) -> None:
    """Clips liked, skipped, rated; a tab closed, the server killed in a clip and in the questionnaire: the same link goes on each time."""
    runs, items, consent = tmp_path / "runs", tmp_path / "items.csv", tmp_path / "consent.txt"
    items.write_text('text,code\n"It matters to me to help, always.",BE\nI like to decide for myself.,SD\n', encoding="utf-8")
    consent.write_text("I agree & <b>take part</b>.\n", encoding="utf-8")
    options = ("--feed", clips, "--rater", "ana", "--videos", "5", "--seed", "1", "--runs", runs, "--items", items, "--consent", consent)
    rating = await Rating.begin(*options, "--json")
    link = rating.links["ana"]
    context = await browser.new_context(**PHONE)
    hands = Hands(await context.new_page())
    await hands.page.goto(link)
    assert await hands.read_on("consent") == "I agree & <b>take part</b>."
    assert "swipe up" in await hands.read_on("instructions")

    seen = [await hands.current()]
    begun = time.monotonic()
    await hands.page.keyboard.press("l")
    await asyncio.sleep(0.5)
    await hands.page.keyboard.press("ArrowDown")
    watched = time.monotonic() - begun
    await hands.rate(5)
    seen.append(await hands.current(seen[-1]))
    await hands.leave(0)  # at once: a skip, of the longest clip
    seen.append(await hands.current(seen[-1]))
    await asyncio.sleep(0.25)
    await hands.page.close(run_before_unload=True)
    hands = Hands(await context.new_page())
    await hands.page.goto(link)
    assert await hands.current() == seen[2], "the clip that was not left comes again, and neither consent nor instructions do"
    await asyncio.sleep(0.25)
    await hands.leave(3)

    seen.append(await hands.current(seen[-1]))
    await asyncio.sleep(0.1)
    loads = hands.loads
    await rating.kill()
    rating = await Rating.begin(*options, "--json")
    assert rating.links["ana"] == link
    await hands.found_again(loads)
    assert await hands.current() == seen[3]
    await hands.page.keyboard.press("l")
    await hands.leave(4)
    seen.append(await hands.current(seen[-1]))
    await hands.leave(2)

    await hands.choose(0, 5)
    async with asyncio.timeout(10):
        while not of(runs / "human-ana-001", "questionnaire"):
            await asyncio.sleep(0.05)
    assert SessionFolder(runs / "human-ana-001").progress().end is not None, "what was watched is complete before the questions are"
    await rating.kill()
    rating = await Rating.begin(*options, "--json")
    await hands.page.goto(link)
    await hands.page.wait_for_selector("[data-card=questions]")
    assert await hands.page.is_checked('input[name="question-0"][value="5"]')
    await hands.choose(1, 1)
    await hands.page.click("[data-card=questions] button.primary")
    await hands.over()
    code, out, err = await rating.end()
    await context.close()

    session = runs / "human-ana-001"
    assert (code, "complete, 5 clips" in err, "questionnaire complete" in err) == (0, True, True), err
    (summary,) = json.loads(out.splitlines()[-1])["raters"]
    assert (summary["model"], summary["status"], summary["answers"]["answered"]) == ("human/ana", "complete", 5)
    check_whole(session, 5)
    assert [event["id"] for event in of(session, "stimulus")] == seen and seen[1] == "g.mp4"
    answers = of(session, "answer")
    assert [event["decision"]["rating"] for event in answers] == [5, 0, 3, 4, 2]
    assert [event["done"] for event in of(session, "action")][:2] == ["like", "skip"] and of(session, "action")[3]["done"] == "like"
    interrupted = WatchRecord.model_validate_json(answers[2]["raw"])
    assert len(interrupted.impressions) == 2 and len(interrupted.dwell) == 2 and interrupted.dwell_s > 0.4
    clocks = [WatchRecord.model_validate_json(event["raw"]).left_ms for event in answers]
    assert clocks == sorted(clocks), "the clock goes on where it stood"
    assert of(session, "action")[0]["dwell_s"] == pytest.approx(watched, abs=0.15)
    assert [event["text"] for event in of(session, "consent")] == ["I agree & <b>take part</b>."]
    last = of(session, "questionnaire")[-1]
    assert last["complete"] and [(item["code"], item["answer"]) for item in last["items"]] == [("BE", 6), ("SD", 2)]
    look = first_look(session)
    assert [item.rating for item in look.shown] == [5, 0, 3, 4, 2] and look.like_rate is not None and look.like_rate.n == 5
    assert SessionFolder(session).status() == "complete"
    assert all(len(event["frames"]) == 3 for event in of(session, "stimulus"))
    assert stat.S_IMODE((runs / FILE).stat().st_mode) == 0o600
    token = link.rpartition("/")[2]
    assert not [path for path in runs.rglob("*") if path.is_file() and path.name != FILE and token.encode() in path.read_bytes()]
    assert sorted(path.name for path in runs.iterdir()) == [FILE, "frames", "human-ana-001"]


@with_browser
async def test_two_raters_at_once(browser: Any, clips: Path, tmp_path: Path) -> None:
    """Each has an order and a link of their own; Ctrl-C ends with 130 and both go on by the same links; no rating is asked for."""
    empty = tmp_path / "empty.txt"
    empty.write_text("")
    options = ("--feed", clips, "--rater", "ana", "--rater", "Ben_2", "--videos", 5, "--no-rating", "--runs", tmp_path / "runs")
    options += ("--consent", empty, "--instructions", empty, "--counts", "random", "--quiet")
    rating = await Rating.begin(*options, raters=2)
    links = rating.links
    contexts = [await browser.new_context(**PHONE) for _ in links]
    hands = [Hands(await context.new_page()) for context in contexts]
    for each, link in zip(hands, links.values(), strict=True):
        await each.page.goto(link)

    async def watch(person: Hands, clips: int, before: str | None = None) -> list[str]:
        seen = [await person.current(before)]
        while len(seen) < clips:
            await person.leave()
            seen.append(await person.current(seen[-1]))
        return seen

    begun = await asyncio.gather(*(watch(each, 3) for each in hands))
    loads = [each.loads for each in hands]
    code, _, err = await rating.end(signal.SIGINT)
    assert code == 130 and "the same command, with the same links" in err and "Traceback" not in err
    rating = await Rating.begin(*options, raters=2)
    assert rating.links == links
    for each, before in zip(hands, loads, strict=True):
        await each.found_again(before)
    orders = [before[:2] + after for before, after in zip(begun, await asyncio.gather(*(watch(each, 3) for each in hands)), strict=True)]
    for each in hands:
        await each.leave()
        await each.over()
    assert (await rating.end())[0] == 0
    for context in contexts:
        await context.close()
    assert orders[0] != orders[1]
    for name, order in zip(("ana", "Ben_2"), orders, strict=True):
        session = tmp_path / "runs" / f"human-{name}-001"
        check_whole(session, 5)
        assert [event["id"] for event in of(session, "stimulus")] == order
        assert all("rating" not in event["decision"] for event in of(session, "answer"))
        shown = of(session, "stimulus")[0]["text"]["counts"]
        assert shown["likes"] > 0 and json.loads(of(session, "answer")[0]["raw"])["counts"] == shown
    looks = [first_look(tmp_path / "runs" / f"human-{name}-001") for name in ("ana", "Ben_2")]
    assert compare(*looks).paired >= 3


async def test_nothing_is_recorded_before_consent_and_a_wrong_token_opens_nothing(study: Study) -> None:
    """Without consent no clip is given, however the page is asked; another token is 404; after consent the same link works."""
    running = await served(replace(study, consent="Yes?"), "ana")
    page = HandMadePage(running.links["ana"])
    assert (await page.http.get(f"{page.link}/next")).status_code == 500
    assert (await page.http.get(f"{page.origin}/v/{'x' * 32}/state")).status_code == 404
    session = study.runs / "human-ana-001"
    assert not of(session, "stimulus")
    await page.post("consent")
    assert await page.watch() is not None
    (result,) = await running.stopped()
    assert (result.exit_code, len(of(session, "consent")), len(of(session, "action"))) == (130, 1, 1)


async def test_a_changed_consent_text_is_agreed_to_anew(study: Study) -> None:
    """Consent holds for the text that was agreed to: with another one the page shows it before the next clip."""
    running = await served(replace(study, consent="One."), "ana")
    await HandMadePage(running.links["ana"]).post("consent")
    await running.stopped()
    running = await served(replace(study, consent="One."), "ana")
    assert (await httpx.AsyncClient().get(f"{running.links['ana']}/state")).json()["consent"] == ""
    await running.stopped()
    running = await served(replace(study, consent="Two."), "ana")
    assert (await httpx.AsyncClient().get(f"{running.links['ana']}/state")).json()["consent"] == "Two."
    await running.stopped()


async def test_a_session_cut_off_at_any_event_goes_on(study: Study, tmp_path: Path) -> None:
    """The trace ends after the third stimulus, ask, answer or action: the same clips, each with one answer, none asked twice."""
    running = await served(study, "ana")
    page = HandMadePage(running.links["ana"])
    seen = [await page.watch(0.8, like=number == 2) for number in range(6)]
    assert seen[5] is None
    (result,) = await running.task
    assert result.exit_code == 0
    whole = lines(result.folder / "trace.jsonl")
    text = (result.folder / "trace.jsonl").read_bytes().splitlines(keepends=True)
    for kept in ("answer", "ask", "stimulus", "action"):
        cut = [number for number, event in enumerate(whole) if event["type"] == kept][2]
        own = replace(study, runs=shutil.copytree(study.runs, tmp_path / kept))
        (own.runs / result.folder.name / "trace.jsonl").write_bytes(b"".join(text[: cut + 1]) + b'{"type":"torn')

        running = await served(own, "ana")
        page = HandMadePage(running.links["ana"], name="q" * 16)
        rest = [await page.watch(0.8, like=True) for _ in range(3 if kept in {"answer", "action"} else 4)]
        (ended,) = await running.task
        assert [*seen[: 6 - len(rest)], *rest] == seen, kept
        check_whole(ended.folder, 5)
        third = of(ended.folder, "action")[2]
        assert (third["done"], third["dwell_s"]) == ("like", 0.8), kept


async def test_one_study_is_served_once(study: Study) -> None:
    """The same command while the first one runs: one line about the port of the links; on another port, about the session."""
    running = await served(study, "ana")
    with pytest.raises(UserError, match="may be served already"):
        await served(study, "ana")
    with pytest.raises(UserError, match="is being run by another process"):
        await serve_raters(study, ["ana"], port=0, invite=lambda *_: None, tell=lambda _: None)
    await running.stopped()


async def test_a_feed_that_was_changed_is_refused(study: Study, clips: Path, tmp_path: Path) -> None:
    """A session does not go on over other clips than it began with, and a damaged neighbour stops nobody."""
    feed = shutil.copytree(clips, tmp_path / "own")
    own = replace(study, feed=str(feed))
    (study.runs / "human-ana-000").mkdir(parents=True)
    (study.runs / "human-ana-000" / "session.json").write_text("{")
    running = await served(own, "ana")
    await HandMadePage(running.links["ana"]).watch()
    await running.stopped()
    (feed / "a.mp4").unlink()
    with pytest.raises(UserError, match="the feed has changed since session 'human-ana-001' began"):
        await served(own, "ana")


async def test_clips_that_cannot_be_played(study: Study) -> None:
    """Before it was seen such a clip is a problem of the feed; after the trace has it, its answer is `failed`, and the person goes on."""
    running = await served(replace(study, videos=3), "ana")
    page = HandMadePage(running.links["ana"])
    broken = (await page.next())["item"]["id"]
    await page.post("unplayable", broken)
    assert await page.watch() not in {broken, None}
    later = await page.watch(leave=False)
    await page.post("unplayable", later)
    assert await page.watch() not in {broken, later, None}
    assert await page.watch() is None
    (result,) = await running.task
    check_whole(result.folder, 3)
    assert [event["name"] for event in of(result.folder, "problem")] == [broken]
    assert [event["outcome"] for event in of(result.folder, "answer")] == ["answered", "failed", "answered"]
    assert of(result.folder, "action")[1]["done"] == "pass"


async def test_a_feed_shorter_than_asked_ends_by_itself(study: Study) -> None:
    """With seven clips and forty wanted, the seventh is the last, the session is complete and says so; served again it is left as it is."""
    running = await served(replace(study, videos=40), "ana")
    page = HandMadePage(running.links["ana"])
    seen = [await page.watch(0.1) for _ in range(8)]
    (result,) = await running.task
    assert len(set(seen)) == 8 and seen[-1] is None
    check_whole(result.folder, 7)
    assert events(result.folder)[-1]["detail"] == "the feed was over after 7 clips"
    before = (result.folder / "trace.jsonl").read_bytes()
    again = await served(replace(study, videos=40), "ana")
    (result,) = await again.task
    assert (result.exit_code, again.links, (result.folder / "trace.jsonl").read_bytes()) == (0, running.links, before)
    assert sorted(path.name for path in study.runs.iterdir()) == [FILE, "frames", "human-ana-001"]


async def test_leaving_is_confirmed_only_when_the_answer_is_stored(study: Study) -> None:
    """When the run folder cannot be written, the page is told that the feed has stopped, and does not go on as if all were kept."""
    running = await served(study, "ana")
    page = HandMadePage(running.links["ana"])
    await page.watch()
    item = await page.watch(leave=False)
    session = study.runs / "human-ana-001"
    written = (session / "trace.jsonl").read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(written) + 20, hard))
    try:
        assert (await page.post("leave", item)).status_code == 500
        (result,) = await running.task
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert result.exit_code == 1 and result.session is not None and "File too large" in result.session.detail
    assert (session / "trace.jsonl").read_bytes().startswith(written)
    running = await served(study, "ana")
    page = HandMadePage(running.links["ana"], name="q" * 16)
    assert await page.watch() == item
    await running.stopped()


async def test_the_questionnaire_alone_may_stay_open(study: Study) -> None:
    """Stopped while the questions are open: the session is complete for every eval, the command says 130, and answers given so far stay."""
    asked = replace(study, videos=1, items=(Item("One?", "A"), Item("Two?")), scale=("no", "yes"))
    running = await served(asked, "ana")
    page = HandMadePage(running.links["ana"])
    await page.watch()
    assert (await page.next())["end"]
    await page.post("answer", question=1, value=1)
    (result,) = await running.stopped()
    assert (result.exit_code, result.questionnaire, SessionFolder(result.folder).status()) == (130, "open", "complete")
    running = await served(asked, "ana")
    page = HandMadePage(running.links["ana"], name="q" * 16)
    assert (await page.http.get(f"{page.link}/state")).json()["answers"] == {"1": 1}
    await page.next()
    await page.post("end")
    (result,) = await running.task
    assert (result.exit_code, result.questionnaire) == (0, "complete")
    last = of(result.folder, "questionnaire")[-1]
    assert [item.get("answer") for item in last["items"]] == [None, 2] and last["scale"] == ["no", "yes"]


def test_times_become_decisions() -> None:
    """A standing like is a like; under a quarter seen and never the end is a skip; all else is watched; no rating is None."""

    def decided(**record: Any) -> tuple[str, float, int | None]:
        found = WatchRecord(**record).decision(10.0)
        return found.action.value, found.watch_fraction, found.rating

    assert decided(dwell=((0, 2400),)) == ("skip", 0.24, None)
    assert decided(dwell=((0, 2000), (5000, 5500))) == ("watch", 0.25, None)
    assert decided(dwell=((0, 2400),), likes=(100,)) == ("like", 0.24, None)
    assert decided(dwell=((0, 2400),), likes=(100,), unlikes=(200,), ratings=((1.0, 4), (2.0, 2))) == ("skip", 0.24, 2)
    assert decided(dwell=((0, 35000),), completions=(10000, 20000)) == ("watch", 1.0, None)
    template = PersonProtocol("pay $5 for ${persona}").template("feed", 0)
    assert template.render({})[1] == "pay $5 for ${persona}"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--rater", "a b"], "use letters"),
        (["--rater", "../up"], "use letters"),
        (["--rater", "x" * 41], "use letters"),
        (["--rater", "ana", "--rater", "Ana"], "the same name"),
        (["--rater", "ana", "--consent", "none.txt"], "--consent none.txt: it cannot be read"),
        (["--rater", "ana", "--videos", "0"], "videos: must be 1 or more"),
        (["--rater", "ana", "--feed", "no-such-folder"], "no-such-folder"),
        (["--rater", "ana", "--items", "CSV"], "row 3, column text: it is empty"),
        (["--rater", "ana", "--scale", "no", "yes"], "give both"),
        (["--rater", "ana", "--port", "PORT"], "is in use"),
    ],
)
def test_mistakes_are_one_line(options: list[str], said: str, clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Names, files, CSV rows and ports that cannot be used: exit code 2 and one line that says what to do."""
    table = tmp_path / "items.csv"
    table.write_text("text,code\nfine,A\n  ,B\n", encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        given = [{"CSV": str(table), "PORT": str(taken.getsockname()[1])}.get(option, option) for option in options]
        if "--feed" not in given:
            given += ["--feed", str(clips)]
        assert main([*given, "--runs", str(tmp_path / "runs")]) == 2
    told = capsys.readouterr().err.strip().splitlines()
    assert len(told) == 1 and told[0].startswith("error: ") and said in told[0], told


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("question\nx\n", "row 1, column text: the first row has no such name"),
        ("text,cod\nx,y\n", "row 1, column 'cod'"),
        ("text,code\nx\n", "row 2, column code: 1 cells, not 2"),
        ("text,code\nx,y,z\n", "row 2, column code: 3 cells, not 2"),
        ('text\n"open\n', "it is no CSV file"),
        ("text,code\nx,a b\n", "row 2, column code: use at most"),
        ("text\n", "it has 0 items"),
        ("", "row 1, column text"),
    ],
)
def test_a_bad_table_is_named_by_row_and_column(table: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each mistake in the CSV of questions is one line with row and column."""
    path = tmp_path / "items.csv"
    path.write_text(table, encoding="utf-8")
    assert main(["--rater", "ana", "--items", str(path), "--runs", str(tmp_path / "runs")]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()
