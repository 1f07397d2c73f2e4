"""A stand-in for Microsoft Graph v1.0's calendars, held to learn.microsoft.com/graph (paths below are below that)."""

import re
import uuid
from datetime import datetime, timedelta, timezone
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from contract import Contract, Reply, overlaps, serve

# /api/resources/event#properties: what a client may write of it, as far as the stand-in goes.
WRITABLE = {
    "subject", "body", "start", "end", "showAs", "location", "transactionId", "singleValueExtendedProperties",
    "isReminderOn", "reminderMinutesBeforeStart", "isAllDay", "attendees", "categories", "sensitivity", "importance",
}
SHOWN = {"free", "tentative", "busy", "oof", "workingElsewhere", "unknown"}
PROPERTY = re.compile(r"(String|Integer|Boolean|SystemTime) \{[0-9a-fA-F-]{36}\} Name \S+")


def error(status, code, message, headers=None):
    """/errors"""
    inner = {"date": "2026-11-23T12:00:00", "request-id": str(uuid.uuid4())}
    return Reply(status, {"error": {"code": code, "message": message, "innerError": inner}}, headers)


class Graph(Contract):
    def __init__(self, options):
        super().__init__(options)
        self.events = {}
        self.transactions = {}
        self.others = {}
        self.version = 0
        self.serial = 0

    def unauthorized(self):
        # /resolve-auth-errors
        return error(401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.")

    def throttled(self, seconds):
        # /throttling: "HTTP status code 429 ... Retry-After"
        return error(429, "ApplicationThrottled", "Application is over its MailboxConcurrency limit.",
                     {"Retry-After": str(seconds)})

    def state(self):
        shown = {}
        for event in self.events.values():
            shown[event["showAs"]] = shown.get(event["showAs"], 0) + 1
        return {"events": list(self.events.values()), "confirmed": shown.get("busy", 0),
                "tentative": shown.get("tentative", 0), "cancelled": shown.get("free", 0)}

    def add(self, body):
        if "other" in body:
            self.others.setdefault(body["other"], []).append((body["start"], body["end"]))
            return body["other"]
        if "id" in body:
            number = int(body.pop("id").rsplit("-", 1)[1])
            return self.shown_id(self.written({**self.events[number], **body}), True)
        return self.shown_id(self.written(self.fresh(body)), True)

    # --- the API

    def handle(self, method, path, query, headers, body):
        if path[0] != "v1.0":
            raise error(400, "BadRequest", "Invalid version.")
        path = path[1:]
        if path[:1] == ["me"]:
            path = path[1:]
        elif path[:2] == ["users", "desk@example.com"]:
            path = path[2:]
        else:
            raise error(404, "ResourceNotFound", "Resource could not be discovered.")
        prefer = headers.get("prefer", "")
        # /outlook-immutable-id and /api/user-list-calendarview#request-headers
        self.immutable = 'IdType="ImmutableId"' in prefer
        zone = re.search(r'outlook\.timezone="([^"]*)"', prefer)
        self.zone = ZoneInfo(zone.group(1)) if zone else timezone.utc
        self.zone_name = zone.group(1) if zone else "UTC"
        options = dict(query)
        if path[:1] == ["calendar"] or path[:2] == ["calendars", "AAMkFront="]:
            rest = path[1:] if path[0] == "calendar" else path[2:]
            if not rest and method == "GET":
                return Reply(200, {"id": "AAMkFront=", "name": "Calendar"})
            if rest == ["events"] and method == "POST":
                return self.create(body)
            if rest == ["events"] and method == "GET":
                return self.list(options)
            if rest == ["calendarView"] and method == "GET":
                return self.view(options)
            if rest == ["getSchedule"] and method == "POST":
                return self.schedule(body)
        if path[:1] == ["events"] and len(path) == 2:
            event = self.event(path[1])
            if method == "GET":
                self.known(options, {"$expand", "$select"})
                return Reply(200, self.show(event, options))
            if method == "PATCH":
                return self.update(event, headers, body)
            if method == "DELETE":
                self.matches(event, headers)
                # /api/event-delete: 204 and no body; the item moves to Deleted Items.
                del self.events[event["number"]]
                return Reply(204)
        raise error(400, "BadRequest", "Resource not found for the segment.")

    def known(self, options, names):
        for name in options:
            if name not in names:
                raise error(400, "BadRequest", f"Query option '{name}' is not allowed.")

    def create(self, body):
        """/api/calendar-post-events"""
        self.check(body)
        for need in ("start", "end"):
            if need not in body:
                raise error(400, "ErrorPropertyValidationFailure", f"At least one property failed validation: {need}")
        transaction = body.get("transactionId")
        if transaction in self.transactions:
            known = self.events.get(self.transactions[transaction])
            if known:
                # /api/resources/event, transactionId: "to avoid redundant POST operations in case of client retries
                # to create the same event"; the answer is the event that is there.
                return Reply(201, self.show(known, {}))
            # What a repeat does after a deletion is not documented: the worst that it may do is assumed.
            raise error(409, "ErrorDuplicateTransactionId",
                        "Your request can't be completed. Another event with the transactionId exists.")
        event = self.written(self.fresh(body))
        if transaction:
            self.transactions[transaction] = event["number"]
        return Reply(201, self.show(event, {}))

    def update(self, event, headers, body):
        """/api/event-update; transactionId cannot be changed after an event is created."""
        self.matches(event, headers)
        self.check(body)
        if "transactionId" in body:
            raise error(400, "ErrorInvalidPropertySet", "transactionId cannot be changed.")
        new = {**event, **body}
        # /api/singlevaluelegacyextendedproperty-post-singlevalueextendedproperties: those not named stay.
        properties = {p["id"]: p for p in event.get("singleValueExtendedProperties", [])}
        properties.update({p["id"]: p for p in body.get("singleValueExtendedProperties", [])})
        new["singleValueExtendedProperties"] = list(properties.values())
        return Reply(200, self.show(self.written(new), {}))

    def matches(self, event, headers):
        wanted = headers.get("if-match")
        if wanted not in (None, "*", event["@odata.etag"]):
            raise error(412, "ErrorIrresolvableConflict", "The send or update operation could not be performed because the "
                        "change key passed in the request does not match the current change key for the item.")

    def list(self, options):
        """/api/calendar-list-events, /api/singlevaluelegacyextendedproperty-get"""
        self.known(options, {"$filter", "$expand", "$top", "$skip", "$select"})
        found = list(self.events.values())
        if "$filter" in options:
            text = options["$filter"]
            match = re.fullmatch(
                r"singleValueExtendedProperties/Any\(ep: ep/id eq '([^']*)' and ep/value eq '((?:[^']|'')*)'\)", text)
            if not match or not PROPERTY.fullmatch(match.group(1)):
                raise error(400, "BadRequest", f"Invalid filter clause: {text}")
            id, value = match.group(1), match.group(2).replace("''", "'")
            found = [e for e in found if any(p["id"] == id and p["value"] == value
                                             for p in e.get("singleValueExtendedProperties", []))]
        return self.paged(found, "events", options)

    def view(self, options):
        """/api/calendar-list-calendarview"""
        self.known(options, {"startDateTime", "endDateTime", "$expand", "$top", "$skip", "$select", "$orderby"})
        if "startDateTime" not in options or "endDateTime" not in options:
            raise error(400, "ErrorInvalidParameter", "This request requires a time window specified by the query string "
                        "parameters StartDateTime and EndDateTime.")
        low, high = self.instant(options["startDateTime"], "UTC"), self.instant(options["endDateTime"], "UTC")
        found = [e for e in self.events.values() if overlaps(self.moment(e["start"]), self.moment(e["end"]), low, high)]
        return self.paged(sorted(found, key=lambda e: self.moment(e["start"])), "calendarView", options)

    def paged(self, found, part, options):
        """/paging: the next page's whole address is in @odata.nextLink."""
        size = int(options.get("$top", 10))
        if not 1 <= size <= 1000:
            raise error(400, "ErrorInvalidParameter", "The value of $top is out of range.")
        start = int(options.get("$skip", 0))
        end = start + min(size, self.options.page)
        answer = {"value": [self.show(event, options) for event in found[start:end]]}
        if end < len(found):
            answer["@odata.nextLink"] = f"{self.origin}/v1.0/me/calendar/{part}?" + urlencode({**options, "$skip": end})
        return Reply(200, answer)

    def answer(self, method, target, headers, raw):
        self.origin = "http://" + headers.get("host", "")
        return super().answer(method, target, headers, raw)

    def schedule(self, body):
        """/api/calendar-getschedule"""
        for name in body:
            if name not in {"schedules", "startTime", "endTime", "availabilityViewInterval"}:
                raise self.unknown(name, "getSchedule")
        if not 1 <= len(body["schedules"]) <= 20 or not 5 <= body.get("availabilityViewInterval", 30) <= 1440:
            raise error(400, "ErrorInvalidParameter", "The parameter is out of range.")
        low, high = self.moment(body["startTime"]), self.moment(body["endTime"])
        if low >= high or high - low > timedelta(days=62):
            raise error(400, "ErrorInvalidTimeInterval", "The requested time duration specified for FreeBusyViewOptions."
                        "TimeWindow should be within a valid range.")
        value = []
        for id in body["schedules"]:
            if id not in self.others:
                value.append({"scheduleId": id, "error": {
                    "message": "The mailbox is not found.", "responseCode": "ErrorMailRecipientNotFound"}})
                continue
            spans = [(self.instant(s, "UTC"), self.instant(e, "UTC")) for s, e in self.others[id]]
            items = [{"status": "busy", "start": self.told(s), "end": self.told(e)}
                     for s, e in spans if overlaps(s, e, low, high)]
            value.append({"scheduleId": id, "availabilityView": "", "scheduleItems": items})
        return Reply(200, {"value": value})

    # --- what an event may be

    def unknown(self, name, kind="microsoft.graph.event"):
        return error(400, "RequestBodyRead", f"The property '{name}' does not exist on type '{kind}'. Make sure to only use "
                     "property names that are defined by the type.")

    def check(self, body):
        for name in body:
            if name not in WRITABLE:
                raise self.unknown(name)
        if body.get("showAs", "busy") not in SHOWN:
            raise error(400, "RequestBodyRead", "Requested value was not found: showAs")
        for name in ("start", "end"):
            if name in body:
                if set(body[name]) != {"dateTime", "timeZone"}:
                    raise error(400, "ErrorPropertyValidationFailure", "dateTime and timeZone are needed")
                self.moment(body[name])
        for one in body.get("singleValueExtendedProperties", []):
            # /api/resources/extended-properties-overview
            if set(one) != {"id", "value"} or not PROPERTY.fullmatch(one["id"]) or not isinstance(one["value"], str):
                raise error(400, "ErrorInvalidProperty", "The property id is not valid.")

    def fresh(self, body):
        self.serial += 1
        return {"subject": "", "showAs": "busy", "isAllDay": False, "isCancelled": False, **body, "number": self.serial}

    def written(self, event):
        if self.moment(event["start"]) >= self.moment(event["end"]):
            raise error(400, "ErrorPropertyValidationFailure", "The start must be before the end.")
        self.version += 1
        event = {**event, "changeKey": f"key{self.version}", "@odata.etag": f'W/"key{self.version}"'}
        self.events[event["number"]] = event
        return event

    def event(self, id):
        if not re.fullmatch(r"AA(Mk|kA)Event-\d+", id):
            raise error(400, "ErrorInvalidIdMalformed", "Id is malformed.")
        event = self.events.get(int(id.rsplit("-", 1)[1]))
        if not event:
            raise error(404, "ErrorItemNotFound", "The specified object was not found in the store.")
        return event

    def shown_id(self, event, immutable):
        return f"AA{'kA' if immutable else 'Mk'}Event-{event['number']}"

    def show(self, event, options):
        out = {name: value for name, value in event.items() if name not in ("number", "singleValueExtendedProperties")}
        out["id"] = self.shown_id(event, self.immutable)
        for name in ("start", "end"):
            if event["isAllDay"]:
                out[name] = {"dateTime": event[name]["dateTime"][:10] + "T00:00:00.0000000", "timeZone": "UTC"}
            else:
                out[name] = self.told(self.moment(event[name]))
        # Extended properties come only with $expand, and only those that its filter names.
        if "$expand" in options:
            match = re.fullmatch(r"singleValueExtendedProperties\(\$filter=(.*)\)", options["$expand"])
            ids = re.findall(r"id eq '([^']*)'", match.group(1)) if match else []
            if not ids or not all(PROPERTY.fullmatch(id) for id in ids):
                raise error(400, "BadRequest", "Parsing OData Select and Expand failed.")
            found = [p for p in event.get("singleValueExtendedProperties", []) if p["id"] in ids]
            if found:
                out["singleValueExtendedProperties"] = found
        return out

    def told(self, at):
        local = at.astimezone(self.zone).replace(tzinfo=None)
        return {"dateTime": local.isoformat() + ".0000000", "timeZone": self.zone_name}

    def moment(self, moment):
        return self.instant(moment["dateTime"], moment["timeZone"])

    def instant(self, text, zone):
        try:
            at = datetime.fromisoformat(re.sub(r"\.\d+", "", text).replace("Z", "+00:00"))
            return at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))
        except Exception:
            raise error(400, "ErrorInvalidParameter", f"The time is not valid: {text}") from None


serve(Graph)
