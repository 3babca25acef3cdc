"""The page in Chromium, by real input events: what people and agents do is counted once, with the right times."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from environments.base import StimulusText
from environments.clips import FeedItem
from environments.feedapp.settings import PageSettings, shown_counts
from environments.feeds import load_feed
from tests.environments.feedapp.conftest import watched

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOLERANCE_MS = 150


async def test_dwell_completions_and_rewatches_have_their_times(browser: Any, items: Any) -> None:
    """A clip of 1 s watched for 2.3 s: one impression, its dwell within 150 ms, completed twice and begun again each time."""
    (short,) = [item for item in items if item.id == "a.mp4"]
    async with watched(browser, [short, items[1]], policy="shuffled", videos=2) as served:
        first = await served.current()
        if first != short.id:
            await served.page.keyboard.press("ArrowDown")
            await served.current(first)
        began = time.monotonic()
        await asyncio.sleep(2.3)
        asked = (time.monotonic() - began) * 1000
        await served.page.keyboard.press("ArrowDown")
        await served.until(lambda: served.record(short.id).left_ms is not None)
        record = served.record(short.id)
        assert record.dwell_ms == pytest.approx(asked, abs=TOLERANCE_MS)
        assert [len(record.impressions), len(record.completions), len(record.rewatches)] == [1, 2, 2]
        assert record.completions[0] - record.impressions[0] == pytest.approx(1000, abs=TOLERANCE_MS)
        assert record.completions[1] - record.rewatches[0] == pytest.approx(1000, abs=TOLERANCE_MS)
        leave = next(event for event in served.events if event.kind.value == "leave" and event.item == short.id)
        assert leave.dwell_ms == record.dwell_ms
        assert await served.page.get_attribute("body", "data-left") == short.id
        assert int(await served.page.get_attribute("body", "data-left-dwell")) == pytest.approx(record.dwell_ms, abs=1)
        assert [step.outcome.dwell_s for step in served.viewing.past if step.stimulus_id == short.id] == [1.0]


async def test_every_way_on_moves_by_one_clip(browser: Any, items: Any) -> None:
    """Wheel, the next button, a finger's swipe, PageDown and j each leave one clip, a flick of the wheel too; back does not move."""
    async with watched(browser, items, context={"has_touch": True, "reduced_motion": "no-preference"}) as served:
        cdp = await served.page.context.new_cdp_session(served.page)

        async def flick() -> None:
            # The tail of a flick outlasts the move to the next clip. Chromium paces it: from here a busy machine would tear it in two.
            turn = {"x": 195, "y": 300, "yDistance": -600, "speed": 750, "gestureSourceType": "mouse"}
            await cdp.send("Input.synthesizeScrollGesture", turn)

        async def swipe() -> None:
            point = {"x": 195, "y": 600}
            await cdp.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [point]})
            for y in range(600, 80, -40):
                await cdp.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point | {"y": y}]})
            await cdp.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

        ways = [
            flick,
            lambda: served.page.click('[aria-current="true"] [data-role="next"]'),
            swipe,
            lambda: served.page.keyboard.press("PageDown"),
            lambda: served.page.keyboard.press("j"),
        ]
        shown = [await served.current()]
        await served.page.keyboard.press("ArrowUp")
        for way in ways:
            await way()
            shown.append(await served.current(shown[-1]))
            await asyncio.sleep(0.25)
            if way is swipe:  # the keys' moves look alike: without the animation
                await served.page.emulate_media(reduced_motion="reduce")
        assert len(set(shown)) == len(ways) + 1
        assert [step.stimulus_id for step in served.viewing.past] == shown[:-1]
        assert all(len(served.record(item).impressions) == 1 for item in shown)
        assert await served.page.locator("article[data-item]").count() <= 2  # what was left is gone from the page


