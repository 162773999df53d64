from __future__ import annotations

import asyncio
import importlib
import importlib.util
import json
import re
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from urllib.parse import urlsplit

import openai
import pytest

from pitchpipe.errors import ConfigError, UnknownNameError
from pitchpipe.plugins import PluginHost
from pitchpipe.registry import Provider
from pitchpipe.service import offline, transports
from pitchpipe.service.http import Request
from pitchpipe.service.offline import learner_of, open_service
from pitchpipe.service.server.loopback import serve


def flow(client, content):
    """The whole life of a model, through the real client."""
    file = client.files.create(file=("train.jsonl", content), purpose="fine-tune")
    job = client.fine_tuning.jobs.create(model="babbage-002", training_file=file.id, seed=1)
    while job.status not in ("succeeded", "failed"):
        job = client.fine_tuning.jobs.retrieve(job.id)
    answer = client.completions.create(model=job.fine_tuned_model, prompt="x", temperature=0)
    streamed = client.completions.create(
        model=job.fine_tuned_model, prompt="x", stream=True, seed=1
    )
    text = "".join(chunk.choices[0].text for chunk in streamed)
    result = client.files.content(job.result_files[0]).text
    client.models.delete(job.fine_tuned_model)
    with pytest.raises(openai.NotFoundError) as caught:
        client.completions.create(model=job.fine_tuned_model, prompt="x")
    return job.to_json(), answer.to_json(), text, result, caught.value.body


@pytest.fixture
def expected(make_lab, lines):
    return flow(make_lab().client, lines["completion"]())


def test_a_socket_changes_nothing(make_lab, lines, expected):
    lab = make_lab()
    with serve(lab.service) as url, openai.OpenAI(api_key="k", base_url=url) as client:
        assert flow(client, lines["completion"]()) == expected


async def aflow(client, content):
    file = await client.files.create(file=("train.jsonl", content), purpose="fine-tune")
    job = await client.fine_tuning.jobs.create(model="babbage-002", training_file=file.id, seed=1)
    while job.status not in ("succeeded", "failed"):
        job = await client.fine_tuning.jobs.retrieve(job.id)
    answer = await client.completions.create(model=job.fine_tuned_model, prompt="x", temperature=0)
    streamed = await client.completions.create(
        model=job.fine_tuned_model, prompt="x", stream=True, seed=1
    )
    text = "".join([chunk.choices[0].text async for chunk in streamed])
    result = (await client.files.content(job.result_files[0])).text
    await client.models.delete(job.fine_tuned_model)
    with pytest.raises(openai.NotFoundError) as caught:
        await client.completions.create(model=job.fine_tuned_model, prompt="x")
    return job.to_json(), answer.to_json(), text, result, caught.value.body


def test_an_async_client_sees_the_same(make_lab, lines, expected):
    async def run():
        async with openai.AsyncOpenAI(
            api_key="k",
            base_url=transports.BASE_URL,
            http_client=transports.openai_async_http_client(make_lab().service),
        ) as client:
            return await aflow(client, lines["completion"]())

    assert asyncio.run(run()) == expected


@pytest.mark.parametrize("name", ["httpx", "httpx2"])
def test_each_library_has_a_transport(lab, name):
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"{name} is not installed")
    library = importlib.import_module(name)
    transport = getattr(transports, f"{name}_transport")(lab.service)
    with library.Client(transport=transport, base_url=transports.BASE_URL) as client:
        response = client.get("/files", params={"limit": 5})
        assert response.json()["data"] == []
        assert response.headers["x-request-id"].startswith("req_")
    assert not lab.service.closed  # many clients may come and go


def test_any_key_will_do(lab):
    assert lab.client.with_options(api_key="sk-other").models.list().data


def test_a_path_with_a_model_in_it_is_decoded(lab):
    with pytest.raises(openai.NotFoundError, match="`ft:a/b ü:x`"):
        lab.client.models.retrieve("ft:a/b ü:x")


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("GET", "/v1/nothing", 404, r"Invalid URL \(GET /v1/nothing\)"),
        ("GET", "/files", 404, "Invalid URL"),
        ("GET", "/", 404, "Invalid URL"),
        ("GET", "/v1/fine_tuning", 404, "Invalid URL"),
        ("POST", "/v1/models", 405, "Not allowed to POST on /v1/models"),
        ("POST", "/v1/completions", 400, "could not parse the JSON body"),
    ],
)
def test_what_is_no_route_is_refused_in_the_api_s_form(lab, method, path, status, message):

    response = lab.service.handle(Request.of(method, path, [], b"{]"))
    error = json.loads(response.body)["error"]
    assert response.status == status
    assert set(error) == {"message", "type", "param", "code"}
    assert re.search(message, error["message"])


def test_a_fault_of_the_service_is_an_answer_too(make_lab, learner):
    class Broken(learner):
        def answer(self, *_):
            raise ZeroDivisionError("oh")

    lab = make_lab(learner=Broken)
    with pytest.raises(openai.InternalServerError, match="ZeroDivisionError: oh"):
        lab.client.completions.create(model="ada", prompt="x")


def test_a_full_disk_is_an_answer_too(make_lab, tmp_path, lines):
    lab = make_lab(data_dir=tmp_path)
    (tmp_path / "files").rmdir()
    (tmp_path / "files").write_text("")
    with pytest.raises(openai.InternalServerError, match="cannot be written"):
        lab.upload()


def test_a_closed_service_says_so(lab):
    lab.service.close()
    lab.service.close()
    with pytest.raises(openai.InternalServerError, match="is closed"):
        lab.client.models.list()


# --- loopback ------------------------------------------------------------------------------------


