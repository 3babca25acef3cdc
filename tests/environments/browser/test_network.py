"""A page reaches its site's own hosts and no other, by whichever way it tries."""

from __future__ import annotations

import re

import pytest

from environments.browser.driver import BrowserDriver
from environments.browser.guarded_page import open_page
from environments.browser.network import AllowList
from personas.errors import EnvironmentFailed
from tests.environments.browser.plain_feed import served

TRY = """async addresses => Promise.all(addresses.map(address => fetch(address).then(() => true, () => false)))"""
SOCKET = """address => new Promise(done => {
  const socket = new WebSocket(address); socket.onopen = () => done('open'); socket.onclose = socket.onerror = () => done('refused');
})"""


@pytest.mark.parametrize(
    ("origins", "url", "allowed"),
    [
        (["www.site.com"], "https://www.site.com/feed?x=1#y", True),
        (["www.site.com"], "https://WWW.SITE.COM:8443", True),
        (["www.site.com"], "https://site.com/", False),
        (["*.site.com"], "https://site.com/", True),
        (["*.site.com"], "wss://a.b.site.com/socket", True),
        (["*.site.com"], "https://evilsite.com/", False),
        (["*.site.com"], "https://site.com.evil.org/", False),
        (["*.site.com"], "https://www.site.com@evil.org/", False),
        (["*.site.com"], "https://www.site.com:443@evil.org/", False),
        (["*.site.com"], "https://evil.org/?https://www.site.com/", False),
        (["*.site.com"], "https://evil.org/.site.com/", False),
        (["127.0.0.1:80"], "http://127.0.0.1:8080/", False),
        (["127.0.0.1:80"], "http://127.0.0.1:80/", True),
        ([], "http://a.com/", False),
        ([], "data:text/plain,x", True),
    ],
)
def test_an_address_is_judged_by_its_host(origins, url, allowed):
    """Exactly the hosts of the patterns are allowed, whatever stands before or after them in the address."""
    assert AllowList(origins).allows(url) is allowed


def test_the_browser_resolves_no_other_name():
    """The rules for name look-ups name the same hosts, without ports."""
    assert AllowList(["*.site.com", "127.0.0.1:80"]).resolver_rules == (
        "MAP * ~NOTFOUND, EXCLUDE *.site.com, EXCLUDE site.com, EXCLUDE 127.0.0.1"
    )


@pytest.mark.parametrize("origin", ["https://a.com", "a.com/x", "*", "a.com, EXCLUDE *", ""])
def test_what_is_no_host_pattern_is_refused(origin):
    """A pattern that would mean something else to the browser is an error."""
    with pytest.raises(EnvironmentFailed, match=re.escape(repr(origin))):
        AllowList([origin])


async def test_other_hosts_are_blocked_and_counted():
    """Fetches, redirects, frames, sockets and other ports of the same host: none arrives, each counts once, the site's own go through."""
    with served({"/": "<p>feed</p>", "/own": "own"}) as (own, asked), served({"/": "other"}) as (other, reached):
        port = own.rpartition(":")[2]
        driver = BrowserDriver(allowed := AllowList([f"127.0.0.1:{port}"]))
        await driver.acquire()
        guarded = await open_page(driver, allowed)
        page = guarded.page
        await page.goto(own)
        tried = [f"{own}/own", f"{other}/", f"http://localhost:{port}/own", f"{own}/to=http://localhost:{port}/own", "http://example.com/x"]
        assert await page.evaluate(TRY, tried) == [True, False, False, False, False]
        assert await page.evaluate(SOCKET, other.replace("http", "ws")) == "refused"
        await page.evaluate("address => { const f = document.createElement('iframe'); f.src = address; document.body.append(f); }", other)
        for _ in range(100):  # word of a refusal comes apart from the refusal
            if guarded.gate.blocked.total() >= 6:
                break
            await page.wait_for_timeout(50)
        redirected = guarded.gate.blocked.pop("redirected by 127.0.0.1", 0)
        assert dict(guarded.gate.blocked) == {"127.0.0.1": 3, "localhost": 2 - redirected, "example.com": 1}
        assert reached == []
        assert sorted(set(asked) - {"/favicon.ico"}) == ["/", "/own", f"/to=http://localhost:{port}/own"]
        await guarded.close()
        await driver.release()