async def test_likes_by_button_key_and_double_tap(browser: Any, items: Any) -> None:
    """A double tap likes and never unlikes; the button and the key take a like back and give it again; each has its time."""
    async with watched(browser, items, context={"has_touch": True}) as served:
        item = await served.current()
        like = served.page.locator('[aria-current="true"] button[data-role="like"]')
        assert await like.get_attribute("aria-pressed") == "false"
        for _ in range(2):
            await asyncio.gather(*(served.page.touchscreen.tap(195, 300) for _ in range(2)))
            await asyncio.sleep(0.4)
        assert await like.get_attribute("aria-pressed") == "true"
        await served.until(lambda: len(served.record(item).likes) == 1)
        await like.click()
        await served.page.keyboard.press("l")
        await served.until(lambda: served.kinds() == ["impression", "like", "unlike", "like"])
        record = served.record(item)
        assert record.likes == sorted(record.likes) and record.likes[0] < record.unlikes[0] < record.likes[1]
        assert record.liked
        await served.page.keyboard.press("ArrowDown")
        await served.until(lambda: len(served.viewing.past) == 1)
        assert served.viewing.past[0].outcome.like_registered


async def test_a_tap_pauses_and_dwell_goes_on(browser: Any, items: Any) -> None:
    """One tap, or space, holds the picture; the viewer is still looking at it."""
    async with watched(browser, items) as served:
        item = await served.current()
        await served.page.mouse.click(195, 300)
        await served.page.wait_for_function("() => document.querySelector('[aria-current] video').paused")
        await asyncio.sleep(0.5)
        await served.page.keyboard.press(" ")
        await served.page.wait_for_function("() => !document.querySelector('[aria-current] video').paused")
        await served.page.keyboard.press("ArrowDown")
        await served.until(lambda: len(served.viewing.past) == 1)
        assert served.record(item).dwell_ms > 600
        assert len(served.record(item).dwell) == 1


async def test_dwell_stops_while_the_tab_is_hidden(browser: Any, items: Any) -> None:
    """Time in another tab does not count, and the clip stands still meanwhile. (The automation never hides a tab: the page is told so.)"""
    tell = "(hidden) => { Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});"
    tell += " document.dispatchEvent(new Event('visibilitychange')); }"
    async with watched(browser, items) as served:
        item = await served.current()
        await asyncio.sleep(0.2)
        await served.page.evaluate(tell, True)
        assert await served.page.evaluate("document.querySelector('[aria-current] video').paused")
        await served.until(lambda: len(served.record(item).dwell) == 1)
        await asyncio.sleep(0.6)
        await served.page.evaluate(tell, False)
        await asyncio.sleep(0.2)
        await served.page.keyboard.press("ArrowDown")
        await served.until(lambda: len(served.viewing.past) == 1)
        (_, paused), (resumed, _) = served.record(item).dwell
        assert resumed - paused > 550
        assert served.record(item).dwell_ms < 400 + 2 * TOLERANCE_MS


async def test_reload_and_coming_back_continue_with_the_same_clip(browser: Any, items: Any) -> None:
    """A reload, and a closed tab opened again by its link, show the clip that was not left, with its like; no time is lost."""
    async with watched(browser, items) as served:
        await served.page.keyboard.press("ArrowDown")
        first = await served.current()
        await served.page.keyboard.press("ArrowDown")
        item = await served.current(first)
        await served.page.keyboard.press("l")
        await asyncio.sleep(0.3)
        await served.page.reload()
        assert await served.current() == item
        assert await served.page.get_attribute('[aria-current="true"] [data-role="like"]', "aria-pressed") == "true"
        await asyncio.sleep(0.3)
        await served.page.close(run_before_unload=True)
        await served.until(lambda: len(served.record(item).dwell) == 2)
        assert served.record(item).dwell_ms > 500
        served.page = await served.page.context.new_page()
        await served.page.goto(served.link)
        assert await served.current() == item
        await served.until(lambda: len(served.record(item).impressions) == 3)
        record = served.record(item)
        assert record.impressions == sorted(record.impressions) and len(record.likes) == 1
        assert [step.stimulus_id for step in served.viewing.past] == [first]


async def test_a_second_tab_cannot_count_twice(browser: Any, items: Any) -> None:
    """When one tab has gone on, the other one's likes and leaving change nothing, and it catches up."""
    async with watched(browser, items) as served:
        first = await served.current()
        other = await served.page.context.new_page()
        await other.goto(served.link)
        await other.wait_for_selector('[aria-current="true"]')
        await served.page.keyboard.press("ArrowDown")
        second = await served.current(first)
        await other.keyboard.press("l")
        await other.wait_for_selector(f'[aria-current="true"][data-item="{second}"]')
        await served.page.keyboard.press("ArrowDown")
        third = await served.current(second)
        await other.keyboard.press("ArrowDown")
        await other.wait_for_selector(f'[aria-current="true"][data-item="{third}"]')
        assert [step.stimulus_id for step in served.viewing.past] == [first, second]
        assert not served.record(first).likes and not served.record(second).likes


