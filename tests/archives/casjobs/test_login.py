"""Who asks CasJobs, told by a real login service; what is secret stays so."""

import json
import sys
import types
from pathlib import Path

import pytest

from galaxycurate.archives.archive import Access
from galaxycurate.archives.casjobs import login, tokens
from galaxycurate.archives.casjobs.jobs import CASJOBS, KEYSTONE, CasJobs
from galaxycurate.errors import LoginNeeded, SettingError
from tests.archives import small
from tests.archives.small import PASSWORD, USER
from tests.sandbox import tiny

OFFICIAL = Access("https://skyserver.sdss.org", "dr17")


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    sky = tiny.make(tmp_path_factory.mktemp("login") / "tiny")
    with pytest.MonkeyPatch.context() as patch:
        process, url = small.serve(sky, patch)
    yield url
    process.terminate()
    process.wait(20)


@pytest.fixture(autouse=True)
def _nobody(monkeypatch, tmp_path):
    small.nobody(monkeypatch, tmp_path / "config")
    monkeypatch.setattr(login, "COMPUTE_TOKEN", tmp_path / "keystone.token")


@pytest.fixture
def ring(monkeypatch):
    """A keyring in memory: a real backend, but nobody's desktop."""
    import keyring
    from keyring.backend import KeyringBackend

    class Memory(KeyringBackend):
        priority = 5

        def __init__(self):
            super().__init__()
            self.kept = {}

        def get_password(self, service, username):
            return self.kept.get((service, username))

        def set_password(self, service, username, password):
            self.kept[service, username] = password

        def delete_password(self, service, username):
            del self.kept[service, username]

        def get_credential(self, service, username):
            for (kept, name), password in self.kept.items():
                if kept == service and username in (None, name):
                    return keyring.credentials.SimpleCredential(name, password)
            return None

    made = Memory()
    monkeypatch.setattr(keyring, "get_keyring", lambda: made)
    return made


def ask(url, **more):
    return CasJobs(Access(url, "dr17", **more), sleep=small.hurry)


def test_nobody_is_told_what_to_type(url):
    with pytest.raises(LoginNeeded, match="nobody is logged in to CasJobs") as caught:
        ask(url).tables()
    assert caught.value.exit_code == 4
    assert caught.value.hint.startswith("galaxycurate casjobs login, or set SCISERVER_TOKEN")


def test_user_and_password_of_the_environment_are_enough(url, monkeypatch):
    monkeypatch.setenv("SCISERVER_USER", USER)
    monkeypatch.setenv("SCISERVER_PASSWORD", PASSWORD)
    assert ask(url).tables() == []


def test_a_token_of_the_environment_goes_before_all_others(url, monkeypatch):
    monkeypatch.setenv("SCISERVER_TOKEN", small.token(url))
    monkeypatch.setenv("SCISERVER_USER", USER)
    monkeypatch.setenv("SCISERVER_PASSWORD", "wrong")
    assert ask(url).tables() == []


@pytest.mark.parametrize("token", ["two\nlines-7c1f", "Umlaut-ü-7c1f"])
def test_a_token_that_was_not_copied_whole_is_not_quoted(url, monkeypatch, token):
    monkeypatch.setenv("SCISERVER_TOKEN", token)
    with pytest.raises(LoginNeeded, match="holds signs that no token has") as caught:
        ask(url).tables()
    assert "7c1f" not in str(caught.value)


def test_a_token_that_is_not_taken_is_followed_by_the_password(url, monkeypatch):
    monkeypatch.setenv("SCISERVER_TOKEN", "stale")
    casjobs = ask(url, credentials=lambda: (USER, PASSWORD))
    tokens.keep(casjobs.login.place, "stale, too")
    assert casjobs.tables() == []


def test_a_person_is_asked_once(url):
    asked = []

    def person():
        asked.append("who?")
        return USER, PASSWORD

    casjobs = ask(url, credentials=person)
    casjobs.tables()
    casjobs.login.refuse()
    casjobs.tables()
    assert asked == ["who?"]


def test_a_wrong_password_is_told_without_it(url, monkeypatch):
    monkeypatch.setenv("SCISERVER_USER", USER)
    monkeypatch.setenv("SCISERVER_PASSWORD", "hunter2-wrong")
    with pytest.raises(LoginNeeded, match=f"does not accept the password of {USER}") as caught:
        ask(url).tables()
    assert "hunter2" not in str(caught.value) + caught.value.hint + repr(caught.value)


def test_a_service_that_refuses_every_token_says_so(url, monkeypatch):
    monkeypatch.setenv("SCISERVER_USER", USER)
    monkeypatch.setenv("SCISERVER_PASSWORD", PASSWORD)
    small.faults(url, token_expired_rate=1.0)
    try:
        with pytest.raises(LoginNeeded, match=r"RestApi refuses even a fresh token of") as caught:
            ask(url).tables()
    finally:
        small.faults(url)
    assert "tries again" in caught.value.hint


