"""The part of Zooniverse's server that the Panoptes command line speaks to, on this machine.

It holds what it was given: subject sets, subjects and their media; and it refuses what the real one
would: no login, a project that is not there, a subject without media, media of another type, an
upload that does not say which kind of blob it is.
"""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from urllib.parse import parse_qs

TYPES = ("image/jpeg", "image/png")
USER, PASSWORD, TOKEN = "ann", "sky:blue", "a-token"
SIGNED_IN = "_Panoptes_session=ann-is-here"
PROJECT = "4711"


class Zooniverse(ThreadingHTTPServer):
    """What people uploaded, by id."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.sets: dict[str, dict] = {}
        self.subjects: dict[str, dict] = {}
        self.linked: dict[str, list[str]] = {}
        self.media: dict[str, bytes] = {}
        self.lock, self.ids = threading.Lock(), count(100)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def serving():
    """A server of its own, without subjects."""
    with Zooniverse() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: Zooniverse
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        match self._path():
            case ["users", "sign_in"]:
                self._say(200, {}, {"x-csrf-token": "t"})
            case ["api", "subject_sets", number] if self._is_known():
                found = self.server.sets.get(number)
                self._say(200, {"subject_sets": [found] if found else []}, {"ETag": '"1"'})
            case ["api", "projects", number] if self._is_known():
                some = [{"id": PROJECT, "display_name": "Galaxies"}] if number == PROJECT else []
                self._say(200, {"projects": some}, {"ETag": '"1"'})
            case ["api", "set_member_subjects"] if self._is_known():
                self._say(200, {"set_member_subjects": self._members()})
            case _:
                self._refuse(404, f"no such page: {self.path}")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        match self._path():
            case ["users", "sign_in"]:
                said = json.loads(body)["user"]
                if (said["login"], said["password"]) == (USER, PASSWORD):
                    self._say(200, {"users": [{"id": "1"}]}, {"Set-Cookie": f"{SIGNED_IN}; path=/"})
                else:
                    self._say(401, {"error": "Invalid email or password."})
            case ["oauth", "token"] if self._is_signed_in():
                self._say(200, {"access_token": TOKEN, "expires_in": 7200, "refresh_token": "r"})
            case ["api", "subject_sets"] if self._is_known():
                self._new_set(json.loads(body)["subject_sets"])
            case ["api", "subjects"] if self._is_known():
                self._new_subject(json.loads(body)["subjects"])
            case ["api", "subject_sets", number, "links", "subjects"] if self._is_known():
                self._link(number, json.loads(body)["subjects"])
            case _:
                self._refuse(404, f"no such page: {self.path}")

    def do_PUT(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("Content-Type") not in TYPES:
            return self._refuse(415, "not a picture")
        if self.headers.get("x-ms-blob-type") != "BlockBlob":
            return self._refuse(400, "what kind of blob is it")
        self.server.media[self.path] = body
        return self._say(201, {})

    def _new_set(self, said: dict) -> None:
        if said["links"]["project"] != int(PROJECT):
            return self._refuse(404, "no such project")
        one = self._numbered({"display_name": said["display_name"], "metadata": {}})
        self.server.sets[one["id"]] = one | {"links": {"project": PROJECT}}
        return self._say(201, {"subject_sets": [self.server.sets[one["id"]]]}, {"ETag": '"1"'})

    def _new_subject(self, said: dict) -> None:
        kinds = said.get("locations", [])
        if said["links"]["project"] != PROJECT or not kinds or not set(kinds) <= set(TYPES):
            return self._refuse(422, "a subject is of a project, and has pictures")
        one = self._numbered({"metadata": said["metadata"]})
        places = [{kind: f"/media/{one['id']}/{k}"} for k, kind in enumerate(kinds)]
        self.server.subjects[one["id"]] = one | {"locations": places}
        where = [{k: self.server.url + p for k, p in place.items()} for place in places]
        return self._say(201, {"subjects": [one | {"locations": where}]}, {"ETag": '"1"'})

    def _link(self, number: str, ids: list[str]) -> None:
        if number not in self.server.sets or not set(ids) <= self.server.subjects.keys():
            return self._refuse(404, "no such subject")
        with self.server.lock:
            self.server.linked.setdefault(number, []).extend(ids)
        return self._say(200, {"subjects": [{"id": one} for one in ids]})

    def _members(self) -> list[dict]:
        asked = parse_qs(self.path.partition("?")[2])
        [number], [subject] = asked["subject_set_id"], asked["subject_id"]
        return [{"id": "1"}] if subject in self.server.linked.get(number, ()) else []

    def _numbered(self, what: dict) -> dict:
        with self.server.lock:
            return {"id": str(next(self.server.ids)), "links": {}} | what

    def _path(self) -> list[str]:
        return self.path.partition("?")[0].strip("/").split("/")

    def _is_signed_in(self) -> bool:
        return SIGNED_IN in self.headers.get("Cookie", "").split("; ")

    def _is_known(self) -> bool:
        return self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def _refuse(self, status: int, why: str) -> None:
        self._say(status, {"errors": [{"message": why}]})

    def _say(self, status: int, what: dict, more: dict | None = None) -> None:
        body = json.dumps(what).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in (more or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
