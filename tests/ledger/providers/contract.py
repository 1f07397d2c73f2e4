"""What the stand-ins for calendar providers and CRMs share: HTTP, tokens that run out, limits, and faults switched on by a test.

Each stand-in is a process of its own and knows nothing of offhook: it holds whoever talks to it to the provider's
published contract. `POST /_control` switches faults and adds events of somebody else; `GET /_control` tells what happened.
"""

import argparse
import base64
import hashlib
import json
import secrets
import threading
import time
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote, urlsplit


class Reply(Exception):
    """An answer that ends the handling of a request."""

    def __init__(self, status, body=None, headers=None):
        super().__init__(status)
        self.status, self.body, self.headers = status, body, headers or {}


class Contract:
    """A provider; subclasses answer `handle` and say how their errors look."""

    # What Authorization has to begin with; None where the provider checks it itself.
    scheme = "Bearer"

    def __init__(self, options):
        self.options = options
        self.lock = threading.RLock()
        self.now = datetime.fromisoformat(options.now.replace("Z", "+00:00")) if options.now else None
        self.access = {}  # token -> monotonic end
        self.refresh_token = options.refresh_token
        self.codes = {}
        self.refreshes = 0
        self.refused = 0
        self.requests = []
        self.faults = []
        self.closed_until = 0.0
        self.violations = []

    # --- to be said by each provider

    def handle(self, method, path, query, headers, body):
        raise NotImplementedError

    def unauthorized(self):
        raise NotImplementedError

    def throttled(self, seconds):
        raise NotImplementedError

    def add(self, body):
        """Somebody else writes an event."""
        raise NotImplementedError

    def state(self):
        """What a test may count."""
        return {}

    # --- time

    def clock(self):
        return self.now or datetime.now(timezone.utc)

    # --- OAuth 2.0

    def token(self, headers, raw):
        """RFC 6749 sections 4.1.3, 5.2 and 6; RFC 7636 section 4.6."""
        if headers.get("content-type", "").split(";")[0] != "application/x-www-form-urlencoded":
            raise Reply(400, {"error": "invalid_request", "error_description": "form expected"})
        form = dict(parse_qsl(raw.decode(), keep_blank_values=True))
        if form.get("client_id") != self.options.client_id:
            raise Reply(401, {"error": "invalid_client", "error_description": "The OAuth client was not found."})
        if self.options.client_secret and form.get("client_secret") != self.options.client_secret:
            raise Reply(401, {"error": "invalid_client", "error_description": "Unauthorized"})
        grant = form.get("grant_type")
        if grant == "refresh_token":
            time.sleep(self.options.token_delay)
            with self.lock:
                self.refreshes += 1
                if form.get("refresh_token") != self.refresh_token:
                    raise Reply(400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."})
                if self.options.rotate:
                    self.refresh_token = "rotated-" + secrets.token_hex(8)
                return self.grant(self.options.rotate)
        if grant == "authorization_code":
            with self.lock:
                code = self.codes.pop(form.get("code"), None)
            proof = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
            if not code or code != (form.get("redirect_uri"), proof.decode().rstrip("=")):
                raise Reply(400, {"error": "invalid_grant", "error_description": "Bad Request"})
            return self.grant(True)
        raise Reply(400, {"error": "unsupported_grant_type", "error_description": "Invalid grant_type"})

    def grant(self, tell_refresh):
        token = "access-" + secrets.token_hex(12)
        self.access[token] = time.monotonic() + self.options.lifetime
        body = {"access_token": token, "token_type": "Bearer", "expires_in": self.options.lifetime, "scope": "calendar"}
        if tell_refresh:
            body["refresh_token"] = self.refresh_token
        return Reply(200, body, {"Cache-Control": "no-store"})

    def authorize(self, query):
        """RFC 6749 section 4.1.1, RFC 7636 section 4.3: the user says yes at once."""
        need = {"response_type": "code", "client_id": self.options.client_id, "code_challenge_method": "S256"}
        if any(query.get(name) != value for name, value in need.items()) or not query.get("scope"):
            raise Reply(400, {"error": "invalid_request"})
        code = secrets.token_hex(8)
        self.codes[code] = (query["redirect_uri"], query["code_challenge"])
        raise Reply(302, None, {"Location": f"{query['redirect_uri']}?code={code}&state={query['state']}"})

    def check_token(self, headers):
        if self.scheme is None:
            return
        scheme, _, token = headers.get("authorization", "").partition(" ")
        good = token in self.access and time.monotonic() < self.access[token]
        if self.options.fixed_token and token == self.options.fixed_token:
            good = True
        if scheme != self.scheme or not good:
            self.refused += 1
            raise self.unauthorized()

    # --- faults and limits

    def fault(self, method, path):
        with self.lock:
            for fault in self.faults:
                if fault.get("method") in (None, method) and fault.get("path", "") in path and fault["count"] > 0:
                    if fault.get("skip", 0) > 0:
                        fault["skip"] -= 1
                        continue
                    fault["count"] -= 1
                    return dict(fault)
        return None

    def control(self, method, raw):
        with self.lock:
            if method == "GET":
                return Reply(200, {
                    "requests": self.requests, "refreshes": self.refreshes, "refused": self.refused,
                    "violations": self.violations,
                    "refresh_token": self.refresh_token, "faults_left": sum(f["count"] for f in self.faults),
                    **self.state(),
                })
            order = json.loads(raw)
            if "faults" in order:
                self.faults = order["faults"]
            if order.get("revoke_access"):
                self.access.clear()
            if order.get("revoke"):
                self.refresh_token = "nobody-has-this"
            if order.get("forget"):
                self.requests.clear()
            added = self.add(order["add"]) if "add" in order else None
            return Reply(200, {"added": added})

    def answer(self, method, target, headers, raw):
        url = urlsplit(target)
        path = url.path
        query = parse_qsl(url.query, keep_blank_values=True)
        if path == "/_control":
            return self.control(method, raw), None
        with self.lock:
            self.requests.append(f"{method} {unquote(path)}")
        fault = self.fault(method, path) or {}
        if "first" in fault:
            # Somebody else is quicker by a moment.
            with self.lock:
                self.add(fault["first"])
        if "status" in fault:
            return Reply(fault["status"], fault.get("body"), fault.get("headers")), None
        try:
            if path == "/authorize":
                self.authorize(dict(query))
            if path == "/token":
                return self.token(headers, raw), fault
            if "throttle" in fault:
                self.closed_until = time.monotonic() + fault["throttle"]
            left = self.closed_until - time.monotonic()
            if left > 0:
                # Whoever was told to wait and does not is noted.
                if "throttle" not in fault:
                    self.violations.append(f"{method} {path} came {left:.2f} s too early")
                raise self.throttled(max(1, round(left)))
            self.check_token(headers)
            body = None
            if raw:
                if headers.get("content-type", "").split(";")[0] != "application/json":
                    raise Reply(415, {"error": {"message": "application/json expected"}})
                body = json.loads(raw)
            segments = [unquote(part) for part in path.strip("/").split("/")]
            with self.lock:
                return self.handle(method, segments, query, headers, body), fault
        except Reply as reply:
            return reply, fault


def serve(kind):
    parser = argparse.ArgumentParser()
    parser.add_argument("--now", help="the provider's clock stands here")
    parser.add_argument("--page", type=int, default=2, help="entries on a page, whatever is asked for")
    parser.add_argument("--zone", default="America/New_York", help="the calendar's own zone")
    parser.add_argument("--lifetime", type=int, default=3600, help="seconds an access token lives")
    parser.add_argument("--rotate", action="store_true", help="every refresh token is good once")
    parser.add_argument("--token-delay", type=float, default=0.0)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds until a search sees what was written")
    parser.add_argument("--client-id", default="desk-client")
    parser.add_argument("--client-secret", default="desk-secret")
    parser.add_argument("--refresh-token", default="first-refresh")
    parser.add_argument("--fixed-token", default="")
    parser.add_argument("--journal", help="a file that is told of every write, in order")
    contract = kind(parser.parse_args())

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def go(self):
            raw = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                reply, fault = contract.answer(self.command, self.path, headers, raw)
            except Exception as error:  # a mistake of the stand-in's own must be seen
                reply, fault = Reply(599, {"stand-in": repr(error)}), None
            fate = (fault or {}).get("fate")
            if fate == "stall":
                # Done, and the answer does not come: until the other side has hung up.
                self.connection.settimeout(30)
                try:
                    self.connection.recv(1)
                except OSError:
                    pass
            if fate in ("lose", "stall"):
                self.close_connection = True
                return
            if "after" in (fault or {}):
                # Done, but something on the way back fails.
                reply = Reply(fault["after"], {"message": "Bad Gateway"})
            payload = b"" if reply.body is None else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if payload:
                self.send_header("Content-Type", "application/json; charset=UTF-8")
            if reply.status != 204:
                self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            if fate == "cut":
                # In mid body.
                payload, self.close_connection = payload[:len(payload) // 2], True
            self.wfile.write(payload)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = go

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    server.serve_forever()


def overlaps(a_start, a_end, b_start, b_end):
    return a_start < b_end and a_end > b_start
