# SPDX-License-Identifier: MIT
"""`tern bench --rate` counts a request's time from the moment at which it should have been sent, so
that a server that stalls cannot hide how many requests would have waited."""
import http.server
import threading
import time

from test_bench import bench

STALL_S, RATE = 0.6, 100


class Stalling(http.server.BaseHTTPRequestHandler):
    """Answers at once, but not at all for a while, half a second after the first request."""
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body leave together
    first = None  # the moment of the first request

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        now = time.monotonic()
        Stalling.first = Stalling.first or now
        begin = Stalling.first + 0.5
        if begin <= now < begin + STALL_S:
            time.sleep(begin + STALL_S - now)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


def measure(*flags):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stalling)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        Stalling.first = None
        return bench(f"http://127.0.0.1:{server.server_port}", "raw", "--duration", "2",
                     "--connections", "4", "--sign-once", *flags)["operations"]["send"]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_requests_that_a_stall_would_have_delayed_count_their_wait():
    times = measure("--rate", str(RATE))
    # Nearly a third of the intended sends falls into the stall and waits for its end, so the
    # slowest tenth waited for more than half of it.
    assert times["p90_us"] > STALL_S / 2 * 1e6
    assert times["p99_us"] > STALL_S * 0.8 * 1e6
    assert times["requests"] > RATE


def test_without_a_rate_only_requests_under_way_see_the_stall():
    times = measure()
    # Four requests of thousands wait: what coordinated omission hides.
    assert times["max_us"] > STALL_S * 0.8 * 1e6
    assert times["p90_us"] < STALL_S / 2 * 1e6
