"""HubSpot's CRM API as its documents have it.

https://developers.hubspot.com/docs/api-reference/crm-objects-v3/guide (objects, batch, upsert, associations)
https://developers.hubspot.com/docs/api-reference/search/guide (search)
https://developers.hubspot.com/docs/api-reference/crm-properties-v3/guide (properties)
https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines (limits)
https://developers.hubspot.com/docs/api-reference/error-handling (errors)
"""

import json
import re
import uuid
from datetime import datetime, timedelta, timezone

from ledger import Ledger, Reply, serve


def choice(*values):
    return {"type": "enumeration", "fieldType": "select", "options": values}


TEXT = {"type": "string", "fieldType": "text"}
AREA = {"type": "string", "fieldType": "textarea"}
NUMBER = {"type": "number", "fieldType": "number"}
MOMENT = {"type": "datetime", "fieldType": "date"}
UNIQUE = {"type": "string", "fieldType": "text", "unique": True}
RULED = {"hs_object_id": {**NUMBER, "ro": True}, "createdate": {**MOMENT, "ro": True},
         "hs_lastmodifieddate": {**MOMENT, "ro": True}}
OWNER = {"type": "enumeration", "fieldType": "select", "options": ()}

# Default properties, and those an administrator has made for offhook.
KINDS = {
    "contacts": {
        **RULED, "email": TEXT, "firstname": TEXT, "lastname": TEXT, "phone": {"type": "string", "fieldType": "phonenumber"},
        "mobilephone": TEXT, "zip": TEXT, "date_of_birth": TEXT, "lifecyclestage": choice("lead", "customer"),
        "hs_searchable_calculated_phone_number": {**TEXT, "ro": True}, "offhook_key": UNIQUE,
        "offhook_tier": TEXT, "offhook_source": TEXT, "offhook_notes": AREA,
    },
    # https://developers.hubspot.com/docs/api-reference/crm-calls-v3/guide
    "calls": {
        **RULED, "hs_timestamp": {**MOMENT, "required": True}, "hs_call_title": TEXT, "hs_call_body": AREA,
        "hs_call_duration": NUMBER, "hs_call_from_number": TEXT, "hs_call_to_number": TEXT, "hs_call_recording_url": TEXT,
        "hs_call_direction": choice("INBOUND", "OUTBOUND"),
        "hs_call_status": choice("BUSY", "CALLING_CRM_USER", "CANCELED", "COMPLETED", "CONNECTING", "FAILED",
                                 "IN_PROGRESS", "NO_ANSWER", "QUEUED", "RINGING"),
        "offhook_key": UNIQUE, "offhook_disposition": TEXT, "offhook_urgency": TEXT,
        "offhook_sentiment": choice("positive", "neutral", "negative"), "offhook_lead_score": NUMBER,
        "offhook_source": TEXT,
    },
    # https://developers.hubspot.com/docs/api-reference/crm-tasks-v3/guide
    "tasks": {
        **RULED, "hs_timestamp": {**MOMENT, "required": True}, "hs_task_subject": TEXT, "hs_task_body": AREA,
        "hs_task_status": choice("COMPLETED", "DEFERRED", "IN_PROGRESS", "NOT_STARTED", "WAITING"),
        "hs_task_type": choice("EMAIL", "CALL", "TODO"), "hubspot_owner_id": OWNER, "offhook_key": UNIQUE,
    },
    "deals": {
        **RULED, "dealname": TEXT, "dealstage": choice("appointmentscheduled", "qualifiedtobuy", "closedwon"),
        "amount": NUMBER, "closedate": MOMENT, "hs_next_step": TEXT, "description": AREA, "hubspot_owner_id": OWNER,
        "offhook_key": UNIQUE, "hs_is_closed": {"type": "bool", "fieldType": "calculation_equation", "ro": True},
    },
}


def error(status, category, message, **more):
    return Reply(status, {"status": "error", "message": message, "correlationId": str(uuid.uuid4()),
                          "category": category, **more})


def invalid(complaints):
    """Every property that is wrong is named, in a list inside the message."""
    listed = [{"isValid": False, "message": m, "error": code, "name": name} for name, code, m in complaints]
    return error(400, "VALIDATION_ERROR", "Property values were not valid: " + json.dumps(listed))


def moment(value):
    """ISO 8601 or milliseconds since 1970; anything else is refused."""
    if re.fullmatch(r"-?\d+", value):
        return datetime.fromtimestamp(int(value) / 1000, timezone.utc)
    if not re.fullmatch(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d))?", value):
        raise ValueError(value)
    at = datetime.fromisoformat(value.replace("Z", "+00:00"))
    return at if at.tzinfo else at.replace(tzinfo=timezone.utc)


def shown(at):
    return at.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


