import socket

import pytest

from pitchpipe.default_plugins.openai_client import HOSTED, Connection
from pitchpipe.errors import ConfigError, ServiceError

VARIABLES = (
    "OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID",
    "AZURE_OPENAI_API_KEY", "AZURE_OPENAI_AD_TOKEN", "AZURE_OPENAI_ENDPOINT", "OPENAI_API_VERSION",
)  # fmt: skip


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def closed_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def test_without_a_key_it_is_said_what_to_set_and_what_needs_none():
    with (
        pytest.raises(ServiceError, match=r"OPENAI_API_KEY.*--trainer fake"),
        Connection().client(),
    ):
        pytest.fail("a client was made")


@pytest.mark.parametrize(
    ("connection", "variable"),
    [
        (Connection(api_key_env="MY_KEY"), "MY_KEY"),
        (Connection(azure=True), "AZURE_OPENAI_API_KEY"),
        (Connection(azure_endpoint="https://r.invalid"), "AZURE_OPENAI_API_KEY"),
    ],
)
def test_the_variable_to_set_is_the_one_that_counts(connection, variable):
    with pytest.raises(ServiceError, match=variable), connection.client():
        pytest.fail("a client was made")


def test_the_environment_is_read_as_the_package_reads_it(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "k" * 20)
    monkeypatch.setenv("OPENAI_BASE_URL", "https://y.invalid/v1")
    monkeypatch.setenv("OPENAI_ORG_ID", "the-org")
    with Connection().client() as client:
        assert str(client.base_url) == "https://y.invalid/v1/"
        assert (client.api_key, client.organization) == ("k" * 20, "the-org")
        assert client.max_retries == 0
    assert Connection().url == "https://y.invalid/v1"
    with Connection(base_url="https://z.invalid/v1", organization="o2").client() as client:
        assert str(client.base_url) == "https://z.invalid/v1/"
        assert client.organization == "o2"


def test_the_default_is_the_hosted_service(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "k" * 20)
    with Connection().client() as client:
        assert str(client.base_url) == HOSTED + "/"
    assert Connection().hosted
    assert not Connection(base_url="http://127.0.0.1:1/v1").hosted


def test_an_offline_url_in_the_environment_is_offline(monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "offline:here")
    assert Connection().offline


def test_azure_has_its_own_client(monkeypatch):
    import openai

    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "k" * 20)
    monkeypatch.setenv("OPENAI_API_VERSION", "2025-04-01-preview")
    connection = Connection(azure_endpoint="https://r.invalid")
    with connection.client() as client:
        assert isinstance(client, openai.AzureOpenAI)
        assert str(client.base_url) == "https://r.invalid/openai/"
    monkeypatch.delenv("AZURE_OPENAI_API_KEY")
    monkeypatch.setenv("AZURE_OPENAI_AD_TOKEN", "t" * 20)
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://s.invalid")
    with Connection(azure=True).client() as client:
        assert str(client.base_url) == "https://s.invalid/openai/"
    assert Connection(azure=True).url == "https://s.invalid"


@pytest.mark.parametrize(
    ("connection", "missing"),
    [
        (Connection(azure=True), "AZURE_OPENAI_ENDPOINT"),
        (Connection(azure_endpoint="https://r.invalid"), "OPENAI_API_VERSION"),
    ],
)
def test_what_azure_needs_besides_is_named(monkeypatch, connection, missing):
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "k" * 20)
    with pytest.raises(ConfigError, match=missing), connection.client():
        pytest.fail("a client was made")


@pytest.mark.parametrize(
    "options",
    [
        {"base_url": "https://a.invalid", "azure_endpoint": "https://b.invalid"},
        {"timeout": 0.0},
        {"max_retries": -1},
        {"retry_seconds": -0.5},
    ],
)
def test_options_that_make_no_sense_are_refused(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        Connection(**options)


def test_an_unreachable_url_is_named(monkeypatch, closed_port):
    monkeypatch.setenv("OPENAI_API_KEY", "k" * 20)
    url = f"http://127.0.0.1:{closed_port}/v1"
    connection = Connection(base_url=url, retry_seconds=0.0)
    unreachable = pytest.raises(ServiceError, match=rf"{url}: cannot be reached \(.*refused")
    with unreachable, connection.client() as client:
        connection.attempt(lambda: client.models.list())


def test_the_options_that_were_set_are_handed_on():
    connection = Connection(base_url="offline:x", timeout=5.0, max_retries=9, retry_seconds=0.0)
    assert connection.connection_options == {"base_url": "offline:x", "timeout": 5.0}
    assert Connection().connection_options == {}


def test_what_an_earlier_try_made_is_found_instead_of_made_again():
    made, asked = [], []

    def find():
        asked.append(len(made))
        return made[-1] if made else None

    def create():
        import openai

        made.append("it")
        if len(made) == 1:
            raise openai.APIConnectionError(request=None)  # made, but the reply was lost
        return made[-1]

    connection = Connection(retry_seconds=0.0)
    assert connection.once(find, create, fresh=True) == "it"
    assert (made, asked) == (["it"], [1])
    assert connection.once(find, create, fresh=False) == "it"
    assert made == ["it"]
