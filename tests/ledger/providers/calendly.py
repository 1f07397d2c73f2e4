"""A stand-in for Calendly's API v2, held to developer.calendly.com/api-docs (pages named below are there)."""

import re
import uuid
from datetime import datetime, timedelta, timezone

from contract import Contract, Reply, overlaps, serve

KINDS = {"CLEANING": 30, "CHECKUP": 45}
GRID = timedelta(minutes=5)


def error(status, title, message, details=None, headers=None):
    """"API Conventions" / errors"""
    body = {"title": title, "message": message}
    if details:
        body["details"] = [{"parameter": name, "message": text} for name, text in details]
    return Reply(status, body, headers)


def invalid(*details):
    return error(400, "Invalid Argument", "The supplied parameters are invalid.", details)


class Calendly(Contract):
    def __init__(self, options):
        super().__init__(options)
        self.events = []
        self.busy = []
        self.pages = {}

    def unauthorized(self):
        return error(401, "Unauthenticated", "The access token is invalid")

    def throttled(self, seconds):
        # "API rate limits": 429, with the time to wait.
        return error(429, "Too Many Requests", "Rate limit exceeded", None, {"Retry-After": str(seconds)})

    def state(self):
        count = {"active": 0, "canceled": 0}
        for event in self.events:
            count[event["status"]] += 1
        return {"events": self.events, "confirmed": count["active"], "tentative": 0, "cancelled": count["canceled"]}

    def add(self, body):
        self.busy.append((self.instant(body["start"], "start"), self.instant(body["end"], "end")))

    def handle(self, method, path, query, headers, body):
        self.root = "http://" + headers["host"]
        one = dict(query)
        if method == "GET" and path == ["users", "me"]:
            return Reply(200, {"resource": {"uri": f"{self.root}/users/DESK", "name": "Front Desk"}})
        if method == "GET" and path[0] == "event_types" and len(path) == 2:
            self.kind(f"{self.root}/event_types/{path[1]}")
            return Reply(200, {"resource": {"uri": f"{self.root}/event_types/{path[1]}", "active": True,
                                            "duration": KINDS[path[1]], "name": path[1].title()}})
        if method == "GET" and path == ["event_type_available_times"]:
            return self.times(one)
        if method == "POST" and path == ["invitees"]:
            return self.invite(body)
        if method == "GET" and path == ["scheduled_events"]:
            return self.list(one)
        if path[0] == "scheduled_events" and len(path) >= 2:
            event = next((e for e in self.events if e["uuid"] == path[1]), None)
            if not event:
                raise error(404, "Resource Not Found", "The server could not find the requested resource.")
            if method == "GET" and len(path) == 2:
                return Reply(200, {"resource": self.shown(event)})
            if method == "GET" and path[2:] == ["invitees"]:
                return self.guests(event, one)
            if method == "POST" and path[2:] == ["cancellation"]:
                return self.cancel(event, body)
        raise error(404, "Resource Not Found", "The server could not find the requested resource.")

    def known(self, query, names):
        for name in query:
            if name not in names:
                raise invalid((name, "is not allowed"))

    def kind(self, uri):
        name = uri.rsplit("/", 1)[-1]
        if not uri.startswith(f"{self.root}/event_types/") or name not in KINDS:
            raise error(404, "Resource Not Found", "The event type does not exist.")
        return KINDS[name]

    def is_free(self, start, minutes):
        end = start + timedelta(minutes=minutes)
        spans = [(e["start"], e["end"]) for e in self.events if e["status"] == "active"] + self.busy
        return (start > self.clock() and start.timestamp() % GRID.total_seconds() == 0
                and not any(overlaps(start, end, s, e) for s, e in spans))

    def times(self, query):
        """"List Event Type Available Times": at most 7 days, nothing past, no pages."""
        self.known(query, {"event_type", "start_time", "end_time"})
        for name in ("event_type", "start_time", "end_time"):
            if name not in query:
                raise invalid((name, "can't be blank"))
        minutes = self.kind(query["event_type"])
        start, end = self.instant(query["start_time"], "start_time"), self.instant(query["end_time"], "end_time")
        if start <= self.clock():
            raise invalid(("start_time", "must be in the future"))
        if end <= start:
            raise invalid(("end_time", "must be after start_time"))
        if end - start > timedelta(days=7):
            raise invalid(("end_time", "date range can be no greater than 1 week (7 days)"))
        found = []
        at = datetime.fromtimestamp(-(-start.timestamp() // 300) * 300, timezone.utc)
        while at < end:
            if self.is_free(at, minutes):
                found.append({"status": "available", "invitees_remaining": 1, "start_time": self.told(at),
                              "scheduling_url": f"{self.root}/d/{at.timestamp():.0f}"})
            at += GRID
        return Reply(200, {"collection": found})

    def invite(self, body):
        """"Create Event Invitee" """
        for name in body:
            if name not in {"event_type", "start_time", "invitee", "location", "questions_and_answers", "tracking",
                            "event_guests"}:
                raise invalid((name, "is not allowed"))
        for name in ("event_type", "start_time", "invitee"):
            if name not in body:
                raise invalid((name, "can't be blank"))
        guest = body["invitee"]
        for name in guest:
            if name not in {"name", "first_name", "last_name", "email", "timezone", "text_reminder_number"}:
                raise invalid((f"invitee.{name}", "is not allowed"))
        if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", guest.get("email", "")):
            raise invalid(("invitee.email", "is invalid"))
        if not guest.get("timezone") or not (guest.get("name") or guest.get("first_name")):
            raise invalid(("invitee", "name and timezone can't be blank"))
        for name, value in body.get("tracking", {}).items():
            if name not in {"utm_campaign", "utm_source", "utm_medium", "utm_content", "utm_term", "salesforce_uuid"}:
                raise invalid((f"tracking.{name}", "is not allowed"))
            if value is not None and len(value) > 255:
                raise invalid((f"tracking.{name}", "is too long"))
        minutes = self.kind(body["event_type"])
        start = self.instant(body["start_time"], "start_time")
        if not self.is_free(start, minutes):
            raise invalid(("start_time", "is not available"))
        name = uuid.uuid4().hex
        event = {
            "uuid": name, "status": "active", "event_type": body["event_type"], "start": start,
            "end": start + timedelta(minutes=minutes), "guest": {**guest, "status": "active", "uuid": uuid.uuid4().hex,
                                                                 "tracking": body.get("tracking", {})},
        }
        self.events.append(event)
        return Reply(201, {"resource": self.guest(event)})

    def list(self, query):
        """"List Events": pages of `count`, at most 100, next one by page_token."""
        self.known(query, {"user", "organization", "group", "invitee_email", "min_start_time", "max_start_time", "count",
                           "page_token", "sort", "status"})
        if query.get("user") != f"{self.root}/users/DESK":
            raise error(403, "Permission Denied", "You do not have permission to access this resource.")
        found = self.events
        if "invitee_email" in query:
            found = [e for e in found if e["guest"]["email"].lower() == query["invitee_email"].lower()]
        if "min_start_time" in query:
            low = self.instant(query["min_start_time"], "min_start_time")
            found = [e for e in found if e["start"] >= low]
        if "status" in query:
            found = [e for e in found if e["status"] == query["status"]]
        return self.paged([self.shown(e) for e in found], query)

    def guests(self, event, query):
        """"List Event Invitees" """
        self.known(query, {"email", "count", "page_token", "sort", "status"})
        found = [self.guest(event)]
        if "email" in query:
            found = [g for g in found if g["email"].lower() == query["email"].lower()]
        return self.paged(found, query)

    def paged(self, found, query):
        count = int(query.get("count", 20))
        if not 1 <= count <= 100:
            raise invalid(("count", "must be between 1 and 100"))
        key = {name: value for name, value in query.items() if name != "page_token"}
        start = 0
        if "page_token" in query:
            if self.pages.get(query["page_token"], (None,))[0] != key:
                raise invalid(("page_token", "is invalid"))
            start = self.pages[query["page_token"]][1]
        end = start + min(count, self.options.page)
        token = None
        if end < len(found):
            token = uuid.uuid4().hex
            self.pages[token] = (key, end)
        part = found[start:end]
        return Reply(200, {"collection": part, "pagination": {"count": len(part), "next_page_token": token}})

    def cancel(self, event, body):
        """"Cancel Event" """
        for name in body or {}:
            if name != "reason":
                raise invalid((name, "is not allowed"))
        if event["status"] == "canceled":
            raise error(403, "Permission Denied", "Event is already canceled")
        event["status"] = event["guest"]["status"] = "canceled"
        return Reply(201, {"resource": {"canceled_by": "Front Desk", "reason": (body or {}).get("reason"),
                                        "canceler_type": "host"}})

    def shown(self, event):
        return {"uri": f"{self.root}/scheduled_events/{event['uuid']}", "status": event["status"],
                "event_type": event["event_type"], "start_time": self.told(event["start"]),
                "end_time": self.told(event["end"]), "name": "Appointment"}

    def guest(self, event):
        uri = f"{self.root}/scheduled_events/{event['uuid']}"
        guest = {name: value for name, value in event["guest"].items() if name != "uuid"}
        return {**guest, "uri": f"{uri}/invitees/{event['guest']['uuid']}", "event": uri, "rescheduled": False}

    def told(self, at):
        return at.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def instant(self, text, name):
        try:
            at = datetime.fromisoformat(text.replace("Z", "+00:00"))
            if at.tzinfo is None:
                raise ValueError
            return at
        except ValueError:
            raise invalid((name, "is not a time")) from None


class Shown(Calendly):
    """What a test sees has no instants in it."""

    def state(self):
        out = super().state()
        out["events"] = [{**e, "start": self.told(e["start"]), "end": self.told(e["end"])} for e in self.events]
        return out


serve(Shown)
