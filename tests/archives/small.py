"""The tables of a small simulated sky, and a sandbox in front of them that knows one user."""

import os
import time

import pandas as pd
import requests

from galaxycurate.core import ids
from tests.sandbox.test_server import start

USER, PASSWORD = "edwin", "tell-nobody-7c1f"


def make(folder):
    """Five fields, their objects and votes; there are no frames: nobody asks for cutouts here."""
    from galaxycurate.sandbox.simulated import build, content, survey

    strips = survey.plan(2)
    truth = content.populate(strips, content.Density(stars=120, faint=80, zoo=16), 7)
    tables = build._tables(strips, truth, 7)
    tables["Mask"] = _masks(tables["Field"])
    tables["zooNoSpec"] = (
        tables["zooSpec"].iloc[::3].filter(regex="^(objid|dr7objid|ra|dec|nvote|p_.{2,4})$")
    )
    (folder / "tables").mkdir(parents=True)
    for name, table in tables.items():
        table.to_parquet(folder / "tables" / f"{name}.parquet", index=False)
    (folder / "sky.toml").write_text('kind = "simulated"\nname = "small"\nnote = "by a test"\n')
    return folder


def _masks(fields):
    masks = fields[["run", "rerun", "camcol", "field", "ra", "dec"]].assign(
        filter=2, type=1, radius=0.01
    )
    return masks.assign(maskID=ids.encode(run=94, camcol=1, field=11) + pd.RangeIndex(len(fields)))


def serve(sky, monkeypatch):
    """Start the server; a process and its address."""
    monkeypatch.setenv("GALAXYCURATE_SANDBOX_USER", USER)
    monkeypatch.setenv("GALAXYCURATE_SANDBOX_PASSWORD", PASSWORD)
    return start(sky, "--queries-per-minute", "0")


def faults(url, **settings):
    requests.post(f"{url}/__faults__", json=settings, timeout=10).raise_for_status()


def keystone(url):
    return f"{url}/login-portal/keystone/v3/tokens"


def token(url):
    """A token of the user, fetched by hand."""
    user = {"name": USER, "password": PASSWORD}
    body = {"auth": {"identity": {"password": {"user": user}}}}
    return requests.post(keystone(url), json=body, timeout=10).headers["X-Subject-Token"]


def rest(url, method, path, **what):
    reply = requests.request(
        method, f"{url}/CasJobs/RestApi{path}", headers={"X-Auth-Token": token(url)}, timeout=10,
        **what,
    )  # fmt: skip
    reply.raise_for_status()
    return reply


def jobs(url):
    """All jobs of the server, oldest first."""
    return sorted(rest(url, "GET", "/jobs").json(), key=lambda job: job["JobID"])


def tables(url):
    return [table["Name"] for table in rest(url, "GET", "/contexts/MyDB/Tables").json()]


def nobody(monkeypatch, home):
    """No login anywhere: neither in the environment nor in files nor in a keyring."""
    import keyring.backends.null

    monkeypatch.setenv("XDG_CONFIG_HOME", str(home))
    monkeypatch.setattr(keyring, "get_keyring", keyring.backends.null.Keyring)
    for name in [n for n in os.environ if n.startswith("SCISERVER_")]:
        monkeypatch.delenv(name)


def hurry(seconds):
    """Pauses that are short, but let the server work."""
    time.sleep(min(seconds, 0.02))
