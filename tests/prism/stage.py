"""Two callers in a conference, for commands to act upon: a hangup ends a stage, and the next command needs a new one."""

import collections
import json
import subprocess

from processes import Failure, environment, request, until


def name_of(command):
    """`leg.speak`, `conference.mute`, `dial`, `query.call`."""
    (kind, about), *_ = command.items()
    if kind in ("leg", "conference"):
        return f"{kind}.{next(iter(about['action']))}"
    return f"query.{next(iter(about))}" if kind == "query" else kind


class Stage:
    """The legs, the conference and the commands that name them. `choose` says what a carrier takes of a command."""

    def __init__(self, program, simulator, serve, carrier, choose=lambda command: command):
        self.program, self.simulator, self.serve, self.carrier = program, simulator, serve, carrier
        self.choose = choose
        self.shows = 0
        self.open()

    def open(self):
        """Lets two callers ring a fresh number and waits until both are heard in one conference."""
        self.shows += 1
        root = self.simulator.root
        others = self.carrier.legs(root)
        self.simulator.ring(f"+1555011{self.shows:04}", 2, patience_ms=600_000, talk_ms=600_000)

        def meeting():
            arrived = {leg: session for leg, session in self.carrier.legs(root).items() if leg not in others}
            for conference, room in self.carrier.rooms(root).items():
                pair = sorted(self.carrier.heard(root, conference))
                if len(pair) == 2 and set(pair) <= set(arrived):
                    return arrived[pair[0]], pair, conference, room
            return None

        found = until(meeting, lambda: f"the meeting of two callers at stage {self.shows}")
        self.session, self.pair, self.conference, self.room = found
        self.commands = self.catalogue()

    def catalogue(self):
        """Every command, about this stage."""
        arguments = ["commands", "--leg", self.pair[0], "--other", self.pair[1], "--conference", self.conference]
        arguments += ["--connection", self.carrier.connection, "--json"]
        done = subprocess.run([self.program, *arguments], capture_output=True, env=environment(), check=False)
        if done.returncode != 0:
            raise Failure(f"cordboard commands ended with {done.returncode}: {done.stderr.decode().strip()}")
        return [self.choose(command) for command in json.loads(done.stdout)]

    def owner(self, command):
        """Path of whom a command is sent to: what acts upon a conference is the room's, all else the call's."""
        rooms = {"conference", "update_participant"}
        return f"conferences/{self.room}" if rooms & command.keys() else f"calls/{self.session}"

    def stands(self):
        """Whether both callers are still where they were."""
        status, _, call = request("GET", f"{self.serve.operator}/api/v1/calls/{self.session}")
        alive = status == 200 and call["live"]
        pair, root = set(self.pair), self.simulator.root
        return alive and pair <= set(self.carrier.legs(root)) and self.carrier.heard(root, self.conference) == pair

    def issue_everything(self, recorder, silent=frozenset()):
        """Issues every command once. Those named in `silent` cause no request, all others do; returns objections."""
        wrong, kinds = [], collections.Counter()
        for index in range(len(self.commands)):
            if not self.stands():
                self.open()
            command = self.commands[index]
            name = name_of(command)
            before = len(recorder.exchanges)
            status, _, body = request("POST", f"{self.serve.operator}/api/v1/{self.owner(command)}/commands", command)
            if status != 202:
                wrong.append(f"the operator door answered {status} {body} to {json.dumps(command)[:120]}")
                continue
            until(
                lambda: self.serve.memory()["unsettled"] == 0,
                lambda name=name: f"the settlement of {name} ({self.serve.memory()})",
                seconds=60,
            )
            answers = recorder.exchanges[before:]
            kinds.update(str(exchange.status) for exchange in answers)
            if not answers and name not in silent:
                wrong.append(f"no request came of {name}")
        print(f"check: prism: {len(self.commands)} commands issued on {self.shows} stages, answers {dict(kinds)}")
        return wrong
