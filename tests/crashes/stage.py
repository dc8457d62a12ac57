"""One `serve` and one `simulate` with ports and folders of their own, to be killed, paused and started again.

Every scenario of `tests/crash` plays on such a stage; what counts as well done is in `oracle.py`.
"""

import json
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import threading
import time

from processes import Failure, Orchestrator, Simulator, environment, request, until

# Lowest port that is handed out; the highest is the one below the kernel's range for outgoing connections. A port of
# that range could be taken by somebody's connection while a killed process does not listen.
LOWEST_PORT = 12_000
PORT_RANGE = pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range")
_PORTS_GIVEN = set()
_PORTS_LOCK = threading.Lock()

# A start is a fraction of a second; a debug build on a busy machine takes longer.
START_SECS = 30
# The promise of `serve` after SIGTERM.
FAREWELL_SECS = 20
# From the last caller's end until probes, retries and hangups are through.
AFTERMATH_SECS = 150


def steady_port():
    """A port that nobody listens on, that no outgoing connection takes, and that was not handed out before."""
    try:
        highest = int(PORT_RANGE.read_text(encoding="ascii").split()[0])
    except (OSError, ValueError):
        highest = 32_768
    with _PORTS_LOCK:
        while True:
            port = random.randrange(min(LOWEST_PORT, highest - 5_000), highest)
            with socket.socket() as listener:
                try:
                    listener.bind(("127.0.0.1", port))
                except OSError:
                    continue
            if port not in _PORTS_GIVEN:
                _PORTS_GIVEN.add(port)
                return port


class Serve(Orchestrator):
    """`cordboard serve` that may end at any time: its output is kept over all of its lives."""

    def __init__(self, program, logs, variables=None):
        super().__init__(program, logs)
        self.carrier_port, self.operator_port = steady_port(), steady_port()
        self.webhook_url = f"http://127.0.0.1:{self.carrier_port}/webhooks/telnyx"
        self.operator = f"http://127.0.0.1:{self.operator_port}"
        self.variables = variables or {}
        # What the program is started by, such as the way into a namespace.
        self.prefix = []
        self.journal = self.logs.absolute() / "journal"
        self.starts = 0
        self.slowest_start = 0.0

    def start(self, **more):
        """Starts it; `more` is added to its environment for this life only."""
        self.starts += 1
        with open(self.path("out"), "ab") as out, open(self.path("err"), "ab") as err:
            self.process = subprocess.Popen(
                [*self.prefix, *self.arguments],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=self.logs,
                env=environment(**self.variables, **more),
            )

    def start_ready(self, **more):
        """Starts it and waits until it takes calls."""
        began = time.monotonic()
        self.start(**more)
        self.wait_for(f"{self.operator}/readyz", START_SECS)
        self.slowest_start = max(self.slowest_start, time.monotonic() - began)

    def kill(self):
        """SIGKILL, now."""
        self.process.kill()
        self.process.wait()

    def farewell(self):
        """SIGTERM; returns exit code and seconds. Later than promised counts as a failure."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(FAREWELL_SECS)
        except subprocess.TimeoutExpired:
            raise Failure(f"serve did not end within {FAREWELL_SECS} s after SIGTERM") from None
        return code, time.monotonic() - began

    def log_lines(self, message):
        """The log's events with this message, from all lives."""
        found = []
        for line in self.path("err").read_text(encoding="utf-8", errors="replace").splitlines():
            if message in line:
                try:
                    found.append(json.loads(line))
                except ValueError:
                    continue
        return found

    def database(self):
        """The journal's file; a copy of it when it lies in another mount namespace, where SQLite finds no way."""
        if not self.journal.is_relative_to("/proc"):
            return self.journal / "journal.sqlite"
        copy = self.logs / "journal-copy"
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        for file in self.journal.glob("journal.sqlite*"):
            shutil.copy(file, copy)
        return copy / "journal.sqlite"


