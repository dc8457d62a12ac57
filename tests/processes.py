"""Programs under test as child processes, and the simulated carrier's control pages. Standard library only.

Used by the drivers of `two_processes.py`, `crashes/`, `peers/` and `prism/`; it judges nothing (that is `check_report.py`).
"""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

# Between two looks at a page that is not ready yet.
GLANCE_SECS = 0.05
# For one request to a program on this machine.
REQUEST_SECS = 10
# From SIGTERM to SIGKILL; the orchestrator itself needs no more than a few seconds without calls.
FAREWELL_SECS = 30


# Any token is welcome at the simulated carrier.
API_KEY = "KEY-of-the-simulated-carrier"

CONFIG = """\
[server]
listen = "127.0.0.1:{carrier}"
shutdown_notice = "0s"

[operator]
listen = "127.0.0.1:{operator}"
dial_allow = ["+1555"]

[telnyx]
base_url = "{base_url}"
api_key = "{api_key}"
public_key = "{public_key}"

[journal]
directory = "{journal}"

[[route]]
room = "called-number"
"""


# The same over the other carrier.
TWILIO_CONFIG = """\
[server]
listen = "127.0.0.1:{carrier}"
shutdown_notice = "0s"

[operator]
listen = "127.0.0.1:{operator}"
dial_allow = ["+1555"]

[twilio]
base_url = "{base_url}"
account_sid = "{account}"
auth_token = "{token}"
public_url = "http://127.0.0.1:{carrier}"

[journal]
directory = "{journal}"

[[route]]
room = "called-number"
"""

# Texts of one number, at a pace that no test waits for.
TEXTS_CONFIG = """
[messages]
per_minute = 6000

[[number]]
number = "{number}"
replies = "call-centre"
"""


class Failure(Exception):
    """What a driver found wrong, in words for a person."""


