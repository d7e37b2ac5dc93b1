"""CasJobs as its clients see it: login, contexts, queries, jobs, tables, and bad days."""

import io
import time

import pytest
import requests
from astropy.table import Table

from tests.sandbox.test_server import GALAXY, STAR, start

CANCELED, FAILED, FINISHED = 3, 4, 5
OBJECTS = "SELECT TOP 10 objID, ra, petroRad_r FROM PhotoObjAll ORDER BY objID"


class Client:
    """One user who is logged in."""

    def __init__(self, url):
        self.url = url
        self.root = f"{url}/CasJobs/RestApi"
        self.login()

    def login(self, user="sandbox", password="sandbox"):
        body = {"auth": {"identity": {"password": {"user": {"name": user, "password": password}}}}}
        reply = requests.post(f"{self.url}/login-portal/keystone/v3/tokens", json=body, timeout=30)
        self.headers = {"X-Auth-Token": reply.headers.get("X-Subject-Token", "")}
        return reply

    def get(self, path):
        return requests.get(self.root + path, headers=self.headers, timeout=30)

    def query(self, sql, context="MyDB", accept="application/json+array"):
        return requests.post(
            f"{self.root}/contexts/{context}/query",
            json={"Query": sql, "TaskName": "test"},
            headers={**self.headers, "Accept": accept},
            timeout=30,
        )

    def rows(self, sql, context="MyDB"):
        return self.query(sql, context).json()["Result"][0]["Data"]

    def submit(self, sql, context="DR17"):
        reply = requests.put(
            f"{self.root}/contexts/{context}/jobs",
            json={"Query": sql, "TaskName": "test"},
            headers=self.headers,
            timeout=30,
        )
        return int(reply.text)

    def wait(self, number):
        end = time.monotonic() + 20
        while time.monotonic() < end:
            job = self.get(f"/jobs/{number}").json()
            if job["Status"] in (CANCELED, FAILED, FINISHED):
                return job
            time.sleep(0.02)
        raise AssertionError(f"job {number} does not end")

    def run(self, sql, context="DR17"):
        return self.wait(self.submit(sql, context))

    def faults(self, **settings):
        assert requests.post(f"{self.url}/__faults__", json=settings, timeout=30).ok


@pytest.fixture(scope="module")
def url(tiny_sky):
    process, url = start(tiny_sky)
    yield url
    process.terminate()
    assert process.wait(20) == 0


@pytest.fixture
def client(url):
    client = Client(url)
    yield client
    client.faults()
    for table in client.get("/contexts/MyDB/Tables").json():
        client.query(f"DROP TABLE mydb.{table['Name']}")


def test_a_wrong_password_gets_no_token(client):
    reply = client.login(password="guess")
    assert (reply.status_code, reply.json()["error"]["code"]) == (401, 401)
    assert "X-Subject-Token" not in reply.headers
    client.login()


def test_user_and_password_come_from_the_environment(tiny_sky, monkeypatch):
    monkeypatch.setenv("GALAXYCURATE_SANDBOX_USER", "edwin")
    monkeypatch.setenv("GALAXYCURATE_SANDBOX_PASSWORD", "nebula")
    process, url = start(tiny_sky)
    try:
        client = Client(url)
        assert client.login().status_code == 401
        assert client.login("edwin", "nebula").ok
        assert "nebula" not in requests.get(url, timeout=30).text
    finally:
        process.terminate()
        process.wait(20)


def test_a_token_tells_its_user_and_the_user_a_number(client):
    token = client.headers["X-Auth-Token"]
    tokens = f"{client.url}/login-portal/keystone/v3/tokens"
    by_path = requests.get(f"{tokens}/{token}?TaskName=x", timeout=30).json()
    by_header = requests.get(tokens, headers={"X-Subject-Token": token}, timeout=30).json()
    assert by_path == by_header
    assert by_path["token"]["user"]["name"] == "sandbox"
    user = client.get(f"/users/{by_path['token']['user']['id']}").json()
    assert isinstance(user["WebServicesId"], int)
    assert requests.get(f"{tokens}/nobody", timeout=30).status_code == 404


@pytest.mark.parametrize("path", ["/jobs", "/contexts/MyDB/Tables", "/users/x"])
def test_without_a_token_nothing_is_told(client, path):
    reply = requests.get(client.root + path, timeout=30)
    assert reply.status_code == 401
    assert {"ErrorCode", "ErrorType", "ErrorMessage"} <= set(reply.json())