def test_a_kept_token_lies_in_a_file_of_its_owner_alone(url):
    casjobs = ask(url)
    where = tokens.keep(casjobs.login.place, small.token(url))
    assert where == str(tokens.path())
    assert Path(where).stat().st_mode & 0o777 == 0o600
    assert casjobs.tables() == []
    assert tokens.forget(casjobs.login.place)
    assert not Path(where).exists()
    assert not tokens.forget(casjobs.login.place)


def test_a_file_that_others_can_read_is_refused(url):
    tokens.keep("https://x", "secret-token")
    tokens.path().chmod(0o644)
    with pytest.raises(LoginNeeded, match=r"can be read by others \(mode 644\)") as caught:
        ask(url).tables()
    assert caught.value.hint == f"chmod 600 {tokens.path()}"
    assert "secret-token" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[]"])
def test_a_damaged_file_is_no_token(text):
    tokens.path().parent.mkdir(parents=True)
    tokens.path().touch(mode=0o600)
    tokens.path().write_text(text)
    assert tokens.kept("https://x") == ""
    tokens.keep("https://x", "t")
    assert json.loads(tokens.path().read_text()) == {"https://x": "t"}


def test_a_keyring_keeps_the_token_where_there_is_one(url, ring):
    place = ask(url).login.place
    assert tokens.keep(place, small.token(url)) == "the keyring"
    assert not tokens.path().exists()
    assert ask(url).tables() == []
    assert tokens.forget(place)
    assert ring.kept == {}


def test_a_keyring_may_hold_user_and_password(url, ring):
    ring.set_password("127.0.0.1", USER, PASSWORD)
    assert ask(url).tables() == []


def test_the_official_addresses_belong_to_the_official_server():
    casjobs = CasJobs(OFFICIAL)
    assert (casjobs.root, casjobs.login.keystone) == (CASJOBS, KEYSTONE)


def test_the_package_tells_addresses_and_its_token(monkeypatch):
    package = types.ModuleType("SciServer")
    package.Config = types.SimpleNamespace(
        CasJobsRESTUri="https://mirror.sciserver.org/CasJobs",
        AuthenticationURL="https://login.sciserver.org/tokens/",
    )
    module = types.ModuleType("SciServer.Authentication")
    module.token = types.SimpleNamespace(value="of the package")
    monkeypatch.setitem(sys.modules, "SciServer", package)
    monkeypatch.setitem(sys.modules, "SciServer.Authentication", module)
    casjobs = CasJobs(OFFICIAL)
    assert casjobs.root == "https://mirror.sciserver.org/CasJobs"
    assert casjobs.login.keystone == "https://login.sciserver.org/tokens"
    assert casjobs.login.token() == "of the package"


def test_a_file_of_sciserver_compute_is_found():
    login.COMPUTE_TOKEN.write_text("of compute\n")
    assert CasJobs(OFFICIAL).login.token() == "of compute"


@pytest.mark.parametrize(
    "access",
    [
        Access("https://example.org", "dr17"),
        Access("https://skyserver.sdss.org", "dr17", casjobs="https://example.org"),
        Access("https://skyserver.sdss.org", "dr17", keystone="https://example.org"),
        Access("https://sdss.org.example.org", "dr17"),
    ],
    ids=lambda access: f"{access.server} {access.casjobs or access.keystone}",
)
def test_what_is_sciservers_goes_to_no_other_server(access, monkeypatch):
    login.COMPUTE_TOKEN.write_text("of compute\n")
    monkeypatch.setenv("SCISERVER_TOKEN", "of the environment")
    monkeypatch.setenv("SCISERVER_USER", USER)
    monkeypatch.setenv("SCISERVER_PASSWORD", PASSWORD)
    tokens.keep(CasJobs(OFFICIAL).login.place, "kept for SciServer")
    with pytest.raises(LoginNeeded) as caught:
        CasJobs(access).login.token()
    assert caught.value.hint == "galaxycurate casjobs login"
    tokens.keep(CasJobs(access).login.place, "kept for this one")
    assert CasJobs(access).login.token() == "kept for this one"


def test_no_secret_is_sent_in_the_clear():
    casjobs = ask("http://example.org")
    tokens.keep(casjobs.login.place, "t")
    with pytest.raises(SettingError, match="is not encrypted") as caught:
        casjobs.tables()
    assert caught.value.hint.startswith("did you mean https://example.org")


def test_a_server_that_is_no_web_address_is_told():
    casjobs = ask("skyserver.sdss.org")
    tokens.keep(casjobs.login.place, "t")
    with pytest.raises(SettingError, match="is no web address") as caught:
        casjobs.tables()
    assert caught.value.hint == "did you mean https://skyserver.sdss.org?"