async def test_a_retried_post_is_not_counted_twice(browser: Any, items: Any) -> None:
    """The server has the events but the answer is lost: the page sends them again, and nothing is doubled."""
    async with watched(browser, items) as served:
        item = await served.current()
        lost: list[str] = []

        async def lose_answers(route: Any) -> None:
            if len(lost) < 2:
                lost.append(route.request.post_data)
                await route.fetch()
                await route.abort()
            else:
                await route.continue_()

        await served.page.route("**/events", lose_answers)
        await served.page.keyboard.press("l")
        await asyncio.sleep(0.1)
        await served.page.keyboard.press("ArrowDown")
        await served.current(item)
        assert len(lost) == 2 and json.loads(lost[0])[0] in json.loads(lost[1])
        assert len(served.record(item).likes) == 1
        assert served.kinds().count("like") == 1 and served.kinds().count("leave") == 1
        assert len(served.viewing.past) == 1


async def test_time_scale_keeps_times_in_clip_seconds(browser: Any, items: Any) -> None:
    """At scale 8 a quarter of a second on the wall is two seconds of clip, for dwell and for the picture alike."""
    (clip,) = [item for item in items if item.id == "g.mp4"]
    async with watched(browser, [clip], settings=PageSettings(time_scale=8)) as served:
        await served.current()
        began = time.monotonic()
        await asyncio.sleep(0.7)
        asked = (time.monotonic() - began) * 8000
        await served.page.keyboard.press("ArrowDown")
        await served.until(lambda: len(served.viewing.past) == 1)
        record = served.record(clip.id)
        assert record.dwell_ms == pytest.approx(asked, abs=8 * TOLERANCE_MS)
        assert record.completions[0] - record.impressions[0] == pytest.approx(2500, abs=8 * TOLERANCE_MS)


async def test_hostile_words_stay_words(browser: Any, items: Any) -> None:
    """Markup, right-to-left overrides and a megabyte in a caption are shown as text, run nothing, fetch nothing, and break no layout."""
    evil = '<img src="http://example.com/x.png" onerror="window.pwned=1"><script>window.pwned=1</script>\u202egnp.exe '
    item = replace(
        items[0],
        id="\"><b id=x> ' ]",
        text=StimulusText(
            evil + "x" * 1_000_000, "<i>\u202eme</i>", ("<u>", "a" * 500), "</p><style>*{display:none}</style>", {"<likes>": 3}
        ),
    )
    async with watched(browser, [item, items[1]], policy="shuffled", seed=1) as served:
        if await served.current() != item.id:
            await served.page.keyboard.press("ArrowDown")
            await served.current(items[1].id)
        current = served.page.locator('article[aria-current="true"]')
        assert await current.get_attribute("data-item") == item.id
        caption = await current.locator("[data-role=caption]").text_content()
        assert caption.startswith(evil) and len(caption) <= 4000
        assert await current.locator("[data-role=author]").text_content() == "<i>\u202eme</i>"
        assert await served.page.evaluate("window.pwned") is None
        assert await served.page.locator("#feed img, #feed script, #feed style, #feed b").count() == 0
        assert await served.page.evaluate("document.documentElement.scrollWidth") <= 390
        assert await current.locator("button[data-role=like]").is_visible()
        assert all(url.startswith(served.link.split("/v/")[0]) for url in served.requests)
        assert served.record(item.id).impressions