@pytest.mark.parametrize("context", ["DR8", "dr17", "DR19"])
def test_every_release_is_a_context_and_ids_are_exact(client, context):
    reply = client.query(OBJECTS, context).json()
    assert reply == {"Result": [{
        "Columns": ["objID", "ra", "petroRad_r"],
        "Data": [[GALAXY, 150.0, 5.5], [STAR, 150.005, None]],
    }]}  # fmt: skip


def test_the_accept_header_chooses_the_format(client):
    text = client.query(OBJECTS, "DR17", "text/plain").text
    assert text == f"objID,ra,petroRad_r\n{GALAXY},150,5.5\n{STAR},150.005,\n"
    body = client.query(OBJECTS, "DR17", "application/fits").content
    assert Table.read(io.BytesIO(body), format="fits")["objID"].tolist() == [GALAXY, STAR]


@pytest.mark.parametrize("context", ["DR7", "DR20", "Galex"])
def test_other_contexts_are_not_found(client, context):
    assert client.query("SELECT 1 AS a", context).status_code == 404


def test_a_job_makes_a_table_that_is_read_in_pages(client):
    job = client.run(
        "SELECT TOP 9 ROW_NUMBER() OVER (ORDER BY p.objID) AS gc_row, p.objID "
        "INTO mydb.gc_x FROM PhotoObjAll AS p ORDER BY p.objID"
    )
    assert (job["Status"], job["Rows"], job["Created_Table"]) == (FINISHED, 2, "gc_x")
    assert job["TimeSubmit"] <= job["TimeStart"] <= job["TimeEnd"]
    assert client.rows("SELECT TOP 1 * FROM mydb.gc_x WHERE gc_row > 1 ORDER BY gc_row") == [
        [2, STAR]
    ]
    assert client.rows("SELECT COUNT(*) AS n FROM gc_x") == [[2]]
    (table,) = client.get("/contexts/MyDB/Tables").json()
    assert (table["Name"], table["Rows"]) == ("gc_x", 2)
    assert client.query("DROP TABLE mydb.gc_x").ok
    assert client.get("/contexts/MyDB/Tables").json() == []


def test_the_digits_of_a_table_are_those_of_the_release(client):
    client.run("SELECT CAST(ra AS real) AS a, dec / 3.0 AS b INTO mydb.x FROM PhotoObjAll")
    direct = client.rows("SELECT CAST(ra AS real) AS a, dec / 3.0 AS b FROM PhotoObjAll", "DR17")
    assert client.rows("SELECT a, b FROM mydb.x", "DR17") == direct


def test_a_taken_name_fails_the_job_in_sql_servers_words(client):
    client.run("SELECT 1 AS a INTO mydb.x")
    job = client.run("SELECT objID INTO mydb.X FROM Star")
    assert job["Status"] == FAILED
    assert job["Message"] == "There is already an object named 'X' in the database."
    assert client.rows("SELECT a FROM x") == [[1]]


def test_a_job_without_into_goes_to_a_default_table(client):
    tables = [client.run("SELECT objID FROM Star")["Created_Table"] for _ in range(2)]
    assert tables == ["MyTable", "MyTable_0"]


def test_a_job_fails_with_the_message_of_the_database(client):
    job = client.run("SELECT nothing INTO mydb.x FROM Star")
    assert (job["Status"], job["Message"]) == (FAILED, "Invalid column name 'nothing'.")


def test_jobs_are_listed_newest_first(client):
    number = client.submit("SELECT 1 AS a INTO mydb.x")
    client.wait(number)
    for path in ("/jobs", "/jobs/"):
        jobs = [job["JobID"] for job in client.get(path).json()]
        assert jobs == list(range(number, number - len(jobs), -1))
    assert client.get("/jobs/7").status_code == 404


@pytest.mark.parametrize("where", [{"queue_s": 30}, {"job_s": 30}])
def test_a_job_that_waits_or_runs_can_be_canceled(client, where):
    client.faults(**where)
    number = client.submit("SELECT 1 AS a INTO mydb.x")
    reply = requests.delete(f"{client.root}/jobs/{number}", headers=client.headers, timeout=30)
    assert reply.ok
    assert client.wait(number)["Status"] == CANCELED
    assert client.get("/contexts/MyDB/Tables").json() == []


