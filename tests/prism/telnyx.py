"""Calls and commands of `cordboard serve` on their way through prism to `cordboard simulate`. Started by `run`.

    serve -> recorder -> prism (validates requests and answers) -> simulate

First some callers meet in conferences, then every command of the catalogue is issued once through the operator door,
then callers of every scenario ring (`scenarios`).
Prism must object to nothing, and every command must have reached it.
"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import driver  # noqa: E402
import scenarios  # noqa: E402
from carriers import Telnyx  # noqa: E402
from oracle import Prism, Templates, judge  # noqa: E402
from processes import Failure, Orchestrator, Simulator, request  # noqa: E402
from recorder import Recorder  # noqa: E402
from stage import Stage  # noqa: E402

CONFERENCES = 4
CALLERS = 5


def prove_the_oracle(recorder):
    """A wrong request must be objected to; an oracle that says yes to everything proves nothing."""
    request("POST", f"{recorder.base_url}/calls/x/actions/speak", {}, {"authorization": "Bearer x"})
    if not recorder.violations():
        raise Failure("prism did not object to a speak without a text")
    recorder.exchanges.clear()


def run(options, logs):
    """The whole run; returns objections."""
    program = pathlib.Path(options.program).absolute()
    description = pathlib.Path(options.description).absolute()
    serve = Orchestrator(program, logs)
    with Simulator(program, logs, serve.webhook_url) as simulator:
        telnyx = Telnyx(simulator.ready())
        with Prism(options.prism, description, telnyx.upstream(simulator.root), logs) as prism:
            prism.ready()
            recorder = Recorder(prism.port)
            prove_the_oracle(recorder)
            telnyx.configure(serve, recorder.base_url)
            with serve:
                serve.ready()
                wrong = driver.meet(simulator, CONFERENCES, CALLERS)
                wrong += Stage(program, simulator, serve, telnyx).issue_everything(recorder)
    callers, exchanges = scenarios.run(options, logs / "scenarios", telnyx)
    templates = Templates(description, telnyx.wanted)
    return wrong + callers + judge(recorder.exchanges + exchanges, templates, "call and text")


if __name__ == "__main__":
    sys.exit(driver.main(__doc__, run))