class HubSpot(Ledger):
    kinds = KINDS

    def __init__(self, options):
        super().__init__(options)
        # Times a version apart from each other, as wall clocks are.
        self.tick = self.clock()
        self.searches = []
        self.gone = {}

    def unauthorized(self):
        # Error handling: 401 with EXPIRED_AUTHENTICATION.
        return error(401, "EXPIRED_AUTHENTICATION", "The OAuth token used to make this call expired.")

    def throttled(self, seconds):
        # Usage guidelines: 429 with policyName; Retry-After is sent with the burst limit.
        return Reply(429, {"status": "error", "message": "You have reached your secondly limit.",
                           "errorType": "RATE_LIMIT", "correlationId": str(uuid.uuid4()), "policyName": "SECONDLY",
                           "category": "RATE_LIMITS"}, {"Retry-After": str(seconds)})

    def add(self, order):
        """Somebody else writes a record, changes a property of the schema."""
        if "schema" in order:
            for kind, changes in order["schema"].items():
                for name, shape in changes.items():
                    KINDS[kind].pop(name, None)
                    if shape:
                        KINDS[kind][name] = shape
            return None
        if "change" in order:
            record = self.records[order["kind"]][order["change"]]
            self.write(order["kind"], record, order["properties"])
            return order["change"]
        if "person" in order:
            person = order["person"]
            return self.make("contacts", {"phone": person["phone"], "lastname": person["last"]})["id"]
        return self.make(order["kind"], order["properties"])["id"]

    # --- records

    def make(self, kind, properties):
        self.check(kind, properties)
        missing = [name for name, shape in KINDS[kind].items() if shape.get("required") and not properties.get(name)]
        if missing:
            raise error(400, "VALIDATION_ERROR", f"Error creating {kind}. Some required properties were not set.",
                        context={"properties": missing}, errors=[
                            {"message": f"{name} is required", "code": "REQUIRED_PROPERTY",
                             "context": {"propertyName": [name]}} for name in missing])
        if kind == "contacts" and properties.get("email"):
            for other in self.records[kind].values():
                if other["properties"].get("email", "").lower() == properties["email"].lower():
                    raise error(409, "CONFLICT", f"Contact already exists. Existing ID: {other['id']}")
        record = {"id": str(self.fresh()), "properties": {}, "links": {}, "created": shown(self.step())}
        self.records[kind][record["id"]] = record
        self.write(kind, record, properties)
        return record

    def step(self):
        self.tick += timedelta(milliseconds=1)
        return self.tick

    def write(self, kind, record, properties):
        for name, value in properties.items():
            if value == "":
                record["properties"].pop(name, None)
                continue
            if KINDS[kind][name]["type"] == "datetime":
                value = shown(moment(value))
            record["properties"][name] = value
        if kind == "contacts":
            # Search: "HubSpot only uses the area code and local number".
            digits = re.sub(r"\D", "", record["properties"].get("phone", ""))
            digits = digits[1:] if len(digits) == 11 and digits.startswith("1") else digits
            record["properties"]["hs_searchable_calculated_phone_number"] = digits
        record["updated"] = shown(self.step())
        self.touch(kind, record)

    def check(self, kind, properties):
        wrong = []
        for name, value in properties.items():
            shape = KINDS[kind].get(name)
            if shape is None:
                wrong.append((name, "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist'))
            elif not isinstance(value, str):
                wrong.append((name, "INVALID_STRING", f"{value!r} is no string"))
            elif shape.get("ro"):
                wrong.append((name, "READ_ONLY_VALUE", f'"{name}" is a read only property'))
            elif value == "":
                pass
            elif shape.get("options") and value not in shape["options"]:
                wrong.append((name, "INVALID_OPTION", f"{value} was not one of the allowed options: {list(shape['options'])}"))
            elif shape["type"] == "number" and not re.fullmatch(r"-?\d+(\.\d+)?", value):
                wrong.append((name, "INVALID_INTEGER", f"{value} was not a valid number."))
            elif shape["type"] == "datetime":
                try:
                    moment(value)
                except ValueError:
                    wrong.append((name, "INVALID_DATE", f"{value} was not a valid long."))
            elif name == "email" and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[a-z]+", value):
                wrong.append((name, "INVALID_EMAIL", f"Email address {value} is invalid"))
            elif len(value) > 65536:
                wrong.append((name, "INVALID_LENGTH", "too long"))
        if wrong:
            raise invalid(wrong)

    def look(self, record, wanted, links=()):
        # Only the default properties and those asked for come back.
        names = {*wanted, "hs_object_id"}
        properties = {name: record["properties"].get(name) for name in names}
        properties["hs_object_id"] = record["id"]
        out = {"id": record["id"], "properties": properties, "createdAt": record["created"],
               "updatedAt": record["updated"], "archived": False}
        linked = {to: {"results": [{"id": one, "type": f"to_{to}"} for one in record["links"][to]]}
                  for to in links if record["links"].get(to)}
        return {**out, "associations": linked} if linked else out

    def only(self, body, *names):
        for name in body:
            if name not in names:
                raise error(400, "VALIDATION_ERROR", f'Invalid input JSON on line 1: unknown field "{name}"')

    # --- requests

    def handle(self, method, path, query, headers, body):
        query = dict(query)
        match path:
            case ["crm", "v3", "properties", kind] if method == "GET" and kind in KINDS:
                return Reply(200, {"results": [self.shape(name, one) for name, one in KINDS[kind].items()]})
            case ["crm", "v3", "objects", kind, "search"] if method == "POST":
                return self.find(kind, body)
            case ["crm", "v3", "objects", kind, "batch", "upsert"] if method == "POST":
                return self.upsert(kind, body)
            case ["crm", "v3", "objects", kind, id_] if kind in KINDS:
                return self.one(method, kind, id_, query, body)
            case ["crm", "v4", "objects", kind, id_, "associations", "default", to, other] if method == "PUT":
                record, target = self.records[kind].get(id_), self.records.get(to, {}).get(other)
                if record is None or target is None:
                    raise error(404, "OBJECT_NOT_FOUND", "One or more objects do not exist")
                for one, key, end in ((record, to, other), (target, kind, id_)):
                    one["links"].setdefault(key, [])
                    if end not in one["links"][key]:
                        one["links"][key].append(end)
                return Reply(200, {"status": "COMPLETE", "results": []})
        raise error(404, "OBJECT_NOT_FOUND", "resource not found")

    def shape(self, name, shape):
        options = [{"label": one.title(), "value": one, "hidden": False} for one in shape.get("options", ())]
        return {"name": name, "label": name, "type": shape["type"], "fieldType": shape["fieldType"], "options": options,
                "hasUniqueValue": bool(shape.get("unique")),
                "modificationMetadata": {"readOnlyValue": bool(shape.get("ro")), "archivable": True}}

    def by(self, kind, id_, query):
        if "idProperty" in query:
            name = query["idProperty"]
            if not KINDS[kind].get(name, {}).get("unique"):
                raise error(400, "VALIDATION_ERROR", f"{name} is not a unique property", context={"propertyName": [name]})
            return next((r for r in self.records[kind].values() if r["properties"].get(name) == id_), None)
        return self.records[kind].get(id_)

    def one(self, method, kind, id_, query, body):
        record = self.by(kind, id_, query)
        if method == "DELETE":
            # Archiving answers 204, also when there is nothing (any more).
            if record is not None:
                del self.records[kind][record["id"]]
            return Reply(204)
        if record is None:
            raise error(404, "OBJECT_NOT_FOUND", "resource not found")
        if method == "GET":
            links = [to for to in query.get("associations", "").split(",") if to]
            return Reply(200, self.look(record, query.get("properties", "").split(","), links))
        if method == "PATCH":
            self.only(body, "properties")
            self.check(kind, body["properties"])
            self.write(kind, record, body["properties"])
            return Reply(200, self.look(record, body["properties"]))
        raise error(405, "VALIDATION_ERROR", "method not allowed")

    def upsert(self, kind, body):
        self.only(body, "inputs")
        if not 1 <= len(body["inputs"]) <= 100:
            raise error(400, "VALIDATION_ERROR", "between 1 and 100 inputs")
        results = []
        for item in body["inputs"]:
            self.only(item, "id", "idProperty", "properties", "objectWriteTraceId")
            old = self.by(kind, item["id"], item)
            name = item["idProperty"]
            properties = {name: item["id"], **item["properties"]}
            if properties[name] != item["id"]:
                raise error(400, "VALIDATION_ERROR", "the id property differs from the id")
            if old is None:
                record = self.make(kind, properties)
            else:
                self.check(kind, properties)
                self.write(kind, record := old, properties)
            results.append({**self.look(record, properties), "new": old is None})
        return Reply(200, {"status": "COMPLETE", "results": results})

    def find(self, kind, body):
        self.only(body, "filterGroups", "properties", "sorts", "limit", "after", "query")
        if body.get("limit", 10) > 200:
            raise error(400, "VALIDATION_ERROR", "limit must be at most 200")
        found = []
        for record in self.records[kind].values():
            if not self.seen_by_search(record):
                continue
            for group in body["filterGroups"]:
                if all(self.holds(kind, record, one) for one in group["filters"]):
                    found.append(record)
                    break
        start = int(body.get("after") or 0)
        size = min(body.get("limit", 10), self.options.page)
        page = found[start:start + size]
        out = {"total": len(found), "results": [self.look(one, body.get("properties", [])) for one in page]}
        if start + size < len(found):
            out["paging"] = {"next": {"after": str(start + size)}}
        return Reply(200, out)

    def holds(self, kind, record, rule):
        self.only(rule, "propertyName", "operator", "value", "values", "highValue")
        # Pseudo-properties: "associations.{objectType}", in the singular.
        if rule["propertyName"].startswith("associations."):
            return rule["value"] in record["links"].get(rule["propertyName"].split(".")[1] + "s", [])
        if rule["propertyName"] == "hs_is_closed":
            return str((record["properties"].get("dealstage") or "").startswith("closed")).lower() == rule["value"]
        if rule["propertyName"] not in KINDS[kind]:
            raise error(400, "VALIDATION_ERROR", f"There was a problem with the request: unknown property {rule['propertyName']}")
        if rule["operator"] != "EQ":
            raise error(400, "VALIDATION_ERROR", "operator is not tried here")
        # Values of texts are compared without their case.
        return (record["properties"].get(rule["propertyName"]) or "").lower() == rule["value"].lower()


serve(HubSpot)
