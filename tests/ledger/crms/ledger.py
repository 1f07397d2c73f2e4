"""What the stand-ins for CRMs share beyond providers/contract.py: records, and searches that lag behind them."""

import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "providers"))

from contract import Contract, Reply, serve  # noqa: E402,F401


class Ledger(Contract):
    """Records by kind and id; subclasses say what they look like."""

    kinds = {}

    def __init__(self, options):
        super().__init__(options)
        self.records = {kind: {} for kind in self.kinds}
        self.last = 1000
        self.writes = 0

    def fresh(self):
        self.last += 1
        return self.last

    def seen_by_search(self, record):
        """A search sees what was written a while ago."""
        return time.monotonic() - record["at"] >= self.options.delay

    def touch(self, kind, record):
        self.writes += 1
        record["at"] = time.monotonic()
        record["rev"] = record.get("rev", 0) + 1
        if self.options.journal:
            with open(self.options.journal, "a") as journal:
                journal.write(json.dumps({"kind": kind, "record": record}, default=str) + "\n")

    def state(self):
        return {"counts": {kind: len(all_) for kind, all_ in self.records.items()}, "writes": self.writes}