def free_port():
    """A port that nobody listens on. Another program may take it first; then the start fails and says so."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def environment(**variables):
    """This process's environment without settings of ours or keys of carriers, plus `variables`."""
    ours = ("CORDBOARD_", "TELNYX_", "TWILIO_", "OTEL_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours) and name != "PORT"}
    return kept | variables


class Program:
    """A child process whose output goes to files in a folder; stopped when the `with` block ends."""

    def __init__(self, name, arguments, logs, variables=None):
        self.name, self.arguments, self.variables = name, [str(part) for part in arguments], variables or {}
        self.logs = pathlib.Path(logs)
        self.process = None

    def __enter__(self):
        if not os.access(self.arguments[0], os.X_OK):
            raise Failure(f"there is no program at {self.arguments[0]}: build it with cargo build --release")
        self.logs.mkdir(parents=True, exist_ok=True)
        # The working directory is the folder of the logs, so that no `.env` or `cordboard.toml` of a developer is read.
        with open(self.path("out"), "wb") as out, open(self.path("err"), "wb") as err:
            self.process = subprocess.Popen(
                self.arguments,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=self.logs,
                env=environment(**self.variables),
            )
        return self

    def __exit__(self, *_):
        self.stop()

    def path(self, stream):
        """File of `out` or `err`."""
        return self.logs / f"{self.name}.{stream}"

    def stop(self):
        """Asks the process to end, makes it end, and returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(FAREWELL_SECS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.process.returncode

    def must_run(self):
        """Fails when the process has ended."""
        if self.process.poll() is not None:
            output = "".join(self.path(stream).read_text(errors="replace")[-2000:] for stream in ("out", "err"))
            raise Failure(f"{self.name} ended with {self.process.returncode}: {output.strip()}")

    def wait_for(self, url, seconds=30):
        """Waits until `url` answers 200 and returns the body."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.must_run()
            try:
                with urllib.request.urlopen(url, timeout=REQUEST_SECS) as answer:
                    if answer.status == 200:
                        return answer.read()
            except (urllib.error.URLError, OSError):
                pass
            time.sleep(GLANCE_SECS)
        raise Failure(f"{self.name} did not answer at {url} within {seconds} s")


def request(method, url, body=None, headers=None):
    """One JSON request; returns status, headers, and the body as JSON or text. Never raises for a status."""
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(url, data=data, method=method)
    for name, value in ({"content-type": "application/json"} | (headers or {})).items():
        asked.add_header(name, value)
    try:
        with urllib.request.urlopen(asked, timeout=REQUEST_SECS) as answer:
            status, heads, text = answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as refused:
        status, heads, text = refused.code, refused.headers, refused.read().decode(errors="replace")
    try:
        return status, heads, json.loads(text)
    except ValueError:
        return status, heads, text


def until(look, what, seconds=30):
    """Calls `look` until it returns something true, and returns that; `what()` describes the failure."""
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise Failure(f"{what()} did not come within {seconds} s")
        time.sleep(GLANCE_SECS)


class Simulator(Program):
    """`cordboard simulate` on a port of its own, calm."""

    def __init__(self, program, logs, webhook_url, extra=()):
        arguments = [program, "simulate", "--listen", "", "--webhook-url", webhook_url, *extra]
        super().__init__("simulate", arguments, logs)
        self.move(free_port())

    def move(self, port):
        """Chooses the port; comes before the start."""
        self.port = port
        self.root = f"http://127.0.0.1:{port}"
        self.base_url = f"{self.root}/v2"
        self.arguments[self.arguments.index("--listen") + 1] = f"127.0.0.1:{port}"

    def ready(self):
        """Waits until it serves; returns its health page, which has the public key."""
        return json.loads(self.wait_for(f"{self.root}/simulator/health"))

    def ring(self, number, count=1, **script):
        """Lets callers ring `number`; `script` is passed on as it is."""
        wanted = {"to": number, "count": count} | script
        status, _, body = request("POST", f"{self.root}/simulator/callers", wanted)
        if status != 202:
            raise Failure(f"the simulator refused {count} callers: {status} {body}")

    def text(self, sender, receiver, words):
        """Somebody texts the program."""
        message = {"from": sender, "to": receiver, "text": words}
        status, _, body = request("POST", f"{self.root}/simulator/messages", message)
        if status != 202:
            raise Failure(f"the simulator refused a text: {status} {body}")

    def set_phone(self, number, receipt):
        """What becomes of texts to a phone."""
        status, _, body = request("POST", f"{self.root}/simulator/phones", {"pattern": number, "receipt": receipt})
        if status != 200:
            raise Failure(f"the simulator refused a phone: {status} {body}")

    def report(self):
        """The ledger as it stands."""
        return request("GET", f"{self.root}/simulator/report")[2]

    def report_when_over(self, started, seconds):
        """Waits until `started` callers came to an end and nothing is live, and returns the report."""

        def over():
            # Who waits for a text has no leg any more, but is not done.
            callers = request("GET", f"{self.root}/simulator/snapshot")[2]
            if callers["ringing"] or callers["waiting"] or callers["talking"]:
                return None
            report = self.report()
            webhooks, left = report["webhooks"], report["left_behind"]
            # A caller who still waits counts as lost, so only what is live tells that it is over.
            quiet = webhooks["sent"] == webhooks["acked"] + webhooks["rejected"]
            here = report["calls"]["started"] >= started
            return report if here and quiet and not left["legs"] and not left["conferences"] else None

        return until(over, lambda: f"the end of {started} calls ({json.dumps(self.report())})", seconds)


class Orchestrator(Program):
    """`cordboard serve` with its doors on ports of its own. `configure` comes before the start."""

    def __init__(self, program, logs):
        self.carrier_port, self.operator_port = free_port(), free_port()
        self.webhook_url = f"http://127.0.0.1:{self.carrier_port}/webhooks/telnyx"
        self.operator = f"http://127.0.0.1:{self.operator_port}"
        self.config = pathlib.Path(logs).absolute() / "cordboard.toml"
        super().__init__("serve", [program, "serve", "--config", self.config], logs)

    def configure(self, base_url, public_key):
        """Writes the configuration: which carrier, and whose signatures are believed. The journal begins empty."""
        journal = self.logs / "journal"
        shutil.rmtree(journal, ignore_errors=True)
        text = CONFIG.format(
            carrier=self.carrier_port,
            operator=self.operator_port,
            base_url=base_url,
            api_key=API_KEY,
            public_key=public_key,
            journal=journal,
        )
        self.config.write_text(text, encoding="utf-8")

    def configure_twilio(self, base_url, account, token, number=None):
        """The same over the other carrier; `number` answers texts, if there is one."""
        self.webhook_url = f"http://127.0.0.1:{self.carrier_port}/webhooks/twilio"
        journal = self.logs / "journal"
        shutil.rmtree(journal, ignore_errors=True)
        self.logs.mkdir(parents=True, exist_ok=True)
        text = TWILIO_CONFIG.format(
            carrier=self.carrier_port,
            operator=self.operator_port,
            base_url=base_url,
            account=account,
            token=token,
            journal=journal,
        )
        if number:
            text += TEXTS_CONFIG.format(number=number)
        self.config.write_text(text, encoding="utf-8")

    def ready(self):
        """Waits until it takes calls."""
        self.wait_for(f"{self.operator}/readyz")

    def memory(self):
        """What it still has in memory: actors, timers, index entries, unsettled commands."""
        status, _, body = request("GET", f"{self.operator}/api/v1/status")
        if status != 200:
            raise Failure(f"the operator door answered {status} {body}")
        return body["memory"]
