"""A stand-in for Google Calendar's API v3, held to developers.google.com/calendar/api/v3/reference."""

import re
import uuid
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from contract import Contract, Reply, overlaps, serve

# /calendar/api/v3/reference/events#resource: what a client may write of it, as far as the stand-in goes.
WRITABLE = {
    "id", "summary", "description", "location", "start", "end", "status", "transparency", "extendedProperties",
    "reminders", "attendees", "visibility", "colorId", "source", "sequence",
}
STATUSES = {"confirmed", "tentative", "cancelled"}


def error(status, reason, message, headers=None, **more):
    """/calendar/api/guides/errors"""
    one = {"domain": "global", "reason": reason, "message": message, **more}
    return Reply(status, {"error": {"errors": [one], "code": status, "message": message}}, headers)


class Google(Contract):
    def __init__(self, options):
        super().__init__(options)
        self.events = {}
        self.others = {}  # calendars of other people: id -> [(start, end)]
        self.version = 0
        self.pages = {}

    def unauthorized(self):
        # /calendar/api/guides/errors#401_invalid_credentials
        return error(401, "authError", "Invalid Credentials", location="Authorization", locationType="header")

    def throttled(self, seconds):
        # /calendar/api/guides/errors#403_user_rate_limit_exceeded, #429_too_many_requests: either may be meant.
        self.limited = not getattr(self, "limited", False)
        return error(429 if self.limited else 403, "rateLimitExceeded", "Rate Limit Exceeded",
                     {"Retry-After": str(seconds)})

    def state(self):
        counts = {status: 0 for status in STATUSES}
        for event in self.events.values():
            counts[event["status"]] += 1
        return {"events": list(self.events.values()), **counts}

    def add(self, body):
        if "other" in body:
            self.others.setdefault(body["other"], []).append((body["start"], body["end"]))
            return body["other"]
        event = {"id": uuid.uuid4().hex, "status": "confirmed", **body}
        if event["id"] in self.events:
            event = {**self.events[event["id"]], **event}
        return self.written(event)["id"]

    # --- the API

    def handle(self, method, path, query, headers, body):
        if path[:2] != ["calendar", "v3"]:
            raise error(404, "notFound", "Not Found")
        path = path[2:]
        if path == ["freeBusy"] and method == "POST":
            return self.free_busy(body)
        if len(path) < 3 or path[0] != "calendars" or path[2] != "events":
            raise error(404, "notFound", "Not Found")
        if path[1] not in ("primary", "desk@example.com"):
            raise error(404, "notFound", "Not Found")
        if len(path) == 3:
            if method == "GET":
                return self.list(query)
            if method == "POST":
                self.known(query, {"sendUpdates", "conferenceDataVersion", "maxAttendees", "supportsAttachments"})
                return self.insert(body)
        elif len(path) == 4:
            if method == "GET":
                self.known(query, {"timeZone", "maxAttendees"})
                return self.get(path[3])
            if method == "PATCH":
                self.known(query, {"sendUpdates", "conferenceDataVersion", "maxAttendees"})
                return self.patch(path[3], headers, body)
            if method == "DELETE":
                self.known(query, {"sendUpdates"})
                return self.delete(path[3], headers)
        raise error(404, "notFound", "Not Found")

    def known(self, query, names):
        for name, value in query:
            if name not in names | {"fields", "alt", "prettyPrint"}:
                raise error(400, "badRequest", f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query '
                            "parameter. Field could not be found in request message.")
            if name == "sendUpdates" and value not in ("all", "externalOnly", "none"):
                raise error(400, "invalidParameter", f"Invalid value for: sendUpdates is not a valid value: {value}")

    def insert(self, body):
        """/calendar/api/v3/reference/events/insert"""
        self.check(body)
        for need in ("start", "end"):
            if need not in body:
                raise error(400, "required", f"Missing {need} time.")
        event = {"id": uuid.uuid4().hex, "status": "confirmed", **body}
        # "characters allowed in the ID are those used in base32hex encoding ... length between 5 and 1024"
        if not re.fullmatch(r"[a-v0-9]{5,1024}", event["id"]):
            raise error(400, "invalid", "Invalid resource id value.")
        # /calendar/api/guides/errors#409_the_requested_identifier_already_exists; a deleted event keeps its id.
        if event["id"] in self.events:
            raise error(409, "duplicate", "The requested identifier already exists.")
        return Reply(200, self.written(event))

    def get(self, id):
        """/calendar/api/v3/reference/events/get: a deleted event is still there, with status cancelled."""
        if id not in self.events:
            raise error(404, "notFound", "Not Found")
        return Reply(200, self.events[id])

    def patch(self, id, headers, body):
        """/calendar/api/v3/reference/events/patch; nested fields are merged, null removes."""
        if id not in self.events:
            raise error(404, "notFound", "Not Found")
        self.matches(id, headers)
        self.check(body)
        if body.get("id", id) != id:
            raise error(400, "invalid", "Invalid resource id value.")
        event = merged(self.events[id], body)
        return Reply(200, self.written(event))

    def delete(self, id, headers):
        """/calendar/api/v3/reference/events/delete: an empty answer."""
        if id not in self.events:
            raise error(404, "notFound", "Not Found")
        # /calendar/api/guides/errors#410_gone
        if self.events[id]["status"] == "cancelled":
            raise error(410, "deleted", "Resource has been deleted")
        self.matches(id, headers)
        self.written({**self.events[id], "status": "cancelled"})
        return Reply(204)

    def matches(self, id, headers):
        """/calendar/api/guides/version-resources: If-Match, 412."""
        wanted = headers.get("if-match")
        if wanted not in (None, "*", self.events[id]["etag"]):
            raise error(412, "conditionNotMet", "Precondition Failed", location="If-Match", locationType="header")

    def list(self, query):
        """/calendar/api/v3/reference/events/list"""
        self.known(query, {
            "timeMin", "timeMax", "singleEvents", "maxResults", "pageToken", "privateExtendedProperty", "showDeleted",
            "orderBy", "timeZone", "q", "updatedMin", "syncToken", "iCalUID", "eventTypes",
        })
        one = dict(query)
        low, high = self.instant(one.get("timeMin"), "timeMin"), self.instant(one.get("timeMax"), "timeMax")
        if low and high and low >= high:
            raise error(400, "timeRangeEmpty", "The specified time range is empty.")
        if one.get("orderBy") == "startTime" and one.get("singleEvents") != "true":
            raise error(400, "invalid", "The requested ordering is not available for the particular query.")
        size = int(one.get("maxResults", 250))
        if not 1 <= size <= 2500:
            raise error(400, "invalid", "Invalid value for maxResults")
        wanted = []
        for name, value in query:
            if name == "privateExtendedProperty":
                key, sep, text = value.partition("=")
                if not sep:
                    raise error(400, "invalidParameter", "privateExtendedProperty: propertyName=value expected")
                wanted.append((key, text))
        found = [e for e in self.events.values() if e["status"] != "cancelled" or one.get("showDeleted") == "true"]
        for key, text in wanted:
            found = [e for e in found if e.get("extendedProperties", {}).get("private", {}).get(key) == text]
        # "timeMin: lower bound (exclusive) for an event's end time", "timeMax: ... (exclusive) for ... start time"
        found = [e for e in found if not low or self.bound(e["end"]) > low]
        found = [e for e in found if not high or self.bound(e["start"]) < high]
        key = sorted((n, v) for n, v in query if n != "pageToken")
        start = 0
        if "pageToken" in one:
            if self.pages.get(one["pageToken"], (None,))[0] != key:
                raise error(400, "invalid", "Invalid page token value.")
            start = self.pages[one["pageToken"]][1]
        end = start + min(size, self.options.page)
        answer = {"kind": "calendar#events", "summary": "Front desk", "timeZone": self.options.zone,
                  "items": found[start:end]}
        if end < len(found):
            token = uuid.uuid4().hex
            self.pages[token] = (key, end)
            answer["nextPageToken"] = token
        return Reply(200, answer)

    def free_busy(self, body):
        """/calendar/api/v3/reference/freebusy/query"""
        for name in body:
            if name not in {"timeMin", "timeMax", "timeZone", "groupExpansionMax", "calendarExpansionMax", "items"}:
                raise self.unknown(name)
        low, high = self.instant(body.get("timeMin"), "timeMin"), self.instant(body.get("timeMax"), "timeMax")
        if not low or not high:
            raise error(400, "required", "Required")
        if low >= high:
            raise error(400, "timeRangeEmpty", "The specified time range is empty.")
        if high - low > timedelta(days=92):
            raise error(400, "timeRangeTooLong", "The requested time range is too long.")
        calendars = {}
        for item in body["items"]:
            if item["id"] in self.others:
                spans = [(s, e) for s, e in self.others[item["id"]]
                         if overlaps(self.instant(s, ""), self.instant(e, ""), low, high)]
                calendars[item["id"]] = {"busy": [{"start": s, "end": e} for s, e in spans]}
            else:
                calendars[item["id"]] = {"errors": [{"domain": "global", "reason": "notFound"}], "busy": []}
        return Reply(200, {"kind": "calendar#freeBusy", "timeMin": body["timeMin"], "timeMax": body["timeMax"],
                           "calendars": calendars})

    # --- what an event may be

    def unknown(self, name):
        return error(400, "badRequest", f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.')

    def check(self, body):
        for name in body:
            if name not in WRITABLE:
                raise self.unknown(name)
        if body.get("status", "confirmed") not in STATUSES:
            raise error(400, "invalid", "Invalid value for status")
        for name in ("start", "end"):
            moment = body.get(name, {})
            for inner in moment:
                if inner not in {"date", "dateTime", "timeZone"}:
                    raise self.unknown(inner)
            if "dateTime" in moment:
                self.instant(moment["dateTime"], name)
            if "timeZone" in moment:
                try:
                    ZoneInfo(moment["timeZone"])
                except Exception:
                    raise error(400, "invalid", "Invalid time zone definition for start time.") from None
        # /calendar/api/guides/extended-properties#limits
        for kind, pairs in body.get("extendedProperties", {}).items():
            if kind not in ("private", "shared"):
                raise self.unknown(kind)
            for key, value in pairs.items():
                if value is not None and not isinstance(value, str):
                    raise error(400, "badRequest", "Invalid value for extended property")
                if len(key) > 44 or len(value or "") > 1024:
                    raise error(400, "invalid", "Extended property too long")

    def written(self, event):
        if self.bound(event["start"]) >= self.bound(event["end"]):
            raise error(400, "timeRangeEmpty", "The specified time range is empty.")
        self.version += 1
        zone = ZoneInfo(self.options.zone)
        for name in ("start", "end"):
            # Times come back on the calendar's own clock, with its offset.
            if "dateTime" in event[name]:
                at = self.instant(event[name]["dateTime"], name).astimezone(zone)
                event[name] = {**event[name], "dateTime": at.isoformat()}
        event = {**event, "kind": "calendar#event", "etag": f'"{self.version}000"'}
        self.events[event["id"]] = event
        return event

    def instant(self, text, name):
        """RFC 3339 with a mandatory offset."""
        if text is None:
            return None
        try:
            at = datetime.fromisoformat(text.replace("Z", "+00:00"))
            if at.tzinfo is None:
                raise ValueError
            return at
        except ValueError:
            raise error(400, "badRequest", f"Bad Request: {name}") from None

    def bound(self, moment):
        if "dateTime" in moment:
            return self.instant(moment["dateTime"], "")
        return datetime.fromisoformat(moment["date"]).replace(tzinfo=ZoneInfo(self.options.zone)).astimezone(timezone.utc)


def merged(old, new):
    if not isinstance(new, dict) or not isinstance(old, dict):
        return new
    out = {**old}
    for name, value in new.items():
        if value is None:
            out.pop(name, None)
        else:
            out[name] = merged(old.get(name), value)
    return out


serve(Google)
