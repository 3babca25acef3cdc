"""A small short-video page that follows the local page's DOM contract, with faults on demand, served on loopback."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PAGE = """<!doctype html><meta charset=utf-8><title>clips</title>
<style>body {{ margin: 0; background: #112; color: #eee }} article {{ display: none; height: 844px }}
article[aria-current=true] {{ display: block }}
video {{ width: 390px; height: 500px }}</style>
<body data-ready>{articles}
<script>
const articles = [...document.querySelectorAll('article')];
let at = Math.max(0, articles.findIndex(one => '#' + one.dataset.item === location.hash)), swallow = {stuck};
window.keys = 0; window.presses = 0;
function show(n) {{
  at = n;
  articles.forEach((one, k) => one.setAttribute('aria-current', k === n));
  articles.forEach(one => one.querySelector('video').pause());
  if (n < articles.length) {{ history.replaceState(null, '', '#' + articles[n].dataset.item); articles[n].querySelector('video').play(); }}
  else document.body.setAttribute('data-end', '');
}}
addEventListener('keydown', event => {{
  if (event.key !== 'ArrowDown') return;
  event.preventDefault(); window.keys++;
  if (swallow > 0) swallow--; else setTimeout(() => show(at + 1), {lag});
}});
document.querySelectorAll('[data-role=like]').forEach(button => button.addEventListener('click', () => {{
  window.presses++; button.setAttribute('aria-pressed', button.getAttribute('aria-pressed') !== 'true');
}}));
document.addEventListener('visibilitychange', () => {{
  const video = at < articles.length && articles[at].querySelector('video');
  if (video) document.hidden ? video.pause() : video.play();
}});
show(at);
{script}
</script>"""

ARTICLE = """<article data-item="{name}" data-duration="{seconds}"><video muted loop playsinline src="{video}"></video>
<p data-role=author>someone</p><p data-role=caption>{caption}</p><p data-role=hashtags>#one #two</p><p data-role=sound>a song</p>
<button data-role=like aria-pressed=false>like</button></article>"""


def page_of(
    video: Path, *, clips: int = 3, seconds: float = 2.0, stuck: int = 0, lag: int = 20, script: str = "", caption: str = ""
) -> str:
    """The page: `clips` times the same video. `stuck` swipes are swallowed, the others take `lag` ms; `script` runs at the end."""
    source = "data:video/webm;base64," + base64.b64encode(video.read_bytes()).decode()
    articles = "".join(
        ARTICLE.format(name=f"clip-{k}", seconds=seconds, video=source, caption=caption or f"words {k}") for k in range(clips)
    )
    return PAGE.format(articles=articles, stuck=stuck, lag=lag, script=script)


@contextmanager
def served(pages: dict[str, str]) -> Iterator[tuple[str, list[str]]]:
    """The server's address and, as they come, the paths it was asked for. `/to=URL` redirects, `/file` is a download."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(302 if self.path.startswith("/to=") else 200 if self.path in (*pages, "/file") else 404)
            self.send_header("Content-Type", "application/zip" if self.path == "/file" else "text/html")
            self.send_header("Access-Control-Allow-Origin", "*")
            if self.path.startswith("/to="):
                self.send_header("Location", self.path[4:])
            self.end_headers()
            self.wfile.write(pages.get(self.path, "PK").encode())

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
