"""VizieR through astroquery, against a server here: the live service was never called."""

import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import BytesIO
from pathlib import Path

import pytest

pytest.importorskip("astroquery")

from galaxycurate.archives import vizier
from galaxycurate.errors import ServiceError, Unreachable

GALAXIES = "J/MNRAS/410/166/galaxies"
IDS = ["587727178986356823", "587727227300741210"]


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_POST(self):
        form = self.rfile.read(int(self.headers["Content-Length"])).decode()
        Path(sys.argv[1]).write_text(f"{self.path}\n{form}")
        wanted = form.splitlines()[0].removeprefix("-source=")
        body = b"<html>busy</html>" if wanted == "busy" else votable(wanted == GALAXIES)
        self.send_response(503 if wanted == "busy" else 200)
        self.end_headers()
        self.wfile.write(body)


def votable(full):
    from astropy.io.votable.tree import Resource, TableElement, VOTableFile
    from astropy.table import Table

    table = Table(
        {"objID": IDS, "RAJ2000": ["00 00 00.41", "00 00 00.74"], "N": [59, 18], "fS": [0, 1],
         "DEJ2000": ["-10 22 25.7", "-09 13 20.2"], "pcS": [0.034, 0.0], "paS": [0.0, 0.2],
         "fE": [0, 0]}
    )  # fmt: skip
    file, resource = VOTableFile(), Resource()
    file.resources.append(resource)
    if full:
        one = TableElement.from_table(file, table)
        one.ID = one.name = GALAXIES
        resource.tables.append(one)
    out = BytesIO()
    file.to_xml(out)
    return out.getvalue()


@pytest.fixture
def server(tmp_path):
    command = [sys.executable, "-m", "tests.archives.test_vizier", str(tmp_path / "asked")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
    process.terminate()
    process.wait(20)
    process.stdout.close()


def test_all_rows_and_columns_are_asked_for_and_ids_stay_exact(server, tmp_path):
    from astropy.table import Table

    to = tmp_path / "GalaxyZoo1_vizier.fits"
    assert vizier.fetch(GALAXIES, to, server=server) == 2
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked[0] == "/viz-bin/votable"
    assert {"-out.max=unlimited", "-out.all"} <= set(asked)
    table = Table.read(to)
    assert list(table["objID"]) == IDS
    assert list(table["RAJ2000"]) == ["00:00:00.41", "00:00:00.74"]
    assert list(table["N"]) == [59, 18]
    assert [path.name for path in tmp_path.iterdir() if "part" in path.name] == []


def test_a_table_that_vizier_does_not_have_is_said(server, tmp_path):
    with pytest.raises(ServiceError, match="VizieR has no table J/MNRAS/1/1"):
        vizier.fetch("J/MNRAS/1/1", tmp_path / "x.fits", server=server)


@pytest.mark.parametrize("where", ["busy", "nobody"])
def test_no_answer_is_one_error_and_leaves_nothing(server, tmp_path, where):
    address = server if where == "busy" else "http://127.0.0.1:9"
    with pytest.raises(Unreachable, match="VizieR did not answer for busy at http"):
        vizier.fetch("busy", tmp_path / "x.fits", server=address)
    assert not (tmp_path / "x.fits").exists()


if __name__ == "__main__":
    http = HTTPServer(("127.0.0.1", 0), Handler)
    sys.stdout.write(f"{http.server_port}\n")
    sys.stdout.flush()
    http.serve_forever()
