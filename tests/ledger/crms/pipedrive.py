"""Pipedrive's API as its documents have it.

https://developers.pipedrive.com/docs/api/v1/ (Persons, Deals, Activities, Fields; v2 where there is one)
https://pipedrive.readme.io/docs/core-api-concepts-rate-limiting (limits)
https://pipedrive.readme.io/docs/core-api-concepts-custom-fields (custom fields)
https://pipedrive.readme.io/docs/pipedrive-api-v2 (cursors, custom_fields as an object, deleted records)
"""

import hashlib
import re
from datetime import datetime, timedelta, timezone

from ledger import Ledger, Reply, serve


def custom(name, sort="varchar", options=()):
    """A field somebody added: forty hexadecimal digits that differ from company to company."""
    return hashlib.sha1(("company 42 " + name).encode()).hexdigest(), {"name": name, "type": sort, "options": options}


def own(sort, label, **more):
    return {"name": label, "type": sort, "options": (), **more}


FIELDS = {
    "persons": {
        "name": own("varchar", "Name", required=True), "owner_id": own("user", "Owner"), "update_time": own("date", "Updated"),
        "phone": own("phone", "Phone"), "email": own("varchar", "Email"),
        **dict([custom("Offhook key"), custom("ZIP code"), custom("Offhook notes", "text"),
                custom("Tier", "enum", ((11, "Gold"), (12, "Silver")))]),
    },
    "activities": {
        "subject": own("varchar", "Subject"), "type": own("varchar", "Type"), "note": own("text", "Note"),
        "due_date": own("date", "Due date"), "due_time": own("time", "Due time"), "duration": own("time", "Duration"),
        "done": own("boolean", "Done"), "deal_id": own("deal", "Deal"), "owner_id": own("user", "Owner"),
        "participants": own("participants", "Participants"),
    },
    "deals": {
        "title": own("varchar", "Title", required=True), "value": own("monetary", "Value"), "currency": own("varchar", "Currency"),
        "stage_id": own("stage", "Stage"), "person_id": own("people", "Contact person"), "status": own("status", "Status"),
        "expected_close_date": own("date", "Expected close date"), "owner_id": own("user", "Owner"),
        **dict([custom("Offhook key"), custom("Offhook notes", "text"), custom("Next step")]),
    },
}
SINGULAR = {"persons": "personFields", "activities": "activityFields", "deals": "dealFields"}
# What v2 has in the place of fields of v1.
LISTS = {"persons": {"phones", "emails"}, "activities": set(), "deals": set()}
TYPES = {"call", "meeting", "task", "deadline", "email", "lunch"}


def error(status, message, code="ERR_SCHEMA_VALIDATION_FAILED"):
    return Reply(status, {"success": False, "error": message, "code": code})