async def test_nothing_leaves_this_machine_and_a_catalogue_clip_plays(browser: Any, cache_folder: Path) -> None:
    """With a catalogue clip on a desktop screen, every request of the page goes to the loopback server; the contract for drivers holds."""
    clip = min(load_feed("catalogue", cache_folder).items, key=lambda item: item.duration_s)
    async with watched(browser, [clip], context={"viewport": {"width": 1280, "height": 800}}) as served:
        assert await served.current() == clip.id
        await served.page.wait_for_selector("body[data-ready]")
        await served.page.wait_for_function("() => document.querySelector('[aria-current] video').currentTime > 0.2")
        article = served.page.locator('article[data-item][aria-current="true"]')
        assert float(await article.get_attribute("data-duration")) == clip.duration_s
        assert await article.locator("video").count() == 1
        assert await article.locator("[data-role=caption]").text_content() == clip.text.caption
        assert await article.locator("[data-role=hashtags]").text_content() == " ".join(f"#{tag}" for tag in clip.text.hashtags)
        assert await article.locator("[data-role=sound]").text_content() == clip.text.sound
        await served.page.keyboard.press("ArrowDown")
        await served.page.wait_for_selector("body[data-end]")
        await served.until(lambda: served.kinds() == ["impression", "leave", "end"])
        origin = served.link.split("/v/")[0]
        assert served.requests and all(url.startswith(f"{origin}/") for url in served.requests)


async def test_the_whole_way_by_keyboard_alone(browser: Any, items: Any) -> None:
    """Consent, instructions, clips with ratings, questions and the end are reached with Tab, Enter, arrows and digits; all is recorded."""
    settings = PageSettings(
        consent="I take part.", instructions="Watch.", rate_after_each=True, questions=("One?", "Two?"), scale=("no", "perhaps", "yes")
    )
    async with watched(browser, items, settings=settings, videos=2) as served:
        page = served.page
        for card in ("consent", "instructions"):
            await page.wait_for_selector(f"[data-card={card}]")
            await page.keyboard.press("Tab")
            await page.keyboard.press("Tab")
            await page.keyboard.press("Enter")
        first = await served.current()
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.dataset.role") == "like"
        await page.keyboard.press("Enter")
        await page.keyboard.press("ArrowDown")
        await page.wait_for_selector("[data-card=rating]:not([inert])")
        await page.keyboard.press("4")
        second = await served.current(first)
        assert await page.evaluate("document.activeElement.dataset.role") == "like"
        assert await page.locator("[aria-current] .place").text_content() == "2 of 2"
        await page.keyboard.press("j")
        await page.wait_for_selector("[data-card=rating]:not([inert])")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("[data-card=questions]")
        for _ in range(2):
            await page.keyboard.press("Tab")
            await page.keyboard.press("ArrowDown")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("[data-card=end]")
        assert served.viewing.ledger.consented and served.viewing.ledger.ended
        assert [served.record(item).rating for item in (first, second)] == [4, 0]
        assert served.viewing.ledger.answers == {0: 1, 1: 1}
        assert served.record(first).liked and not served.record(second).liked
        expected = ["consent", "impression", "like", "rating", "leave", "impression", "rating", "leave", "answer", "answer", "end"]
        assert served.kinds() == expected
        await page.reload()
        await page.wait_for_selector("[data-card=end]")
        assert served.kinds() == expected


async def test_random_counts_are_shown_and_recorded(browser: Any, items: Any) -> None:
    """The impression carries the counts that the page shows; they depend on seed and item alone, and can be hidden."""
    settings = PageSettings(counts="random", seed=5)
    async with watched(browser, items, settings=settings) as served:
        item = await served.current()
        await served.until(lambda: bool(served.events))
        counts = dict(served.events[0].counts)
        shown = await served.page.get_attribute('[aria-current="true"] [data-role="counts"]', "data-counts")
        assert json.loads(shown) == counts and counts["likes"] > 0
    (clip,) = [each for each in items if each.id == item]
    assert shown_counts(clip, settings) == counts != shown_counts(clip, PageSettings(counts="random", seed=6))
    known: FeedItem = replace(clip, text=StimulusText(counts={"likes": 7}))
    assert shown_counts(known, PageSettings()) == {"likes": 7} and shown_counts(known, PageSettings(counts="hidden")) == {}


