"""Two callers in a conference, for commands to act upon: a hangup ends a stage, and the next command needs a new one."""

import json
import subprocess

from processes import API_KEY, Failure, environment, request, until


class Stage:
    """The legs, the conference and the commands that name them."""

    def __init__(self, program, simulator, serve, connection):
        self.program, self.simulator, self.serve, self.connection = program, simulator, serve, connection
        self.shows = 0
        self.open()

    def ask(self, path):
        """A question to the simulated carrier, past prism; its data, or nothing when it refuses."""
        headers = {"authorization": f"Bearer {API_KEY}"}
        status, _, body = request("GET", self.simulator.base_url + path, headers=headers)
        return body["data"] if status == 200 else None

    def legs(self):
        """Live legs by id."""
        legs = self.ask(f"/connections/{self.connection}/active_calls?page%5Blimit%5D=250") or []
        return {leg["call_control_id"]: leg for leg in legs}

    def heard(self, conference):
        """Ids of the legs in a conference."""
        entries = self.ask(f"/conferences/{conference}/participants?page%5Bsize%5D=250") or []
        return {entry["call_control_id"] for entry in entries if entry["status"] == "joined"}

    def open(self):
        """Lets two callers ring a fresh number and waits until both are heard in one conference."""
        self.shows += 1
        others = self.legs()
        self.simulator.ring(f"+1555011{self.shows:04}", 2, patience_ms=600_000, talk_ms=600_000)

        def meeting():
            arrived = {leg: call for leg, call in self.legs().items() if leg not in others}
            rooms = self.ask("/conferences?filter%5Bstatus%5D=in_progress&page%5Bsize%5D=250") or []
            room = next((room for room in rooms if self.heard(room["id"]) == set(arrived)), None)
            return (arrived, room) if len(arrived) == 2 and room else None

        arrived, room = until(meeting, lambda: f"the meeting of two callers at stage {self.shows}")
        self.conference, self.room = room["id"], room["name"]
        self.pair = list(arrived)
        self.session = arrived[self.pair[0]]["call_session_id"]
        self.commands = self.catalogue()

    def catalogue(self):
        """Every command, about this stage."""
        arguments = ["commands", "--leg", self.pair[0], "--other", self.pair[1], "--conference", self.conference]
        arguments += ["--connection", self.connection, "--json"]
        done = subprocess.run([self.program, *arguments], capture_output=True, env=environment(), check=False)
        if done.returncode != 0:
            raise Failure(f"cordboard commands ended with {done.returncode}: {done.stderr.decode().strip()}")
        return json.loads(done.stdout)

    def owner(self, command):
        """Path of whom a command is sent to: what acts upon a conference is the room's, all else the call's."""
        rooms = {"conference", "update_participant"}
        return f"conferences/{self.room}" if rooms & command.keys() else f"calls/{self.session}"

    def stands(self):
        """Whether both callers are still where they were."""
        status, _, call = request("GET", f"{self.serve.operator}/api/v1/calls/{self.session}")
        alive = status == 200 and call["live"]
        return alive and set(self.pair) <= set(self.legs()) and self.heard(self.conference) == set(self.pair)
