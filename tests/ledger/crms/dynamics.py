"""The Dataverse Web API of Dynamics 365 as its documents have it.

https://learn.microsoft.com/power-apps/developer/data-platform/webapi/ (update-delete-entities-using-web-api,
use-alternate-key-reference-record, query/filter-rows, compose-http-requests-handle-errors, perform-conditional-operations)
https://learn.microsoft.com/power-apps/developer/data-platform/api-limits (429 and Retry-After)
"""

import re
import uuid
from datetime import datetime, timezone

from ledger import Ledger, Reply, serve

TEXT, MEMO, NUMBER = {"type": "String", "max": 100}, {"type": "Memo", "max": 100000}, {"type": "Integer"}
MOMENT, MONEY, FLAG = {"type": "DateTime", "format": "DateAndTime"}, {"type": "Money"}, {"type": "Boolean"}
RULED = {"createdon": {**MOMENT, "ro": True}, "modifiedon": {**MOMENT, "ro": True}}
KEY = {**TEXT, "key": True}
TABLES = {
    "contacts": {"name": "contact", "id": "contactid", "columns": {
        **RULED, "telephone1": TEXT, "mobilephone": TEXT, "emailaddress1": TEXT, "firstname": TEXT,
        "lastname": {**TEXT, "required": True}, "fullname": {**TEXT, "ro": True}, "address1_postalcode": {**TEXT, "max": 20},
        "birthdate": {"type": "DateTime", "format": "DateOnly"}, "description": MEMO, "new_offhookkey": KEY,
    }},
    "phonecalls": {"name": "phonecall", "id": "activityid", "columns": {
        **RULED, "subject": {**TEXT, "max": 200}, "description": MEMO, "directioncode": FLAG, "phonenumber": TEXT,
        "actualstart": MOMENT, "actualend": MOMENT, "new_seconds": NUMBER, "new_disposition": TEXT, "new_urgency": TEXT,
        "new_leadscore": NUMBER, "new_source": TEXT, "new_offhookkey": KEY,
        "new_sentiment": {"type": "Picklist", "options": [100000000, 100000001, 100000002]},
        "regardingobjectid": {"type": "Lookup", "to": {"regardingobjectid_contact_phonecall": "contacts",
                                                       "regardingobjectid_opportunity_phonecall": "opportunities"}},
    }},
    "tasks": {"name": "task", "id": "activityid", "columns": {
        **RULED, "subject": {**TEXT, "max": 200, "required": True}, "description": MEMO, "scheduledend": MOMENT,
        "new_offhookkey": KEY,
        "regardingobjectid": {"type": "Lookup", "to": {"regardingobjectid_contact_task": "contacts"}},
    }},
    "opportunities": {"name": "opportunity", "id": "opportunityid", "columns": {
        **RULED, "name": {**TEXT, "required": True}, "estimatedvalue": MONEY, "description": MEMO, "new_nextstep": TEXT,
        "estimatedclosedate": {"type": "DateTime", "format": "DateOnly"}, "new_offhookkey": KEY,
        "parentcontactid": {"type": "Lookup", "to": {"parentcontactid": "contacts"}},
    }},
}


def error(status, code, message, headers=None):
    return Reply(status, {"error": {"code": code, "message": message}}, headers)


