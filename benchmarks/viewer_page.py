"""How long the replay viewer's page takes in a real Chromium, as a person waits: until what was asked for is painted."""

from __future__ import annotations

import os
from statistics import median

__all__ = ["page_times"]

_WAIT = """
    const painted = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    const until = async (there) => {
        while (!there()) await new Promise(requestAnimationFrame);
        await painted();
        return performance.now();
    };
"""
_TABLE = f"() => {{ {_WAIT} return until(() => document.querySelector('tbody tr[data-row]')); }}"
"""Milliseconds from the beginning of the navigation until the table is painted."""
_SESSION = f"""async (name) => {{ {_WAIT}
    const begun = performance.now();
    location.hash = `#/s/${{encodeURIComponent(name)}}`;
    const picture = () => document.querySelector('main.session .screen img');
    return await until(() => document.querySelector('main.session h1')?.textContent === name
        && document.querySelector('.row button') && picture()?.complete && picture().naturalWidth) - begun; }}"""
_STEP = f"""async () => {{ {_WAIT}
    const begun = performance.now();
    document.querySelector('[data-control=next]').click();
    return await until(() => document.querySelector('[data-part=where]').textContent.startsWith('2 /')) - begun; }}"""
_SEARCH = f"""async () => {{ {_WAIT}
    const [begun, field] = [performance.now(), document.querySelector('[data-control=search]')];
    field.value = 'number 77:';
    field.dispatchEvent(new Event('input'));
    return await until(() => document.querySelector('[data-part=many]').textContent.startsWith('1 of')) - begun; }}"""

_COMPARE = f"""async (names) => {{ {_WAIT}
    const begun = performance.now();
    location.hash = `#/compare/${{names}}`;
    return await until(() => document.querySelector('main.compare .pairrow') && document.querySelector('.matrix button')) - begun; }}"""


async def page_times(address: str, executable: str, names: list[str]) -> dict[str, float]:
    """Seconds in the page: of the first view, of opening sessions from the table, of a step and a search in a long one."""
    from playwright.async_api import async_playwright  # noqa: PLC0415

    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=executable, args=["--no-sandbox"] if os.geteuid() == 0 else [])
        page = await browser.new_page()
        page.set_default_timeout(60_000)
        await page.goto(address, wait_until="commit")
        figures = {"page_first_view_s": await page.evaluate(_TABLE) / 1e3}
        opened: dict[str, float] = {}
        long = [name for name in names if name.startswith("long-")]
        for name in [*names[::25], *long]:
            await page.evaluate("location.hash = '#/'")
            await page.evaluate(_TABLE)
            opened[name] = await page.evaluate(_SESSION, name) / 1e3
        figures["page_open_median_s"], figures["page_open_most_s"] = median(opened.values()), max(opened.values())
        figures["page_open_long_most_s"] = max(opened[name] for name in long)
        figures["page_step_in_long_s"] = await page.evaluate(_STEP) / 1e3
        figures["page_search_in_long_s"] = await page.evaluate(_SEARCH) / 1e3
        figures["page_compare_long_s"] = await page.evaluate(_COMPARE, ",".join(long)) / 1e3
        await browser.close()
        return figures
