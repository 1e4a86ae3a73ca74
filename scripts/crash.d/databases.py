"""The databases that a run of scripts/crash works on, and what it reads there beside the server's answers."""

import json
import os
import shutil
import sqlite3
import subprocess
import uuid
from pathlib import Path

import local_servers as local

STATEMENT_SECONDS_MAX = 60


def as_read(row):
    """A row as a dict, ids in their hyphenated spelling."""
    return {name: spelled(value) for name, value in dict(row).items()}


def spelled(value):
    if isinstance(value, bytes):
        return str(uuid.UUID(bytes=value))
    if isinstance(value, str) and value.startswith("\\x"):
        return str(uuid.UUID(hex=value[2:]))
    return value


class Sqlite:
    """A SQLite file in a directory of its own."""

    name = "sqlite"
    is_shared = False

    def __init__(self, directory):
        self.directory = directory / "database"
        self.directory.mkdir()
        self.path = self.directory / "countersign.db"
        self.url = f"sqlite://{self.path}"

    def tables(self, selects):
        """The rows of each named SELECT, each row a dict, all of one moment.

        Only while a server runs: the last one to close the file moves the log.
        """
        connection = sqlite3.connect(self.path, timeout=STATEMENT_SECONDS_MAX, isolation_level=None)
        try:
            connection.execute("PRAGMA query_only = ON")
            connection.row_factory = sqlite3.Row
            connection.execute("BEGIN")
            return {name: [as_read(row) for row in connection.execute(select)] for name, select in selects.items()}
        finally:
            connection.close()

    def drop(self):
        shutil.rmtree(self.directory)


class Postgres:
    """A schema of its own on the server of scripts/with-postgres."""

    name = "postgres"
    is_shared = True
    made = 0

    def __init__(self, _directory):
        Postgres.made += 1
        self.schema = f"crash_{os.getpid()}_{Postgres.made}"
        self.server_url = os.environ["TEST_POSTGRES_URL"]
        self.url = f"{self.server_url}?options=-csearch_path%3D{self.schema}"
        self.psql(self.server_url, f"CREATE SCHEMA {self.schema}")

    @staticmethod
    def program(name):
        beside = Path(os.environ["TEST_POSTGRES_PROGRAMS"]) / name
        found = str(beside) if beside.exists() else shutil.which(name)
        if found is None:
            raise local.Failure(f"{name} is neither beside initdb nor on the path")
        return found

    def psql(self, url, statement):
        done = subprocess.run(
            [self.program("psql"), "--no-psqlrc", "--tuples-only", "--no-align", "--quiet", url, "-c", statement],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=STATEMENT_SECONDS_MAX,
            check=False,
        )
        if done.returncode != 0:
            raise local.Failure(f"psql: {done.stderr.strip()}")
        return done.stdout

    def tables(self, selects):
        """The rows of each named SELECT, each row a dict, all of one moment."""
        rows = "(SELECT coalesce(json_agg(t), '[]') FROM ({}) t)"
        members = [f"'{name}', {rows.format(select)}" for name, select in selects.items()]
        found = json.loads(self.psql(self.url, f"SELECT json_build_object({', '.join(members)})"))
        return {name: [as_read(row) for row in rows] for name, rows in found.items()}

    def stop_at_once_and_start(self):
        """As after a crash of the database server: nothing is flushed, and the start recovers from the log."""
        command = [self.program("pg_ctl"), "--pgdata", os.environ["TEST_POSTGRES_DATA"], "--silent", "--wait"]
        command += ["--mode", "immediate", "--log", os.environ["TEST_POSTGRES_DATA"] + "/server.log", "restart"]
        if os.geteuid() == 0:
            # Root's programs are not on everybody's path.
            runuser = shutil.which("runuser", path=os.environ["PATH"] + ":/usr/sbin:/sbin")
            command = [runuser, "-u", "postgres", "--", *command]
        subprocess.run(command, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)

    def drop(self):
        self.psql(self.server_url, f"DROP SCHEMA {self.schema} CASCADE")


STORES = {"sqlite": Sqlite, "postgres": Postgres}
