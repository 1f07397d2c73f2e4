"""A stand-in for Acuity Scheduling's API v1, held to developers.acuityscheduling.com/reference (pages named below)."""

import base64
import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from contract import Contract, Reply, overlaps, serve

KINDS = {101: 30, 102: 45}
CALENDAR = 7
GRID = timedelta(minutes=5)


def error(status, code, message, headers=None):
    """"Errors" on each page"""
    return Reply(status, {"status_code": status, "message": message, "error": code}, headers)


class Acuity(Contract):
    scheme = None

    def __init__(self, options):
        super().__init__(options)
        self.events = {}
        self.busy = []
        self.serial = 9000
        self.zone = ZoneInfo(options.zone)

    def unauthorized(self):
        # "Quick Start": HTTP Basic Auth, numeric user id and API key; 401.
        return error(401, "unauthorized", "Unauthorized")

    def throttled(self, seconds):
        # "Rate limits": 429
        return error(429, "too_many_requests", "Too many requests", {"Retry-After": str(seconds)})

    def state(self):
        gone = sum(event["canceled"] for event in self.events.values())
        return {"events": [self.shown(e) for e in self.events.values()], "confirmed": len(self.events) - gone,
                "tentative": 0, "cancelled": gone}

    def add(self, body):
        self.busy.append((self.instant(body["start"]), self.instant(body["end"])))

    def handle(self, method, path, query, headers, body):
        wanted = base64.b64encode(b"4711:acuity-key").decode()
        if headers.get("authorization") != f"Basic {wanted}":
            raise self.unauthorized()
        if path[:2] != ["api", "v1"]:
            raise error(404, "not_found", "Not found")
        path, one = path[2:], dict(query)
        if method == "GET" and path == ["me"]:
            return Reply(200, {"id": 4711, "email": "desk@example.com", "name": "Front Desk"})
        if method == "GET" and path == ["appointment-types"]:
            return Reply(200, [{"id": id, "name": f"Kind {id}", "duration": minutes, "calendarIDs": [CALENDAR]}
                               for id, minutes in KINDS.items()])
        if method == "GET" and path == ["availability", "dates"]:
            return self.dates(one)
        if method == "GET" and path == ["availability", "times"]:
            return self.times(one)
        if path == ["appointments"]:
            return self.list(one) if method == "GET" else self.book(one, body)
        if path[:1] == ["appointments"] and len(path) in (2, 3):
            event = self.events.get(int(path[1])) if path[1].isdigit() else None
            if not event:
                raise error(404, "not_found", f'The appointment "{path[1]}" does not exist.')
            if method == "GET" and len(path) == 2:
                return Reply(200, self.shown(event))
            if method == "PUT" and len(path) == 2:
                return self.update(event, one, body)
            if method == "PUT" and path[2] == "reschedule":
                return self.reschedule(event, one, body)
            if method == "PUT" and path[2] == "cancel":
                return self.cancel(event, one, body)
        raise error(404, "not_found", "Not found")

    def known(self, given, names):
        for name in given or {}:
            if name not in names:
                raise error(400, "bad_request", f'The parameter "{name}" is not known.')

    def kind(self, given):
        if str(given) not in map(str, KINDS):
            raise error(400, "invalid_appointment_type", f'The appointment type "{given}" does not exist.')
        return int(given)

    def calendar(self, given):
        if given is not None and str(given) != str(CALENDAR):
            raise error(400, "invalid_calendar", f'The calendar "{given}" does not exist.')

    def is_free(self, start, minutes, but=None):
        end = start + timedelta(minutes=minutes)
        spans = [(e["start"], e["end"]) for e in self.events.values() if not e["canceled"] and e["id"] != but] + self.busy
        return start.timestamp() % GRID.total_seconds() == 0 and not any(overlaps(start, end, s, e) for s, e in spans)

    def free_times(self, kind, day, zone):
        at = datetime(day.year, day.month, day.day, tzinfo=zone)
        found = []
        for step in range(24 * 60 // 5):
            start = datetime.fromtimestamp(at.timestamp() + 300 * step, zone)
            if start.date() == day and start > self.clock() and self.is_free(start, KINDS[kind]):
                found.append(start)
        return found

    def dates(self, query):
        """"availability/dates" """
        self.known(query, {"month", "appointmentTypeID", "calendarID", "timezone", "addonIDs[]"})
        kind = self.kind(query.get("appointmentTypeID"))
        self.calendar(query.get("calendarID"))
        if not re.fullmatch(r"\d{4}-\d\d", query.get("month", "")):
            raise error(400, "required_month", 'The parameter "month" is required.')
        first = date.fromisoformat(query["month"] + "-01")
        days = [first + timedelta(days=n) for n in range(31) if (first + timedelta(days=n)).month == first.month]
        zone = ZoneInfo(query.get("timezone", self.options.zone))
        today = self.clock().astimezone(zone).date()
        # Weekends are closed here, so that a day without time exists.
        return Reply(200, [{"date": d.isoformat()} for d in days if d >= today and d.weekday() < 5])

    def times(self, query):
        """"availability/times" """
        self.known(query, {"date", "appointmentTypeID", "calendarID", "timezone", "addonIDs[]", "ignoreAppointmentIDs[]"})
        kind = self.kind(query.get("appointmentTypeID"))
        self.calendar(query.get("calendarID"))
        if "date" not in query:
            raise error(400, "required_date", 'The parameter "date" is required.')
        zone = ZoneInfo(query.get("timezone", self.options.zone))
        found = self.free_times(kind, date.fromisoformat(query["date"]), zone)
        return Reply(200, [{"time": self.told(at), "slotsAvailable": 1} for at in found])

    def book(self, query, body):
        """"POST /appointments": as a client, so times and forms are checked and notes are not allowed."""
        self.known(query, {"admin", "noEmail"})
        self.known(body, {"datetime", "appointmentTypeID", "calendarID", "firstName", "lastName", "email", "phone",
                          "timezone", "certificate", "fields", "notes", "addonIDs", "labels", "smsOptIn"})
        for name in ("datetime", "appointmentTypeID", "firstName", "lastName", "email"):
            if not body.get(name):
                raise error(400, f"required_{name}", f'The parameter "{name}" is required.')
        if "notes" in body and query.get("admin") != "true":
            raise error(400, "bad_request", "notes may only be set as an admin.")
        if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", body["email"]):
            raise error(400, "invalid_email", f'The email "{body["email"]}" is invalid.')
        kind = self.kind(body["appointmentTypeID"])
        self.calendar(body.get("calendarID"))
        start = self.available(body["datetime"], kind, None)
        self.serial += 1
        event = {"id": self.serial, "kind": kind, "start": start, "end": start + timedelta(minutes=KINDS[kind]),
                 "firstName": body["firstName"], "lastName": body["lastName"], "email": body["email"],
                 "phone": body.get("phone", ""), "notes": body.get("notes", ""), "canceled": False}
        self.events[event["id"]] = event
        return Reply(200, self.shown(event))

    def available(self, text, kind, but):
        try:
            start = self.instant(text)
        except ValueError:
            raise error(400, "invalid_datetime", f'The datetime "{text}" is invalid.') from None
        if start <= self.clock():
            raise error(400, "not_available_min_hours_in_advance", f'The time "{text}" is not far enough in advance.')
        if not self.is_free(start, KINDS[kind], but):
            raise error(400, "not_available", f'The time "{text}" is not an available time slot.')
        return start

    def reschedule(self, event, query, body):
        """"PUT /appointments/:id/reschedule" """
        self.known(query, {"admin", "noEmail"})
        self.known(body, {"datetime", "calendarID", "timezone"})
        if event["canceled"]:
            raise error(400, "reschedule_canceled", "Canceled appointments may not be rescheduled.")
        if "datetime" not in body:
            raise error(400, "required_datetime", 'The parameter "datetime" is required.')
        self.calendar(body.get("calendarID"))
        start = self.available(body["datetime"], event["kind"], event["id"])
        event["start"], event["end"] = start, start + timedelta(minutes=KINDS[event["kind"]])
        return Reply(200, self.shown(event))

    def update(self, event, query, body):
        """"PUT /appointments/:id": notes only as an admin."""
        self.known(query, {"admin"})
        self.known(body, {"firstName", "lastName", "phone", "email", "certificate", "fields", "notes", "labels"})
        if "notes" in body and query.get("admin") != "true":
            raise error(400, "bad_request", "notes may only be set as an admin.")
        event.update(body)
        return Reply(200, self.shown(event))

    def cancel(self, event, query, body):
        """"PUT /appointments/:id/cancel" """
        self.known(query, {"admin", "noEmail"})
        self.known(body, {"cancelNote", "noShow"})
        if event["canceled"]:
            raise error(400, "cancel_not_allowed", "The appointment is canceled already.")
        event["canceled"] = True
        return Reply(200, self.shown(event))

    def list(self, query):
        """"GET /appointments": only those that stand, unless canceled=true; newest first unless direction=ASC."""
        self.known(query, {"max", "minDate", "maxDate", "calendarID", "appointmentTypeID", "canceled", "firstName",
                           "lastName", "email", "phone", "excludeForms", "direction"})
        found = [e for e in self.events.values() if e["canceled"] == (query.get("canceled") == "true")]
        if "email" in query:
            found = [e for e in found if e["email"].lower() == query["email"].lower()]
        if "phone" in query:
            wanted = re.sub(r"\D", "", query["phone"])
            found = [e for e in found if wanted in re.sub(r"\D", "", e["phone"])]
        if "minDate" in query:
            low = date.fromisoformat(query["minDate"])
            found = [e for e in found if e["start"].astimezone(self.zone).date() >= low]
        found.sort(key=lambda e: e["start"], reverse=query.get("direction", "DESC") != "ASC")
        return Reply(200, [self.shown(e) for e in found[:int(query.get("max", 100))]])

    def shown(self, event):
        local = event["start"].astimezone(self.zone)
        out = {name: event[name] for name in ("id", "firstName", "lastName", "email", "phone", "notes", "canceled")}
        # Durations and types are told as text, times without a colon in the offset.
        return {**out, "datetime": self.told(local), "date": local.strftime("%B %-d, %Y"), "time": local.strftime("%-I:%M%p"),
                "duration": str(KINDS[event["kind"]]), "appointmentTypeID": event["kind"], "calendarID": CALENDAR}

    def told(self, at):
        return at.strftime("%Y-%m-%dT%H:%M:%S%z")

    def instant(self, text):
        at = datetime.strptime(text.replace("Z", "+0000"), "%Y-%m-%dT%H:%M:%S%z")
        return at


serve(Acuity)
