"""Callers of every scenario, over prism: conferences, menus, callbacks, texts, ring groups, voicemail, queues.
Used by `telnyx` and `twilio`.

    load (carrier and callers) <- prism <- recorder <- serve

`load --scenario mix` has callers of every scenario. Its carrier listens on a port of its own, so that prism can stand
before it.
"""

import collections
import json
import pathlib

from oracle import Prism
from processes import Failure, Orchestrator, Program, free_port, request
from recorder import Recorder

CALLS = 60
PER_SECOND = 6
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

    def __init__(self, program, logs, target, carrier):
        self.port = free_port()
        self.root = f"http://127.0.0.1:{self.port}"
        arguments = [program, "load", "--target", target, "--listen", f"127.0.0.1:{self.port}", "--scenario", "mix"]
        arguments += ["--carrier", carrier.name, "--calls", CALLS, "--rate", PER_SECOND, "--seed", 1, "--json"]
        super().__init__("load", arguments, logs)

    def report(self):
        """Waits for the end and returns what it says of its callers."""
        self.process.wait(timeout=240)
        return json.loads(self.path("out").read_text(encoding="utf-8"))


def configuration():
    """Routes and numbers of all scenarios, for the end of a configuration. The reconciler asks while calls are live."""
    routes = [f'[[route]]\nnumber = "{number}"\nflow = "{flow}"\n' for number, flow in ROUTES.items()]
    answers = 'replies = "call-centre"\nhelp = "Call this number."\n'
    numbers = [f'[[number]]\nnumber = "{number}"\n{answers}' for number in TEXTING]
    budgets = "[messages]\nper_minute = 6000\nper_pair_hour = 10000\nper_hour = 1000000\nper_day = 1000000\n"
    return "\n" + "\n".join([*routes, '[reconciler]\ninterval = "2s"\n', budgets, *numbers])


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


def not_followed(serve):
    """Objections to flows of the scenarios that no call has followed."""
    calls = [
        call
        for state in ("live", "ended")
        for call in request("GET", f"{serve.operator}/api/v1/calls?state={state}&limit=500")[2]["calls"]
    ]
    flows = collections.Counter(call["flow"] for call in calls)
    print(f"check: prism: calls by flow: {dict(flows)}")
    return [f"no call followed the flow {flow}" for flow in {"conference", *ROUTES.values()} - flows.keys()]


def run(options, logs, carrier):
    """The whole run; returns objections, and every exchange."""
    program = pathlib.Path(options.program).absolute()
    description = pathlib.Path(options.description).absolute()
    serve = Orchestrator(program, logs)
    load = Load(program, logs, f"http://127.0.0.1:{serve.carrier_port}/webhooks/{carrier.name}", carrier)
    with Prism(options.prism, description, carrier.upstream(load.root), logs) as prism:
        prism.ready()
        recorder = Recorder(prism.port)
        carrier.configure(serve, recorder.base_url)
        with serve.config.open("a", encoding="utf-8") as file:
            file.write(configuration())
        with serve:
            serve.ready()
            with load:
                wrong = objections_to(load.report())
            wrong += not_followed(serve)
    if not any("/messages" in exchange.path.lower() for exchange in recorder.exchanges):
        raise Failure("no text went through prism")
    return wrong, recorder.exchanges