class Dynamics(Ledger):
    kinds = TABLES

    def __init__(self, options):
        super().__init__(options)
        self.version = 5000
        self.pages = {}

    def unauthorized(self):
        return Reply(401, None, {"WWW-Authenticate": "Bearer error=invalid_token"})

    def throttled(self, seconds):
        return error(429, "0x80072322", "Number of requests exceeded the limit of 6000 over time window of 300 seconds.",
                     {"Retry-After": str(seconds)})

    def add(self, order):
        if "schema" in order:
            for table, names in order["schema"].items():
                for name in names:
                    TABLES[table]["columns"].pop(name, None)
            return None
        person = order["person"]
        return self.make("contacts", {"telephone1": person["phone"], "lastname": person["last"]})["id"]

    def handle(self, method, path, query, headers, body):
        if path[:3] != ["api", "data", "v9.2"]:
            raise error(404, "0x8006088a", "Resource not found")
        query, rest = dict(query), path[3:]
        if "$skiptoken" in query:
            return self.page(*self.pages.pop(query["$skiptoken"]))
        if rest[:1] == ["EntityDefinitions"]:
            wanted = re.fullmatch(r"EntitySetName eq '(\w+)'", query["$filter"])[1]
            found = [{"LogicalName": TABLES[wanted]["name"], "PrimaryIdAttribute": TABLES[wanted]["id"]}] if wanted in TABLES else []
            return Reply(200, {"value": found})
        entity = re.fullmatch(r"EntityDefinitions\(LogicalName='(\w+)'\)", rest[0])
        if entity and rest[1:2] == ["Attributes"]:
            return self.attributes(entity[1], rest[2:], query)
        if len(rest) == 1 and rest[0] in TABLES and method == "GET":
            return self.query(rest[0], query, headers)
        one = re.fullmatch(r"(\w+)\((.+)\)", rest[0])
        if len(rest) == 1 and one and one[1] in TABLES:
            return self.one(method, one[1], one[2], query, headers, body)
        raise error(404, "0x80060888", f"Resource not found for the segment '{rest[0]}'.")

    def attributes(self, name, rest, query):
        table = next(t for t in TABLES.values() if t["name"] == name)
        listed = []
        for column, one in table["columns"].items():
            if rest and one["type"] != "Picklist":
                continue
            listed.append({
                "LogicalName": column, "AttributeType": one["type"], "IsValidForCreate": not one.get("ro"),
                "IsValidForUpdate": not one.get("ro"), "MaxLength": one.get("max"), "Format": one.get("format"),
                "RequiredLevel": {"Value": "ApplicationRequired" if one.get("required") else "None"},
                **({"OptionSet": {"Options": [{"Value": v} for v in one["options"]]}} if rest and "OptionSet" in query.get("$expand", "") else {}),
            })
        return Reply(200, {"value": listed})

    # --- records

    def find(self, table, which):
        if re.fullmatch(r"[0-9a-f-]{36}", which):
            return self.records[table].get(which), None
        key = re.fullmatch(r"(\w+)='((?:[^']|'')*)'", which)
        if not key or not TABLES[table]["columns"].get(key[1], {}).get("key"):
            raise error(400, "0x80060888", "The specified key properties are not keys of the entity.")
        if re.search(r"[/<>*%&:\\?+]", key[2]):
            # use-alternate-key-reference-record: "... then ... update or upsert (PATCH) actions won't work".
            raise error(400, "0x80060888", "Bad Request - Error in query syntax.")
        value = key[2].replace("''", "'")
        return next((r for r in self.records[table].values() if r["values"].get(key[1]) == value), None), (key[1], value)

    def one(self, method, table, which, query, headers, body):
        record, key = self.find(table, which)
        if record is None and method == "PATCH" and key and "if-match" not in headers:
            if key[0] in body:
                raise error(400, "0x80060888", "The key is in the address: it cannot be in the body.")
            record = self.make(table, {**body, key[0]: key[1]})
            return self.written(201, table, record, query, headers)
        if record is None:
            raise error(404, "0x80040217", f"Entity '{TABLES[table]['name']}' With Id = {which} Does Not Exist")
        if method == "DELETE":
            del self.records[table][record["id"]]
            return Reply(204)
        if method == "GET":
            return Reply(200, self.shown(table, record, query.get("$select")))
        if method != "PATCH":
            raise error(405, "0x80060888", "The HTTP method is not supported.")
        seen = headers.get("if-match", "*")
        if headers.get("if-none-match") == "*" or (seen != "*" and seen != record["etag"]):
            raise error(412, "0x80060882", "The version of the existing record doesn't match the RowVersion property provided.")
        self.write(table, record, body)
        return self.written(200, table, record, query, headers)

    def written(self, status, table, record, query, headers):
        if headers.get("prefer") == "return=representation":
            return Reply(status, self.shown(table, record, query.get("$select")))
        return Reply(204)

    def make(self, table, body):
        for name, one in TABLES[table]["columns"].items():
            if one.get("required") and not body.get(name):
                raise error(400, "0x80040203", f"Business required column '{name}' is empty")
        record = {"id": str(uuid.uuid4()), "values": {"createdon": f"{self.fresh()}"}}
        self.write(table, record, body)
        self.records[table][record["id"]] = record
        return record

    def write(self, table, record, body):
        columns, values = TABLES[table]["columns"], {}
        for name, value in body.items():
            if name.endswith("@odata.bind"):
                column, target = next(((c, one["to"][name[:-11]]) for c, one in columns.items()
                                       if name[:-11] in one.get("to", {})), (None, None))
                to = re.fullmatch(r"/(\w+)\(([0-9a-f-]{36})\)", value)
                if column is None or not to or to[1] != target or to[2] not in self.records[target]:
                    raise error(400, "0x80048d19", f"An undeclared property '{name[:-11]}' which only has property annotations")
                values[f"_{column}_value"] = to[2]
                continue
            one = columns.get(name)
            if one is None or one["type"] == "Lookup":
                raise error(400, "0x80048d19", f"Error identified in Payload provided by the user for Entity :'{table}': "
                            f"An undeclared property '{name}' which only has property annotations in the payload")
            self.check(name, one, value)
            if one["type"] == "DateTime" and value and one["format"] != "DateOnly":
                value = datetime.fromisoformat(value.replace("Z", "+00:00")).astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
            values[name] = value
        record["values"].update(values)
        self.version += 1
        record["etag"] = f'W/"{self.version}"'
        self.touch(table, record)

    def check(self, name, one, value):
        def wrong(what):
            raise error(400, "0x80048d19", f"Error identified in Payload provided by the user: {what}")
        if one.get("ro"):
            wrong(f"The property '{name}' cannot be set")
        if value is None:
            return
        sort = one["type"]
        if sort in ("String", "Memo"):
            if not isinstance(value, str):
                wrong(f"Cannot convert a value to target type 'Edm.String' for attribute '{name}'")
            if len(value) > one["max"]:
                raise error(400, "0x80044331", f"A validation error occurred. The length of the '{name}' attribute exceeded")
        elif sort == "Boolean" and not isinstance(value, bool):
            wrong(f"Cannot convert the literal to 'Edm.Boolean' for attribute '{name}'")
        elif sort in ("Integer", "Picklist") and (isinstance(value, bool) or not isinstance(value, int)):
            wrong(f"Cannot convert the literal to 'Edm.Int32' for attribute '{name}'")
        elif sort == "Money" and (isinstance(value, bool) or not isinstance(value, (int, float))):
            wrong(f"Cannot convert the literal to 'Edm.Decimal' for attribute '{name}'")
        elif sort == "Picklist" and value not in one["options"]:
            raise error(400, "0x80044331", f"A validation error occurred. The value {value} of '{name}' on record of type "
                        f"is outside the valid range. Accepted Values: {one['options']}")
        elif sort == "DateTime":
            pattern = r"\d{4}-\d\d-\d\d" if one["format"] == "DateOnly" else r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"
            if not isinstance(value, str) or not re.fullmatch(pattern, value):
                wrong(f"Cannot convert the literal '{value}' to the expected type for attribute '{name}'")

    def shown(self, table, record, select):
        known = set(TABLES[table]["columns"]) | {f"_{c}_value" for c, one in TABLES[table]["columns"].items() if "to" in one}
        known.add(TABLES[table]["id"])
        names = select.split(",") if select else sorted(known)
        for name in names:
            if name not in known:
                raise error(400, "0x80060888", f"Could not find a property named '{name}' on type 'Microsoft.Dynamics.CRM'.")
        out = {name: record["values"].get(name) for name in names}
        return {"@odata.etag": record["etag"], **out, TABLES[table]["id"]: record["id"]}

    # --- questions

    def query(self, table, query, headers):
        for name in query:
            if name not in ("$select", "$filter", "$orderby", "$top"):
                raise error(400, "0x80060888", f"The query parameter {name} is not supported.")
        rules = [self.rule(table, part) for part in query["$filter"].split(" and ")]
        rows = [self.shown(table, r, query.get("$select")) for r in self.records[table].values()
                if self.seen_by_search(r) and all(rule(r["values"]) for rule in rules)]
        size = re.fullmatch(r"odata\.maxpagesize=(\d+)", headers.get("prefer", ""))
        return self.page(rows, 0, min(int(size[1]) if size else 5000, self.options.page), headers["host"])

    def rule(self, table, text):
        if linked := re.fullmatch(r"_(\w+)_value eq ([0-9a-f-]{36})", text):
            if TABLES[table]["columns"].get(linked[1], {}).get("type") != "Lookup":
                raise error(400, "0x80060888", f"Could not find a property named '_{linked[1]}_value'.")
            return lambda values: values.get(f"_{linked[1]}_value") == linked[2]
        if state := re.fullmatch(r"statecode eq (\d)", text):
            # Open, until somebody closes it.
            return lambda values: int(state[1]) == values.get("statecode", 0)
        equal = re.fullmatch(r"(\w+) eq '((?:[^']|'')*)'", text)
        ends = re.fullmatch(r"endswith\((\w+),'((?:[^']|'')*)'\)", text)
        if not (equal or ends):
            raise error(400, "0x80060888", f"Syntax error in '{text}'.")
        name, value = (equal or ends).groups()
        if name not in TABLES[table]["columns"]:
            raise error(400, "0x80060888", f"Could not find a property named '{name}' on type 'Microsoft.Dynamics.CRM'.")
        value = value.replace("''", "'").lower()
        if equal:
            return lambda values: (values.get(name) or "").lower() == value
        # filter-rows: wildcards stand inside the functions of texts.
        pattern = ".*" + "".join(".*" if c == "%" else re.escape(c) for c in value)
        return lambda values: re.fullmatch(pattern, (values.get(name) or "").lower()) is not None

    def page(self, rows, start, size, host):
        out = {"value": rows[start:start + size]}
        if start + size < len(rows):
            token = uuid.uuid4().hex
            self.pages[token] = (rows, start + size, size, host)
            out["@odata.nextLink"] = f"http://{host}/api/data/v9.2/contacts?$skiptoken={token}"
        return Reply(200, out)


serve(Dynamics)