class Stage:
    """Carrier and orchestrator; both are gone when the `with` block ends."""

    def __init__(self, program, logs, chaos="calm", seed=1, patience=None, **variables):
        logs = pathlib.Path(logs).absolute()
        logs.mkdir(parents=True, exist_ok=True)
        # Twice the interval is what an unnoticed end may take; the default minute would make every run longer.
        settings = {"CORDBOARD_RECONCILER_INTERVAL": "20s", "CORDBOARD_OBSERVABILITY_LOG_FORMAT": "json"}
        # How full this machine's disk is must not decide; the scenario with a disk of its own fills it to the last byte.
        settings |= {"CORDBOARD_JOURNAL_DISK_PLENTY_BYTES": "1"} | variables
        self.program, self.chaos, self.seed = program, chaos, seed
        self.serve = Serve(program, logs, settings)
        for stream in ("out", "err"):
            self.serve.path(stream).unlink(missing_ok=True)
        extra = ["--chaos", chaos, "--seed", str(seed), "--json"]
        if patience is not None:
            extra += ["--patience", str(patience)]
        self.simulator = Simulator(program, logs, self.serve.webhook_url, extra)
        self.simulator.move(steady_port())

    def __enter__(self):
        self.simulator.__enter__()
        try:
            health = self.simulator.ready()
            self.serve.variables["CORDBOARD_TELNYX_CONNECTION_IDS"] = health["connection_id"]
            self.connection = health["connection_id"]
            self.serve.configure(self.simulator.base_url, health["public_key"])
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for program in (self.serve, self.simulator):
            if program.process is not None and program.process.poll() is None:
                # One that is stopped does not hear anything else.
                program.process.kill()
                program.process.wait()

    def load(self, calls, rate, talk_ms, room=5):
        """Lets so many callers ring at so many a second, in conferences of `room`."""
        wanted = {"calls": calls, "rate_per_s": rate, "callers_per_conference": room, "talk_ms": talk_ms}
        status, _, body = request("POST", f"{self.simulator.root}/simulator/load", wanted)
        if status != 202:
            raise Failure(f"the simulator refused the load: {status} {body}")

    def snapshot(self):
        """The carrier's figures as they stand."""
        return request("GET", f"{self.simulator.root}/simulator/snapshot")[2]

    def live(self):
        """Callers who are ringing, waiting or talking."""
        seen = self.snapshot()
        return seen["ringing"] + seen["waiting"] + seen["talking"]

    def acked(self):
        """Ids of all events that the orchestrator answered 2xx."""
        return request("GET", f"{self.simulator.root}/simulator/acked")[2]

    def carriers_legs(self):
        """Legs that live at the carrier, as its API lists them."""
        url = f"{self.simulator.base_url}/connections/{self.connection}/active_calls?page%5Blimit%5D=250"
        status, _, body = request("GET", url, headers={"authorization": "Bearer any"})
        if status != 200:
            raise Failure(f"the carrier's list of calls answered {status} {body}")
        return [call["call_control_id"] for call in body["data"]]

    def until_talking(self, count, seconds=60):
        """Waits until so many callers are where they wanted to be."""
        until(lambda: self.snapshot()["talking"] == count, lambda: f"{count} talking callers ({self.snapshot()})", seconds)

    def until_over(self, calls, seconds=AFTERMATH_SECS):
        """Waits until `calls` callers are done and nothing of them is left, here and there; returns the report."""

        def over():
            seen = self.snapshot()
            done = seen["completed"] + seen["failed"] + seen["lost"]
            if done < calls or seen["legs_live"] or seen["conferences_live"]:
                return None
            report = self.simulator.report()
            webhooks = report["webhooks"]
            return report if webhooks["sent"] == webhooks["acked"] + webhooks["rejected"] else None

        report = until(over, lambda: f"the end of {calls} calls ({self.snapshot()})", seconds)
        until(
            lambda: not any(self.serve.memory().values()),
            lambda: f"the end of everything in memory ({self.serve.memory()})",
            AFTERMATH_SECS,
        )
        return report
