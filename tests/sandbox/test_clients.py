"""Other people's clients, unmodified: they are the measure of the sandbox's faithfulness."""

import numpy as np
import pytest

from galaxycurate.core import ids
from tests.sandbox.test_server import GALAXY, STAR, start


@pytest.fixture(scope="module")
def url(tiny_sky):
    process, url = start(tiny_sky, "--queries-per-minute", "0")
    yield url
    process.terminate()
    process.wait(20)


@pytest.fixture
def sdss(url):
    module = pytest.importorskip("astroquery.sdss")
    with (
        module.conf.set_temp("skyserver_baseurl", url),
        module.conf.set_temp("sas_baseurl", f"{url}/sas"),
    ):
        yield module.SDSS


@pytest.mark.parametrize("release", [8, 9, 10, 12, 17, 18])
def test_astroquery_asks_sql_of_every_release(sdss, release):
    sql = "SELECT objID, ra, petroRad_r -- all of it\nFROM PhotoObjAll ORDER BY objID"
    table = sdss.query_sql(sql, data_release=release, cache=False)
    assert table["objID"].tolist() == [GALAXY, STAR]
    assert table["ra"].tolist() == [150.0, 150.005]
    assert table["petroRad_r"].mask.tolist() == [False, True]


def test_astroquery_sees_empty_answers_and_refusals(sdss):
    from astroquery.exceptions import RemoteServiceError

    assert sdss.query_sql("SELECT field FROM Field WHERE run = 1", cache=False) is None
    with pytest.raises(RemoteServiceError, match="must be a select statement"):
        sdss.query_sql("WITH a AS (SELECT 1 AS b) SELECT b FROM a", cache=False)


@pytest.mark.parametrize("release", [12, 17, 18])
def test_astroquery_gets_images(sdss, release):
    rerun = ids.decode(np.array([GALAXY]))["rerun"][0]
    images = sdss.get_images(
        run=94, camcol=1, field=11, rerun=int(rerun), band="gr",
        data_release=release, cache=False, show_progress=False,
    )  # fmt: skip
    assert [image[0].data.shape for image in images] == [(240, 320)] * 2


@pytest.fixture
def sciserver(url, monkeypatch):
    """The official package, pointed at the sandbox and logged in."""
    pytest.importorskip("SciServer")
    pytest.importorskip("skimage")
    from SciServer import Authentication, CasJobs, Config, SkyServer

    monkeypatch.setattr("sys.argv", ["test"])
    monkeypatch.setattr(Config, "CasJobsRESTUri", f"{url}/CasJobs/RestApi")
    monkeypatch.setattr(Config, "AuthenticationURL", f"{url}/login-portal/keystone/v3/tokens")
    monkeypatch.setattr(Config, "SkyServerWSurl", url)
    Authentication.login("sandbox", "sandbox")
    yield CasJobs, SkyServer
    for table in CasJobs.getTables():
        CasJobs.executeQuery(f"DROP TABLE {table['Name']}", format="csv")


def test_sciserver_logs_in_and_lists_tables(sciserver):
    casjobs, _ = sciserver
    assert casjobs.getSchemaName().startswith("wsid_")
    assert "PhotoObjAll" in [table["Name"] for table in casjobs.getTables("DR17")]
    assert casjobs.getTables() == []


def test_sciserver_asks_in_every_format(sciserver, tmp_path):
    from astropy.table import Table

    casjobs, _ = sciserver
    sql = "SELECT objID, ra FROM PhotoObjAll ORDER BY objID"
    assert casjobs.executeQuery(sql, "DR17")["objID"].tolist() == [GALAXY, STAR]
    assert casjobs.executeQuery(sql, "DR17", "dict")["Result"][0]["Data"][0] == [GALAXY, 150.0]
    assert casjobs.executeQuery(sql, "DR17", "csv").startswith("objID,ra\n")
    assert casjobs.getPandasDataFrameFromQuery(sql, "DR17")["objID"].tolist() == [GALAXY, STAR]
    casjobs.writeFitsFileFromQuery(str(tmp_path / "a.fits"), sql, "DR17")
    assert Table.read(tmp_path / "a.fits")["objID"].tolist() == [GALAXY, STAR]


def test_sciserver_submits_waits_and_reads(sciserver):
    casjobs, _ = sciserver
    number = casjobs.submitJob("SELECT objID INTO mydb.gc_a FROM Star", "DR17")
    job = casjobs.waitForJob(number)
    assert (job["Status"], job["Rows"]) == (5, 1)
    assert casjobs.getJobStatus("")[0]["JobID"] == number
    assert casjobs.executeQuery("SELECT objID FROM gc_a")["objID"].tolist() == [STAR]


def test_sciserver_cancels(sciserver, url):
    import requests

    casjobs, _ = sciserver
    requests.post(f"{url}/__faults__", json={"queue_s": 60}, timeout=30)
    number = casjobs.submitJob("SELECT 1 AS a INTO mydb.gc_b", "DR17")
    assert casjobs.cancelJob(number)
    requests.post(f"{url}/__faults__", json={}, timeout=30)
    assert casjobs.waitForJob(number)["Status"] == 3


def test_sciserver_uploads(sciserver):
    import pandas as pd

    casjobs, _ = sciserver
    casjobs.uploadCSVDataToTable(f"objID\n{STAR}\n", "gc_c")
    casjobs.uploadPandasDataFrameToTable(pd.DataFrame({"a": [1.5]}), "gc_d")
    assert casjobs.executeQuery("SELECT objID FROM gc_c")["objID"].tolist() == [STAR]
    assert casjobs.executeQuery("SELECT a FROM gc_d")["a"].tolist() == [1.5]


def test_sciserver_searches_and_cuts_out(sciserver):
    _, skyserver = sciserver
    assert skyserver.sqlSearch("SELECT objID FROM Star", "DR17")["objID"].tolist() == [STAR]
    picture = skyserver.getJpegImgCutout(150.0, 2.0, 0.4, 100, 80, dataRelease="DR17")
    assert picture.shape == (80, 100, 3)
    with pytest.raises(Exception, match="outside the SDSS footprint"):
        skyserver.getJpegImgCutout(10.0, 2.0, dataRelease="DR17")
