"""Callers of every scenario, over prism: menus, callbacks, texts, ring groups, voicemail, queues. Used by `telnyx`.

    load (carrier and callers) <- prism <- recorder <- serve

`load --scenario mix` has callers of every scenario. Its carrier listens on a port of its own, so that prism can stand
before it.
"""

import json
import pathlib
import re

from oracle import Prism, Templates, judge
from processes import Failure, Orchestrator, Program, free_port
from recorder import Recorder

CALLS = 60
PER_SECOND = 6
# Paths of the description that calls and texts need.
WANTED = re.compile(r"^/(calls|conferences|connections|messages)\b")
# Called number and flow of each scenario, as the simulated callers expect them.
ROUTES = {
    "+15550400001": "contact-center",
    "+15550400002": "text-response",
    "+15550400004": "ring-group",
    "+15550400005": "voicemail",
    "+15550400006": "queue",
}
TEXTING = ["+15550400002", "+15550400003", "+15550400005"]


class Load(Program):
    """Carrier and callers."""

    def __init__(self, program, logs, target):
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}/v2"
        arguments = [program, "load", "--target", target, "--listen", f"127.0.0.1:{self.port}", "--scenario", "mix"]
        arguments += ["--calls", CALLS, "--rate", PER_SECOND, "--seed", 1, "--json"]
        super().__init__("load", arguments, logs)

    def report(self):
        """Waits for the end and returns what it says of its callers."""
        self.process.wait(timeout=240)
        return json.loads(self.path("out").read_text(encoding="utf-8"))


def configuration():
    """Routes and numbers of all scenarios, for the end of a configuration."""
    routes = [f'[[route]]\nnumber = "{number}"\nflow = "{flow}"\n' for number, flow in ROUTES.items()]
    answers = 'replies = "call-centre"\nhelp = "Call this number."\n'
    numbers = [f'[[number]]\nnumber = "{number}"\n{answers}' for number in TEXTING]
    budgets = "[messages]\nper_minute = 6000\nper_pair_hour = 10000\nper_hour = 1000000\nper_day = 1000000\n"
    return "\n" + "\n".join([*routes, budgets, *numbers])


def objections_to(report):
    """What went wrong with the callers."""
    calls = report["calls"]
    wrong = []
    if calls["completed"] != CALLS:
        wrong.append(f"of {CALLS} callers of all scenarios, {calls}: {report['problems']}")
    if report["messages"]["duplicates"] or report["commands"]["duplicate_effects"]:
        wrong.append(f"something happened twice: {report['messages']} {report['commands']}")
    print(f"check: prism: callers of every scenario: {calls}, {report['messages']['sent']} texts")
    return wrong


def run(options, logs, public_key):
    """The whole run; returns objections."""
    program = pathlib.Path(options.program).absolute()
    description = pathlib.Path(options.description).absolute()
    serve = Orchestrator(program, logs)
    load = Load(program, logs, serve.webhook_url)
    with Prism(options.prism, description, load.base_url, logs) as prism:
        prism.ready()
        recorder = Recorder(prism.port)
        serve.configure(recorder.base_url, public_key)
        with serve.config.open("a", encoding="utf-8") as file:
            file.write(configuration())
        with serve:
            serve.ready()
            with load:
                wrong = objections_to(load.report())
        if not any(exchange.path.startswith("/messages") for exchange in recorder.exchanges):
            raise Failure("no text went through prism")
        return wrong + judge(recorder, Templates(description, WANTED), "call and text")
