"""Show a page once in the browser of this machine: it is given out to one request and lies in no file."""

import secrets
import time
import webbrowser
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer

LOOPBACK = "127.0.0.1"
SECONDS = 120  # to open the page
IDLE_SECONDS = 2  # for a connection to say what it asks for: browsers open some that never do
HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def show_once(html: str, opens: Callable[[str], object] = webbrowser.open, seconds: float = SECONDS) -> bool:
    """Serve a page on the loopback address under a secret name until it was read once; was it?

    opens: is given the address. seconds: how long the page waits for its reader.
    """
    secret, content = secrets.token_urlsafe(24), html.encode()
    given: list[bool] = []

    class Handler(BaseHTTPRequestHandler):
        timeout = IDLE_SECONDS

        def do_GET(self) -> None:
            if given or not secrets.compare_digest(self.path.encode(), f"/{secret}".encode()):
                self.send_error(404)
                return
            given.append(True)
            self.send_response(200)
            for name, value in HEADERS.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """The address is a secret: it is logged nowhere."""

    with HTTPServer((LOOPBACK, 0), Handler) as server:
        opens(f"http://{LOOPBACK}:{server.server_port}/{secret}")
        end = time.monotonic() + seconds
        while not given and (left := end - time.monotonic()) > 0:
            server.timeout = left
            server.handle_request()
    return bool(given)
