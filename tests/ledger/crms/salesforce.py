"""Salesforce's REST API as its documents have it.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/ (dome_upsert, resources_sobject_retrieve,
resources_query, resources_sobject_describe, errorcodes)
https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/ (Contact, Task, Opportunity)
"""

import re
from datetime import timedelta

from ledger import Ledger, Reply, serve


def text(length=255):
    return {"type": "string", "length": length}


def picks(*values):
    return {"type": "picklist", "values": values}


NUMBER, MOMENT, DAY = {"type": "double"}, {"type": "datetime"}, {"type": "date"}
AREA = {"type": "textarea", "length": 32000}
KEY = {**text(), "external": True}
RULED = {"Id": {"type": "id", "ro": True}, "SystemModstamp": {**MOMENT, "ro": True}, "CreatedDate": {**MOMENT, "ro": True},
         "OwnerId": {"type": "reference"}}
KINDS = {
    "Contact": {
        **RULED, "Phone": {"type": "phone", "length": 40}, "Email": {"type": "email", "length": 80}, "FirstName": text(40),
        "LastName": {**text(80), "required": True}, "Name": {**text(121), "ro": True}, "MailingPostalCode": text(20),
        "Birthdate": DAY, "Description": AREA, "offhook_key__c": KEY, "offhook_tier__c": text(),
        "offhook_source__c": text(),
    },
    "Task": {
        **RULED, "WhoId": {"type": "reference", "to": "Contact"}, "WhatId": {"type": "reference", "to": "Opportunity"},
        "Subject": {"type": "combobox", "length": 255}, "Description": AREA, "ActivityDate": DAY,
        "Status": {**picks("Not Started", "In Progress", "Completed", "Waiting on someone else", "Deferred"),
                   "required": True, "default": "Not Started"},
        "TaskSubtype": picks("Task", "Email", "Call"), "CallType": picks("Internal", "Inbound", "Outbound"),
        "CallDurationInSeconds": {"type": "int"}, "CallDisposition": text(), "offhook_key__c": KEY,
        "offhook_started_at__c": MOMENT, "offhook_urgency__c": text(), "offhook_lead_score__c": NUMBER,
        "offhook_sentiment__c": picks("positive", "neutral", "negative"), "offhook_source__c": text(),
    },
    "Opportunity": {
        **RULED, "Name": {**text(120), "required": True},
        "StageName": {**picks("Prospecting", "Qualification", "Closed Won", "Closed Lost"), "required": True},
        "CloseDate": {**DAY, "required": True}, "Amount": {"type": "currency"}, "NextStep": text(), "Description": AREA,
        "offhook_key__c": KEY,
    },
}
PREFIX = {"Contact": "003", "Task": "00T", "Opportunity": "006"}


def error(status, code, message, fields=()):
    # "Status codes and error responses": a list, each with errorCode, message and, where they are known, fields.
    return Reply(status, [{"errorCode": code, "message": message, "fields": list(fields)}])


