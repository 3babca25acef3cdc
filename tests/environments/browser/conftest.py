"""The sites' replicas on loopback, and one Chromium for all tests of a file."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from environments.browser.chromium import LAUNCH_ARGUMENTS, require_chromium

REPLICAS = Path(__file__).parent / "replicas"
CLIP_SECONDS = (0.6, 0.9, 1.2)


def _clips(folder: Path) -> None:
    """0.webm, 1.webm, 2.webm: VP9, portrait, of CLIP_SECONDS."""
    from fractions import Fraction

    import av
    import numpy as np

    for number, seconds in enumerate(CLIP_SECONDS):
        with av.open(str(folder / f"{number}.webm"), "w") as container:
            stream = container.add_stream("libvpx-vp9", rate=10, options={"deadline": "realtime", "cpu-used": "8"})
            stream.width, stream.height, stream.pix_fmt = 90, 160, "yuv420p"
            for index in range(round(seconds * 10)):
                frame = av.VideoFrame.from_ndarray(np.full((160, 90, 3), 40 + 60 * number + index, np.uint8), format="rgb24")
                frame.pts, frame.time_base = index, Fraction(1, 10)
                container.mux(stream.encode(frame))
            container.mux(stream.encode())


@pytest.fixture(scope="session")
def replicas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str, str], str]]:
    """`replicas(site, scenario)` is the base URL of a site's replica; the server ends with the tests.

    Scenarios: ends (all surprises, then the end), endless, plain, dead-keys, consent, captcha, login-after-3, consent-after-3,
    captcha-after-3, login-on-like,    login-address, login, empty; for YouTube also consent-address. "ends@4" begins at the fifth item.
    """
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import FileResponse, Response
    from starlette.routing import Route

    clips = tmp_path_factory.mktemp("clips")
    _clips(clips)

    async def page(request: Request) -> Response:
        return FileResponse(REPLICAS / request.app.state.sites[request.url.port] / "index.html")

    routes = [
        Route("/s/{scenario}/{path:path}", page),
        Route("/replicas/feed.js", lambda _: FileResponse(REPLICAS / "feed.js")),
        Route("/clips/{name}", lambda request: FileResponse(clips / f"{int(request.path_params['name'][0])}.webm")),
    ]
    app = Starlette(routes=routes)
    app.state.sites = {}
    sockets = {site: socket.create_server(("127.0.0.1", 0)) for site in ("tiktok", "youtube_shorts", "instagram_reels")}
    app.state.sites = {each.getsockname()[1]: site for site, each in sockets.items()}
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": list(sockets.values())}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield lambda site, scenario="ends": f"http://127.0.0.1:{sockets[site].getsockname()[1]}/s/{scenario}"
    server.should_exit = True
    thread.join(10)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium_browser() -> AsyncIterator[Browser]:
    """A real Chromium, for tests whose loop has module scope."""
    sandbox = [] if os.geteuid() else ["--no-sandbox"]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=require_chromium(), args=[*LAUNCH_ARGUMENTS, *sandbox])
        yield browser
        await browser.close()
