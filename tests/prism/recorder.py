"""A proxy that forwards every request and writes down what came back: the memory of the prism run."""

import collections
import http.client
import http.server
import threading


class Exchange(collections.namedtuple("Exchange", "method path status violations request answer")):
    """One exchange as it passed: `violations` is prism's own word, empty when it was content."""

    __slots__ = ()

    def is_objected_to(self):
        """Whether prism found fault with the request or the answer."""
        return bool(self.violations) or "stoplight.io/prism/errors" in self.answer


# Belong to one connection, not to the message.
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host"}


class Recorder:
    """Listens on a free port and forwards to `port` on this machine."""

    def __init__(self, port):
        self.exchanges = []
        self.to_be_lost = []
        recorder = self

        class Handler(http.server.BaseHTTPRequestHandler):
            """One connection."""

            protocol_version = "HTTP/1.1"

            def forward(self):
                """Any method."""
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                if recorder.loses(self.command, self.path):
                    self.close_connection = True
                    return
                status, headers, answer = recorder.ask(port, self.command, self.path, self.headers, body)
                recorder.exchanges.append(
                    Exchange(
                        self.command,
                        self.path,
                        status,
                        headers.get("sl-violations", ""),
                        body.decode(errors="replace"),
                        answer.decode(errors="replace"),
                    )
                )
                try:
                    self.answer(status, headers, answer)
                except (BrokenPipeError, ConnectionResetError):
                    # The orchestrator lets go of a request once a webhook has proved its effect.
                    self.close_connection = True

            def answer(self, status, headers, answer):
                """Passes an answer on."""
                self.send_response(status)
                for name, value in headers.items():
                    if name.lower() not in HOP_BY_HOP:
                        self.send_header(name, value)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = forward

            def log_message(self, *_):
                """Says nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.base_url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @staticmethod
    def ask(port, method, path, headers, body):
        """Forwards one request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            passed = {name: value for name, value in headers.items() if name.lower() not in HOP_BY_HOP}
            connection.request(method, path, body or None, passed)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def lose(self, method, end):
        """The connection of the next such request breaks before prism sees it; `end` is the end of its path."""
        self.to_be_lost.append((method, end))

    def loses(self, method, path):
        """Whether this is a request that is to be lost; each is lost once."""
        for lost in self.to_be_lost:
            if lost[0] == method and path.partition("?")[0].endswith(lost[1]):
                self.to_be_lost.remove(lost)
                return True
        return False

    def violations(self):
        """Exchanges that prism objected to, requests and answers alike."""
        return [exchange for exchange in self.exchanges if exchange.is_objected_to()]