def test_a_connection_is_kept_and_a_chunked_body_read(lab, lines):
    with serve(lab.service) as url:
        parts = urlsplit(url)
        connection = HTTPConnection(parts.hostname, parts.port)
        for _ in range(3):
            body = iter([b'{"model": "ada",', b' "prompt": "x"}'])
            headers = {"transfer-encoding": "chunked"}
            connection.request("POST", "/v1/completions", body, headers, encode_chunked=True)
            response = connection.getresponse()
            assert (response.status, response.version) == (200, 11)
            assert b"untrained" in response.read()
            sock = connection.sock
            assert sock is not None
        # the server ends the connections that are left
    assert sock.recv(1) == b""
    connection.close()


def test_a_client_that_hangs_up_is_no_news(lab, capfd):
    with serve(lab.service) as url:
        with socket.create_connection((urlsplit(url).hostname, urlsplit(url).port)) as client:
            client.sendall(b"POST /v1/files HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
            client.recv(1)
        with openai.OpenAI(api_key="k", base_url=url) as good:
            assert good.models.list().data
    assert capfd.readouterr() == ("", "")


def test_many_clients_at_once(lab):
    with (
        serve(lab.service) as url,
        openai.OpenAI(api_key="k", base_url=url) as client,
        ThreadPoolExecutor(16) as pool,
    ):
        answers = pool.map(
            lambda n: client.completions.create(model="ada", prompt=str(n)), range(64)
        )
        assert len({answer.id for answer in answers}) == 64
    assert not [thread for thread in threading.enumerate() if "pitchpipe" in thread.name]


# --- by URL --------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def nothing_open():
    yield
    for service in [*offline._recent, *offline._in_memory.values()]:
        service.close()
    offline._recent.clear()
    offline._in_memory.clear()


def test_one_service_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        services = set(pool.map(open_service, ["offline:a/b", f"offline:{tmp_path}/a/b"] * 8))
    assert len(services) == 1
    assert (tmp_path / "a" / "b" / "service.sqlite3").is_file()
    assert open_service("offline:c") not in services
    (service,) = services
    service.close()
    assert open_service("offline:a/b") is not service


def test_more_folders_than_are_kept_open(tmp_path):
    urls = [f"offline:{tmp_path}/{number}" for number in range(6)]
    first = open_service(urls[0])
    for url in urls[1:]:
        open_service(url)
    assert open_service(urls[0]) is first  # still in use
    assert len(offline._recent) == 4


def test_one_service_in_memory():
    service = open_service("offline:")
    assert open_service("offline:?learner=ngram") is service
    service.close()
    assert not open_service("offline:").closed


def test_another_learner(tmp_path, learner):
    host = PluginHost(entry_points=False)
    host.learners.add("counting", learner, Provider("here", "1", "counting"))
    url = f"offline:{tmp_path}?learner=counting"
    service = open_service(url, host.learner)
    response = service.handle(
        Request.of("POST", "/v1/completions", [], b'{"model": "ada", "prompt": "x"}')
    )
    assert b"untrained" in response.body
    for spelling in ("counting", "here:counting", "Here:counting"):
        same = f"offline:{tmp_path}?learner={spelling}"
        assert open_service(same, host.learner) is service
        assert learner_of(same, host.learner) is learner
    assert open_service("offline:?learner=pitchpipe:ngram") is open_service("offline:")
    with pytest.raises(UnknownNameError, match=r"unknown learner 'countin'.*'counting'"):
        open_service(f"offline:{tmp_path}?learner=countin", host.learner)
    with pytest.raises(UnknownNameError, match=r"'counting'. Known: ngram\. .*with_learners\("):
        open_service(url)


def test_the_same_name_in_another_host_is_another_service(learner):
    hosts = [PluginHost(entry_points=False) for _ in range(2)]
    hosts[0].learners.add("counting", learner, Provider("here", "1", "counting"))
    hosts[1].learners.add("counting", type("Other", (learner,), {}), Provider("h", "1", "c"))
    one, two = (open_service("offline:?learner=counting", host.learner) for host in hosts)
    assert one is not two
    assert open_service("offline:?learner=counting", hosts[0].learner) is one


def test_a_seed_in_a_url():
    seeded = open_service("offline:?seed=7")
    assert (seeded.store.seed, seeded.store.choices) == (7, 7)
    assert open_service("offline:?seed=7") is seeded
    assert open_service("offline:?seed=8") is not seeded
    assert open_service("offline:") is not seeded


@pytest.mark.parametrize("seed", ["", "x", "-1", "1.5", "2147483648", "9" * 5000, "\u0661"])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises(ConfigError, match=r"expected \?seed=N with a whole number from 0 to 2147"):
        open_service(f"offline:?seed={seed}")


def test_a_folder_keeps_its_seed(tmp_path, caplog):
    service = open_service(f"offline:{tmp_path}")
    kept = service.store.seed, service.store.choices
    service.close()
    again = open_service(f"offline:{tmp_path}?seed=5")
    assert (again.store.seed, again.store.choices) == kept
    assert f"began with seed {kept[0]} and keeps it; seed 5 is ignored" in caplog.text
    again.close()
    caplog.clear()
    for url in (f"offline:{tmp_path}", f"offline:{tmp_path}?seed={kept[0]}"):
        open_service(url).close()
    assert not caplog.text


@pytest.mark.parametrize("url", ["http://x", "offline:?learner="])
def test_other_urls_are_refused(url):
    with pytest.raises(ConfigError, match="offline"):
        open_service(url)


def test_an_option_that_the_learner_does_not_have_is_named():
    with pytest.raises(ConfigError, match="NgramLearner has no option 'rank'; it has none"):
        open_service("offline:?rank=8")