class Pipedrive(Ledger):
    kinds = FIELDS

    def __init__(self, options):
        super().__init__(options)
        self.gone = {kind: {} for kind in FIELDS}
        self.tick = datetime.now(timezone.utc).replace(microsecond=0)

    def check_token(self, headers):
        # An API token goes into x-api-token, one of OAuth into Authorization.
        if self.options.fixed_token and headers.get("x-api-token") == self.options.fixed_token:
            return
        super().check_token(headers)

    def unauthorized(self):
        return Reply(401, {"success": False, "error": "unauthorized access", "errorCode": 401})

    def throttled(self, seconds):
        # Rate limiting: 429 with x-ratelimit-reset, seconds until the window begins anew.
        return Reply(429, {"success": False, "error": "request over limit", "errorCode": 429},
                     {"x-ratelimit-limit": "40", "x-ratelimit-remaining": "0", "x-ratelimit-reset": str(seconds)})

    def add(self, order):
        if "schema" in order:
            for kind, names in order["schema"].items():
                for name in names:
                    key = next((k for k, f in FIELDS[kind].items() if f["name"] == name), None)
                    FIELDS[kind].pop(key, None)
            return None
        person = order["person"]
        made = self.make("persons", {"name": person["last"], "phones": [{"value": person["phone"], "primary": True}]})
        return str(made["id"])

    def handle(self, method, path, query, headers, body):
        query = dict(query)
        match path:
            case ["api", "v1", name] if method == "GET" and name in SINGULAR.values():
                return self.fields(next(k for k, v in SINGULAR.items() if v == name), query)
            case ["api", "v2", kind] if kind in FIELDS and method == "POST":
                return Reply(201, {"success": True, "data": self.shown(kind, self.make(kind, body))})
            case ["api", "v2", kind] if kind in FIELDS and method == "GET":
                return self.list(kind, query)
            case ["api", "v2", kind, "search"] if kind in ("persons", "deals") and method == "GET":
                return self.search(kind, query)
            case ["api", "v2", kind, id_] if kind in FIELDS and id_.isdigit():
                return self.one(method, kind, int(id_), body)
        raise error(404, "Unknown method .", "ERR_NOT_FOUND")

    def fields(self, kind, query):
        listed = [{"key": key, "name": one["name"], "field_type": one["type"],
                   **({"options": [{"id": i, "label": label} for i, label in one["options"]]} if one["options"] else {})}
                  for key, one in FIELDS[kind].items()]
        start = int(query.get("start", 0))
        size = min(int(query.get("limit", 100)), self.options.page)
        more = start + size < len(listed)
        paging = {"start": start, "limit": size, "more_items_in_collection": more}
        if more:
            paging["next_start"] = start + size
        return Reply(200, {"success": True, "data": listed[start:start + size], "additional_data": {"pagination": paging}})

    # --- records

    def make(self, kind, body):
        for name, one in FIELDS[kind].items():
            if one.get("required") and not body.get(name):
                raise error(400, f'Parameter validation failed: "{name}" is required')
        record = {"id": self.fresh(), "values": {}, "custom": {}}
        self.write(kind, record, body)
        self.records[kind][record["id"]] = record
        return record

    def write(self, kind, record, body):
        custom = body.get("custom_fields", {})
        for name, value in body.items():
            if name == "custom_fields":
                continue
            known = (name in FIELDS[kind] and len(name) != 40 and name not in ("phone", "email", "update_time"))
            if not known and name not in LISTS[kind]:
                raise error(400, f'Parameter validation failed: "{name}" is not allowed')
            self.check(name, FIELDS[kind].get(name, {}).get("type"), value)
        for key, value in custom.items():
            if key not in FIELDS[kind] or len(key) != 40:
                raise error(400, f'Parameter validation failed: "custom_fields.{key}" is not allowed')
            self.check(key, FIELDS[kind][key]["type"], value, FIELDS[kind][key]["options"])
        record["values"].update({k: v for k, v in body.items() if k != "custom_fields"})
        record["custom"].update(custom)
        self.tick += timedelta(seconds=1)
        record["updated"] = self.tick.strftime("%Y-%m-%dT%H:%M:%SZ")
        self.touch(kind, record)

    def check(self, name, sort, value, options=()):
        def wrong(what):
            raise error(400, f'Parameter validation failed: "{name}" {what}')
        if value is None:
            return
        if name in ("phones", "emails"):
            if not isinstance(value, list) or any(set(one) - {"value", "primary", "label"} for one in value):
                wrong("must be an array of value, primary, label")
        elif name == "participants":
            if not isinstance(value, list) or any(one.get("person_id") not in self.records["persons"] for one in value):
                wrong("must name persons that exist")
        elif name == "type" and value not in TYPES:
            wrong(f"must be one of {sorted(TYPES)}")
        elif sort in ("varchar", "text") and not isinstance(value, str):
            wrong("must be a string")
        elif sort == "varchar" and len(value) > 255:
            wrong("length must be less than or equal to 255 characters long")
        elif sort == "date" and not (isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value)):
            wrong("must be in YYYY-MM-DD format")
        elif sort == "boolean" and not isinstance(value, bool):
            wrong("must be a boolean")
        elif sort == "monetary" and (isinstance(value, bool) or not isinstance(value, (int, float))):
            wrong("must be a number")
        elif sort == "enum" and value not in [i for i, _ in options]:
            wrong("must be the id of an option")
        elif sort in ("people", "deal") and value not in self.records["persons" if sort == "people" else "deals"]:
            wrong("must be the id of a record that exists")

    def shown(self, kind, record):
        keys = [key for key in FIELDS[kind] if len(key) == 40]
        out = {name: record["values"].get(name) for name in FIELDS[kind] if len(name) != 40 and name not in ("phone", "email")}
        out.update({name: record["values"].get(name, []) for name in LISTS[kind]})
        if out.get("note"):
            # The editor's own spelling.
            out["note"] = out["note"].replace("<br>", "<br />")
        return {**out, "id": record["id"], "update_time": record["updated"], "is_deleted": False,
                **({"custom_fields": {key: record["custom"].get(key) for key in keys}} if keys else {})}

    def one(self, method, kind, id_, body):
        record = self.records[kind].get(id_)
        if record is None and id_ in self.gone[kind] and method == "GET":
            # Deleted records stay for 30 days.
            return Reply(200, {"success": True, "data": {**self.shown(kind, self.gone[kind][id_]), "is_deleted": True}})
        if record is None:
            raise error(404, f"{kind.title()} not found.", "ERR_NOT_FOUND")
        if method == "PATCH":
            self.write(kind, record, body)
        if method == "DELETE":
            self.gone[kind][id_] = self.records[kind].pop(id_)
            return Reply(200, {"success": True, "data": {"id": id_}})
        return Reply(200, {"success": True, "data": self.shown(kind, record)})

    def paged(self, rows, query, wrap):
        start = int(query.get("cursor") or 0)
        size = min(int(query.get("limit", 100)), self.options.page, 500)
        following = str(start + size) if start + size < len(rows) else None
        return Reply(200, {"success": True, "data": wrap(rows[start:start + size]),
                           "additional_data": {"next_cursor": following}})

    def list(self, kind, query):
        allowed = {"updated_since", "sort_by", "sort_direction", "limit", "cursor", "person_id", "deal_id"} | ({"status"} if kind == "deals" else set())
        for name in query:
            if name not in allowed:
                raise error(400, f'Parameter validation failed: "{name}" is not allowed')
        since = query.get("updated_since", "")
        if since and not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", since):
            raise error(400, 'Parameter validation failed: "updated_since" must be RFC3339')
        rows = [self.shown(kind, r) for r in self.records[kind].values() if r["updated"] >= since]
        if "person_id" in query:
            rows = [r for r in rows if str(r["person_id"]) == query["person_id"]]
        if "status" in query:
            rows = [r for r in rows if (r["status"] or "open") == query["status"]]
        rows.sort(key=lambda r: r[query.get("sort_by", "id")], reverse=query.get("sort_direction") == "desc")
        return self.paged(rows, query, list)

    def search(self, kind, query):
        term, exact = query["term"].lower(), query.get("exact_match") == "true"
        if len(term) < (1 if exact else 2):
            raise error(400, 'Parameter validation failed: "term" must be longer')
        fields = set(query.get("fields", "name").split(","))
        if fields - {"custom_fields", "email", "notes", "phone", "name", "title"}:
            raise error(400, 'Parameter validation failed: "fields" is not allowed')
        hits = []
        for record in self.records[kind].values():
            if not self.seen_by_search(record):
                continue
            texts = []
            if "custom_fields" in fields:
                texts += [str(v) for v in record["custom"].values() if v]
            if "email" in fields:
                texts += [one["value"] for one in record["values"].get("emails", [])]
            if "phone" in fields:
                # Numbers are found by their digits.
                texts += [re.sub(r"\D", "", one["value"]) for one in record["values"].get("phones", [])]
            if fields & {"name", "title"}:
                texts += [record["values"].get("name") or record["values"].get("title") or ""]
            if any(term == t.lower() if exact else term in t.lower() for t in texts):
                hits.append({"result_score": 0.5, "item": {"id": record["id"], "type": kind[:-1]}})
        return self.paged(hits, query, lambda rows: {"items": rows})


serve(Pipedrive)