def test_a_job_is_ready_then_started(client):
    client.faults(queue_s=0.4, job_s=0.4)
    number, seen = client.submit("SELECT 1 AS a INTO mydb.x"), []
    while FINISHED not in seen:
        seen.append(client.get(f"/jobs/{number}").json()["Status"])
        time.sleep(0.02)
    assert list(dict.fromkeys(seen)) == [0, 1, FINISHED]


def test_uploads_become_tables(client):
    path = f"{client.root}/contexts/MyDB/Tables/up"
    body = f"objID,name\n{GALAXY},a\n,b\n"
    assert requests.post(path, data=body, headers=client.headers, timeout=30).ok
    assert client.rows("SELECT objID, name FROM up") == [[GALAXY, "a"], [None, "b"]]
    again = requests.post(path, data=body, headers=client.headers, timeout=30)
    assert "already an object named 'up'" in again.json()["ErrorMessage"]


def test_large_synchronous_answers_are_refused_and_jobs_are_not(client):
    client.faults(quick_cells=5)
    reply = client.query(OBJECTS, "DR17")
    assert reply.status_code == 500
    assert reply.json()["ErrorMessage"] == "Query results exceed memory limitations."
    assert client.run(OBJECTS.replace(" FROM", " INTO mydb.x FROM"))["Status"] == FINISHED


@pytest.mark.parametrize(
    ("fault", "status", "message"),
    [
        ("job_failed", FAILED, "Execution Timeout Expired."),
        ("job_canceled", CANCELED, "Job canceled by an administrator."),
        ("name_taken", FAILED, "There is already an object named 'x' in the database."),
    ],
)
def test_jobs_end_badly_on_demand(client, fault, status, message):
    client.faults(**{f"{fault}_first": 1})
    job = client.run("SELECT 1 AS a INTO mydb.x")
    assert job["Status"] == status
    assert job["Message"].startswith(message)
    assert client.run("SELECT 1 AS a INTO mydb.x")["Status"] == FINISHED


def test_a_token_expires_midway_or_after_so_many_calls(client):
    client.faults(token_expired_first=1)
    assert [client.get("/jobs").status_code for _ in range(2)] == [401, 401]
    client.login()
    assert client.get("/jobs").ok
    client.faults(token_uses=3)
    client.login()
    assert [client.get("/jobs").status_code for _ in range(4)] == [200, 200, 200, 401]
    client.faults(token_s=0.01)
    client.login()
    time.sleep(0.02)
    assert client.get("/jobs").status_code == 401
    client.faults()
    client.login()


def test_a_synchronous_query_is_refused_for_its_size_on_demand(client):
    client.faults(too_large_first=1)
    replies = [client.query("SELECT 1 AS a").status_code for _ in range(2)]
    assert replies == [500, 200]


def test_a_dropped_reply_leaves_the_job_in_the_queue(client):
    client.run("SELECT 1 AS a INTO mydb.x")
    before = client.get("/jobs").json()[0]["JobID"]
    client.faults(casjobs_drop_first=1)
    with pytest.raises(requests.ConnectionError):
        client.submit("SELECT 1 AS a INTO mydb.y")
    assert client.get("/jobs").json()[0]["JobID"] == before + 1
    assert client.wait(before + 1)["Created_Table"] == "y"


def test_answers_come_as_a_page_of_html_or_in_half(client):
    client.faults(casjobs_503_first=1, casjobs_truncate_first=1, casjobs_cut_first=1)
    page = client.query("SELECT 1 AS a")
    assert (page.status_code, page.text[:6]) == (503, "<html>")
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        client.query("SELECT 1 AS a")
    with pytest.raises(requests.exceptions.JSONDecodeError):
        client.rows("SELECT 1 AS a")
    assert client.rows("SELECT 1 AS a") == [[1]]


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"\xff", b'"x"'])
def test_bodies_without_a_query_are_bad_requests(client, body):
    path = f"{client.root}/contexts/MyDB/query"
    assert requests.post(path, data=body, headers=client.headers, timeout=30).status_code == 400


def test_what_is_no_select_is_refused(client):
    for sql in ("DELETE FROM x", "INSERT INTO x VALUES (1)", "", "SELECT 1; SELECT 2"):
        assert client.query(sql).status_code == 500, sql
