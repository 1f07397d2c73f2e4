"""Tryton itself, on SQLite: a database is made once and kept, each test gets a copy and a server of its own.

Prints the server's port. `--prepare` only makes the database. `--ask` reads records with Tryton's own client (proteus).
"""

import argparse
import fcntl
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

NAME = "crm"
PASSWORD = "a-long-password"
MODULES = ["party", "sale_opportunity", "project"]


def settings(folder, session):
    path = folder / "trytond.conf"
    path.write_text(f"[database]\nuri = sqlite://\npath = {folder}\n[session]\ntimeout = {session}\nmax_age = {session}\n"
                    "[cache]\nclean_timeout = 0\n")
    os.environ.update(TRYTOND_CONFIG=str(path), TRYTOND_DATABASE_NAMES=NAME)
    return path


def prepared(cache):
    """The database, made by whoever comes first."""
    cache.mkdir(parents=True, exist_ok=True)
    ready = cache / "tryton.sqlite"
    with open(cache / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ready.exists():
            folder = cache / f"making-{os.getpid()}"
            folder.mkdir()
            make(folder)
            os.replace(folder / f"{NAME}.sqlite", ready)
            shutil.rmtree(folder)
    return ready


def make(folder):
    conf = settings(folder, 86400)
    (folder / f"{NAME}.sqlite").touch()
    (folder / "password").write_text(PASSWORD)
    # Beside our own Python, or wherever it was installed.
    beside = Path(sys.executable).with_name("trytond-admin")
    admin = str(beside) if beside.exists() else "trytond-admin"
    command = [admin, "-c", str(conf), "-d", NAME, "-u", *MODULES, "--activate-dependencies", "--email", "desk@example.com", "-p"]
    subprocess.run(command, check=True, stdout=sys.stderr, env={**os.environ, "TRYTONPASSFILE": str(folder / "password")})
    # A company, and our user in it.
    client = subprocess.run([sys.executable, __file__, "--company", "--conf", str(conf)], stdout=sys.stderr)
    client.check_returncode()


def company(conf):
    from proteus import Model, config
    config.set_trytond(f"sqlite:///{NAME}", config_file=conf)
    currency = Model.get("currency.currency")(name="US Dollar", symbol="$", code="USD")
    currency.save()
    party = Model.get("party.party")(name="Harbor Dental")
    party.save()
    own = Model.get("company.company")(party=party, currency=currency)
    own.save()
    User = Model.get("res.user")
    user, = User.find([("login", "=", "admin")])
    user.companies.append(own)
    user.company = own
    user.save()


def ask(conf, model, domain, names):
    """What another client sees."""
    from proteus import Model, config
    config.set_trytond(f"sqlite:///{NAME}", config_file=conf)
    found = Model.get(model).find(json.loads(domain))
    print(json.dumps([{name: seen(one, name) for name in names} for one in found]))


def seen(record, name):
    value = getattr(record, name)
    if hasattr(value, "rec_name"):
        return value.rec_name
    return value if isinstance(value, (str, int, type(None))) else str(value)


def serve(folder, cache, session):
    shutil.copy(prepared(cache), folder / f"{NAME}.sqlite")
    settings(folder, session)
    from trytond.application import app
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        protocol_version = "HTTP/1.1"

        def log(self, *args):
            pass

    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    print(server.server_port, flush=True)
    server.serve_forever()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cache", type=lambda given: Path(given).resolve())
    parser.add_argument("--folder", type=lambda given: Path(given).resolve())
    parser.add_argument("--session", type=int, default=86400, help="seconds a session lives")
    parser.add_argument("--prepare", action="store_true")
    parser.add_argument("--company", action="store_true")
    parser.add_argument("--ask", nargs="+", metavar=("MODEL", "DOMAIN"))
    parser.add_argument("--conf")
    options = parser.parse_args()
    if options.company:
        company(options.conf)
    elif options.ask:
        ask(options.conf, options.ask[0], options.ask[1], options.ask[2:])
    elif options.prepare:
        prepared(options.cache)
    else:
        serve(options.folder, options.cache, options.session)


main()
