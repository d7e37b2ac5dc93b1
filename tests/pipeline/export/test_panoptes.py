"""The stand-in for Zooniverse's server refuses what the real one would, and says why."""

import pytest
import requests

from tests.pipeline.export import panoptes

PICTURE = {"Content-Type": "image/jpeg", "x-ms-blob-type": "BlockBlob"}
KNOWN = {"Authorization": f"Bearer {panoptes.TOKEN}"}


@pytest.fixture(scope="module")
def server():
    with panoptes.serving() as server:
        yield server


def sign_in(server, visit, password):
    who = {"user": {"login": panoptes.USER, "password": password}}
    return visit.post(f"{server.url}/users/sign_in", json=who, timeout=10)


def subject(server, kind="image/jpeg", project=panoptes.PROJECT, headers=KNOWN):
    said = {"metadata": {}, "locations": [kind] if kind else [], "links": {"project": project}}
    where = f"{server.url}/api/subjects"
    return requests.post(where, json={"subjects": said}, headers=headers, timeout=10)


def test_a_token_is_given_to_who_signed_in_and_to_nobody_else(server):
    token = f"{server.url}/oauth/token"
    with requests.Session() as visit:
        assert visit.post(token, timeout=10).status_code == 404
        refused = sign_in(server, visit, "sky:red")
        assert (refused.status_code, refused.json()["error"]) == (401, "Invalid email or password.")
        assert visit.post(token, timeout=10).status_code == 404
        assert sign_in(server, visit, panoptes.PASSWORD).status_code == 200
        assert visit.post(token, timeout=10).json()["access_token"] == panoptes.TOKEN


def test_without_a_token_nothing_is_made(server):
    before = dict(server.subjects)
    for headers in ({}, {"Authorization": "Bearer another"}):
        assert subject(server, headers=headers).status_code == 404
        page = f"{server.url}/api/projects/{panoptes.PROJECT}"
        assert requests.get(page, headers=headers, timeout=10).status_code == 404
    assert server.subjects == before


def test_a_set_of_another_project_is_refused(server):
    def made(project):
        said = {"display_name": "x", "links": {"project": project}}
        where = f"{server.url}/api/subject_sets"
        return requests.post(where, json={"subject_sets": said}, headers=KNOWN, timeout=10)

    before = dict(server.sets)
    assert made(4712).status_code == 404
    assert server.sets == before
    assert made(int(panoptes.PROJECT)).status_code == 201


@pytest.mark.parametrize("wrong", [{"kind": ""}, {"kind": "image/tiff"}, {"project": "4712"}])
def test_a_subject_without_a_picture_or_of_another_project_is_refused(server, wrong):
    before = dict(server.subjects)
    assert subject(server, **wrong).status_code == 422
    assert server.subjects == before
    assert subject(server).status_code == 201


@pytest.mark.parametrize(
    ("wrong", "status"),
    [({"Content-Type": "text/plain"}, 415), ({"x-ms-blob-type": "PageBlob"}, 400),
     ({"x-ms-blob-type": None}, 400)],
)  # fmt: skip
def test_a_medium_of_another_kind_is_refused(server, wrong, status):
    [location] = subject(server).json()["subjects"][0]["locations"]
    place = location["image/jpeg"]
    refused = requests.put(place, b"body", headers={**PICTURE, **wrong}, timeout=10)
    assert refused.status_code == status
    assert place.removeprefix(server.url) not in server.media
    assert requests.put(place, b"body", headers=PICTURE, timeout=10).status_code == 201
    assert server.media[place.removeprefix(server.url)] == b"body"


def test_a_subject_that_is_not_there_joins_no_set(server):
    where = f"{server.url}/api/subject_sets/1/links/subjects"
    done = requests.post(where, json={"subjects": ["1"]}, headers=KNOWN, timeout=10)
    assert done.status_code == 404
    assert server.linked == {}
