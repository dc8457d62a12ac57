"""What the drivers must know of each carrier: how the orchestrator finds it, and what its books show past prism."""

import base64
import re

from processes import API_KEY, request

# Entries of a page; no driver has more.
PAGE = 250


class Telnyx:
    """The simulated Telnyx, as its health page describes it."""

    name = "telnyx"
    # Paths of the description that calls and texts need.
    wanted = re.compile(r"^/(calls|conferences|connections|messages)\b")

    def __init__(self, health):
        self.public_key, self.connection = health["public_key"], health["connection_id"]

    @staticmethod
    def upstream(root):
        """Where the paths of the description begin."""
        return f"{root}/v2"

    def configure(self, serve, base_url):
        """Points the orchestrator there."""
        serve.configure(base_url, self.public_key)

    def ask(self, root, path):
        """The data of one page, or nothing when it is refused."""
        headers = {"authorization": f"Bearer {API_KEY}"}
        status, _, body = request("GET", self.upstream(root) + path, headers=headers)
        return body["data"] if status == 200 else []

    def legs(self, root):
        """Sessions of live legs, by the legs' ids."""
        legs = self.ask(root, f"/connections/{self.connection}/active_calls?page%5Blimit%5D={PAGE}")
        return {leg["call_control_id"]: leg["call_session_id"] for leg in legs}

    def rooms(self, root):
        """Names of live conferences, by their ids."""
        rooms = self.ask(root, f"/conferences?filter%5Bstatus%5D=in_progress&page%5Bsize%5D={PAGE}")
        return {room["id"]: room["name"] for room in rooms}

    def heard(self, root, conference):
        """Ids of the legs in a conference."""
        entries = self.ask(root, f"/conferences/{conference}/participants?page%5Bsize%5D={PAGE}")
        return {entry["call_control_id"] for entry in entries if entry["status"] == "joined"}


class Twilio:
    """The simulated Twilio, as its health page describes it."""

    name = "twilio"
    wanted = re.compile(r"^/2010-04-01/Accounts/\{AccountSid\}/(Calls|Conferences|Messages|Queues)\b")

    def __init__(self, health):
        self.account, self.token = health["twilio"]["account"], health["twilio"]["token"]
        self.connection = self.account

    @staticmethod
    def upstream(root):
        """Where the paths of the description begin."""
        return root

    def configure(self, serve, base_url, number=None):
        """Points the orchestrator there; `number` answers texts."""
        serve.configure_twilio(f"{base_url}/2010-04-01", self.account, self.token, number)

    def ask(self, root, name, path):
        """The entries of one page, or nothing when it is refused."""
        key = base64.b64encode(f"{self.account}:{self.token}".encode()).decode()
        url = f"{root}/2010-04-01/Accounts/{self.account}/{path}"
        status, _, body = request("GET", url, headers={"authorization": f"Basic {key}"})
        return body[name] if status == 200 else []

    def legs(self, root):
        """Sessions of live legs, by the legs' ids."""
        legs = self.ask(root, "calls", f"Calls.json?Status=in-progress&PageSize={PAGE}")
        return {leg["sid"]: leg["parent_call_sid"] or leg["sid"] for leg in legs}

    def rooms(self, root):
        """Names of live conferences, by their ids."""
        rooms = self.ask(root, "conferences", f"Conferences.json?Status=in-progress&PageSize={PAGE}")
        return {room["sid"]: room["friendly_name"] for room in rooms}

    def heard(self, root, conference):
        """Ids of the legs in a conference."""
        entries = self.ask(root, "participants", f"Conferences/{conference}/Participants.json?PageSize={PAGE}")
        return {entry["call_sid"] for entry in entries}