async def test_assistive_technology_and_small_screens(browser: Any, items: Any) -> None:
    """The clip below is no part of what is read; each clip is announced; targets are large enough; nothing sticks out of a small screen."""
    context = {"viewport": {"width": 320, "height": 568}}
    async with watched(browser, items, context=context) as served:
        first = await served.current()
        (below,) = await served.page.locator("article:not([aria-current])").all()
        assert await below.get_attribute("aria-hidden") == "true"
        told = await served.page.locator("main").aria_snapshot()
        assert told.count("- article") == 1 and 'button "Like"' in told and 'button "Next clip"' in told
        assert "Clip 1 of 7" in await served.page.text_content("#live")
        await served.page.keyboard.press("ArrowDown")
        await served.current(first)
        assert "Clip 2 of 7" in await served.page.text_content("#live")
        for button in await served.page.locator("[aria-current] .rail button").all():
            box = await button.bounding_box()
            assert box["width"] >= 44 and box["height"] >= 44
            assert box["x"] >= 0 and box["x"] + box["width"] <= 320 and box["y"] + box["height"] <= 568


async def test_what_cannot_be_shown_is_passed_over_and_named(browser: Any, items: Any, tmp_path: Path) -> None:
    """A file that turned bad since it was checked is dropped with the reason, and the feed goes on without it."""
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"nothing of a video")
    gone = tmp_path / "gone.mp4"
    broken = [replace(items[0], id=path.name, locate=lambda path=path: path) for path in (bad, gone)]
    async with watched(browser, [*broken, items[1]], policy="shuffled") as served:
        assert await served.current() == items[1].id
        await served.page.keyboard.press("ArrowDown")
        await served.page.wait_for_selector("body[data-end]")
        assert {name: problem.reason for name, problem in served.viewing.problems.items()} == {
            "bad.mp4": "it is no video",
            "gone.mp4": "it cannot be read (No such file or directory)",
        }
        assert [step.stimulus_id for step in served.viewing.past] == [items[1].id]


async def test_what_the_browser_cannot_play_is_reported_by_the_page(browser: Any, items: Any) -> None:
    """A clip that fails twice in the browser is dropped with the reason; the next one is shown."""
    async with watched(browser, items) as served:
        first = await served.current()

        async def spoil(route: Any) -> None:
            if served.viewing.problems:
                await route.continue_()
            else:
                await route.fulfill(body="no video", content_type="video/webm")

        await served.page.route("**/media/*", spoil)
        await served.page.reload()
        await served.until(lambda: first in served.viewing.problems)
        assert served.viewing.problems[first].reason == "the browser could not play it"
        assert await served.current() != first
        assert served.viewing.past == []


async def test_sound_is_a_choice_that_stays(browser: Any, items: Any, make_video: Any, tmp_path: Path) -> None:
    """Clips begin muted; the button turns the sound on for all that follow; a clip without sound says so."""
    loud = [replace(items[0], id=name, locate=lambda: make_video(tmp_path / "loud.mkv", audio_s=2.0)) for name in ("one", "two")]
    async with watched(browser, [*loud, items[1]], policy="shuffled") as served:
        muted, names, item = [], [], None
        for _ in range(3):
            item = await served.current(item)
            switch = served.page.locator("[aria-current] [data-role=sound-switch]")
            names.append((item in {"one", "two"}, await switch.get_attribute("aria-label"), await switch.get_attribute("aria-disabled")))
            if item in {"one", "two"}:
                muted.append(await served.page.evaluate("() => document.querySelector('[aria-current] video').muted"))
                if len(muted) == 1:
                    await switch.click()
                    assert not await served.page.evaluate("() => document.querySelector('[aria-current] video').muted")
            await served.page.keyboard.press("ArrowDown")
        assert muted == [True, False]
        assert sorted(names) == [
            (False, "This clip has no sound", "true"),
            (True, "Turn sound off", "false"),
            (True, "Turn sound on", "false"),
        ]


async def test_a_jump_from_outside_is_no_complete_viewing(browser: Any, items: Any) -> None:
    """A driver that sets the video's time does not make it complete; the next pass from the start, played to its end, is complete."""
    (short,) = [item for item in items if item.id == "a.mp4"]
    async with watched(browser, [short]) as served:
        await served.current()
        await served.page.evaluate("() => { document.querySelector('[aria-current] video').currentTime = 0.8; }")
        await asyncio.sleep(0.6)
        assert not served.record(short.id).completions
        await served.until(lambda: len(served.record(short.id).completions) == 1)