class Salesforce(Ledger):
    kinds = KINDS

    def __init__(self, options):
        super().__init__(options)
        self.tick = self.clock()
        self.cursors = {}
        # Opportunity contact roles, which people give.
        self.roles = []

    def unauthorized(self):
        return Reply(401, [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}])

    def throttled(self, seconds):
        # API request limits: 403, and no word of how long.
        return Reply(403, [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}])

    def add(self, order):
        if "schema" in order:
            for kind, changes in order["schema"].items():
                for name, shape in changes.items():
                    KINDS[kind].pop(name, None)
                    if shape:
                        KINDS[kind][name] = shape
            return None
        if "role" in order:
            self.roles.append((order["role"]["opportunity"], order["role"]["contact"]))
            return None
        person = order["person"]
        return self.make("Contact", {"Phone": person["phone"], "LastName": person["last"]})["values"]["Id"]

    def handle(self, method, path, query, headers, body):
        query = dict(query)
        match path:
            case ["services", "data", "v62.0", *rest]:
                pass
            case _:
                raise error(404, "NOT_FOUND", "The requested resource does not exist")
        match rest:
            case ["query"] if method == "GET":
                return self.query(query["q"])
            case ["query", cursor] if method == "GET":
                return self.page(*self.cursors.pop(cursor))
            case ["sobjects", kind, "describe"] if method == "GET" and kind in KINDS:
                return Reply(200, {"name": kind, "fields": [self.shape(name, one) for name, one in KINDS[kind].items()]})
            case ["sobjects", kind, field, key] if KINDS.get(kind, {}).get(field, {}).get("external"):
                return self.by_key(method, kind, field, key, query, body)
            case ["sobjects", kind, id_] if kind in KINDS:
                return self.by_id(method, kind, self.records[kind].get(id_), query, body)
        raise error(404, "NOT_FOUND", "The requested resource does not exist")

    def shape(self, name, one):
        # defaultedOnCreate: a value comes without one.
        return {"name": name, "type": one["type"], "length": one.get("length", 0),
                "nillable": not one.get("required", False), "createable": not one.get("ro"), "updateable": not one.get("ro"),
                "defaultedOnCreate": "default" in one, "restrictedPicklist": True,
                "picklistValues": [{"value": v, "label": v, "active": True} for v in one.get("values", ())]}

    def by_key(self, method, kind, field, key, query, body):
        found = [r for r in self.records[kind].values() if r["values"].get(field) == key]
        if method == "PATCH":
            if field in body:
                raise error(400, "INVALID_FIELD", "The external id is in the address: it cannot be in the body.", [field])
            if found:
                self.write(kind, found[0], body)
                return Reply(200, {"id": found[0]["values"]["Id"], "success": True, "errors": [], "created": False})
            made = self.make(kind, {**body, field: key})
            return Reply(201, {"id": made["values"]["Id"], "success": True, "errors": [], "created": True})
        return self.by_id(method, kind, found[0] if found else None, query, body)

    def by_id(self, method, kind, record, query, body):
        if record is None:
            raise error(404, "NOT_FOUND", "Provided external ID field does not exist or is not accessible"
                        if method == "GET" else "The requested resource does not exist")
        if method == "GET":
            return Reply(200, self.look(kind, record, query["fields"].split(",")))
        if method == "PATCH":
            self.write(kind, record, body)
            return Reply(204)
        if method == "DELETE":
            del self.records[kind][record["values"]["Id"]]
            return Reply(204)
        raise error(405, "METHOD_NOT_ALLOWED", "HTTP Method not allowed.")

    def look(self, kind, record, names):
        for name in names:
            if name not in KINDS[kind]:
                raise error(400, "INVALID_FIELD", f"No such column '{name}' on sobject of type {kind}")
        url = f"/services/data/v62.0/sobjects/{kind}/{record['values']['Id']}"
        return {"attributes": {"type": kind, "url": url}, **{name: record["values"].get(name) for name in names}}

    # --- writing

    def make(self, kind, values):
        values = {name: one["default"] for name, one in KINDS[kind].items() if "default" in one} | values
        missing = [name for name, one in KINDS[kind].items() if one.get("required") and values.get(name) in (None, "")]
        if missing:
            raise error(400, "REQUIRED_FIELD_MISSING", f"Required fields are missing: {missing}", missing)
        id_ = f"{PREFIX[kind]}{self.fresh():015d}"
        record = {"values": {"Id": id_}}
        self.write(kind, record, values)
        self.records[kind][id_] = record
        return record

    def write(self, kind, record, values):
        for name, value in values.items():
            self.check(kind, name, value)
        for name, value in values.items():
            if KINDS[kind][name]["type"] == "datetime" and value:
                # Moments come back in UTC with an offset of four digits.
                value = self.moment(value)
            record["values"][name] = value
        self.tick += timedelta(seconds=1)
        record["values"]["SystemModstamp"] = self.tick.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
        self.touch(kind, record)

    def moment(self, value):
        from datetime import datetime, timezone
        at = datetime.fromisoformat(value.replace("Z", "+00:00")).astimezone(timezone.utc)
        return at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")

    def check(self, kind, name, value):
        one = KINDS[kind].get(name)
        if one is None:
            raise error(400, "INVALID_FIELD", f"No such column '{name}' on sobject of type {kind}")
        if one.get("ro"):
            raise error(400, "INVALID_FIELD_FOR_INSERT_UPDATE", f"Unable to create/update fields: {name}.", [name])
        if value is None:
            return
        sort = one["type"]
        if sort in ("double", "int", "currency"):
            if isinstance(value, bool) or not isinstance(value, (int, float)) or (sort == "int" and value != int(value)):
                raise error(400, "JSON_PARSER_ERROR", f"Cannot deserialize instance of {sort} from {value!r}", [name])
            return
        if not isinstance(value, str):
            raise error(400, "JSON_PARSER_ERROR", f"Cannot deserialize instance of {sort} from {value!r}", [name])
        if sort == "date" and not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            raise error(400, "JSON_PARSER_ERROR", f"Cannot deserialize instance of date from {value}", [name])
        if sort == "datetime" and not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)", value):
            raise error(400, "JSON_PARSER_ERROR", f"Cannot deserialize instance of datetime from {value}", [name])
        if one.get("values") and value not in one["values"]:
            raise error(400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
                        f"{name}: bad value for restricted picklist field: {value}", [name])
        if len(value) > one.get("length", 1 << 20):
            raise error(400, "STRING_TOO_LONG", f"{name}: data value too large", [name])
        if sort == "email" and value and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[a-z]+", value):
            raise error(400, "INVALID_EMAIL_ADDRESS", f"{name}: invalid email address: {value}", [name])
        if one.get("to") and value not in self.records[one["to"]]:
            raise error(400, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [name])

    # --- SOQL

    def query(self, soql):
        found = re.fullmatch(r"SELECT (.+?) FROM (\w+) WHERE (.+?)(?: ORDER BY (\w+))?(?: LIMIT (\d+))?", soql)
        if not found or found[2] not in KINDS:
            raise error(400, "MALFORMED_QUERY", f"unexpected token: {soql}")
        names, kind, where, _, limit = found.groups()
        rules, theirs = [], None
        roles = r"Id IN \(SELECT OpportunityId FROM OpportunityContactRole WHERE ContactId = '(\w+)'\) AND IsClosed = false"
        if (role := re.fullmatch(roles, where)) and kind == "Opportunity":
            theirs = {deal for deal, contact in self.roles if contact == role[1]}
        for part in [] if theirs is not None else re.split(r" AND (?=\w+ (?:=|LIKE) ')", where):
            rule = re.fullmatch(r"(\w+) (=|LIKE) '((?:[^'\\]|\\.)*)'", part)
            if not rule:
                raise error(400, "MALFORMED_QUERY", f"unexpected token: {part}")
            if rule[1] not in KINDS[kind]:
                raise error(400, "INVALID_FIELD", f"No such column '{rule[1]}' on entity '{kind}'.")
            rules.append((rule[1], rule[2], re.sub(r"\\(.)", r"\1", rule[3])))
        hits = [r for _, r in sorted(self.records[kind].items()) if all(self.holds(r, *rule) for rule in rules)
                and (theirs is None or r["values"]["Id"] in theirs)]
        rows = [self.look(kind, r, re.split(r",\s*", names)) for r in hits[:int(limit or 2000)]]
        return self.page(rows, 0)

    def holds(self, record, name, operator, value):
        have = (record["values"].get(name) or "").lower()
        if operator == "=":
            return have == value.lower() != ""
        pattern = "".join(".*" if c == "%" else "." if c == "_" else re.escape(c) for c in value.lower())
        return re.fullmatch(pattern, have) is not None

    def page(self, rows, start):
        end = start + self.options.page
        out = {"totalSize": len(rows), "done": end >= len(rows), "records": rows[start:end]}
        if not out["done"]:
            cursor = f"01g{self.fresh():012d}-{end}"
            self.cursors[cursor] = (rows, end)
            out["nextRecordsUrl"] = f"/services/data/v62.0/query/{cursor}"
        return Reply(200, out)


serve(Salesforce)
