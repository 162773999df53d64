"""Whatever stands in a path or a query, the answer is no 500."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hostile import ask, is_refusal, routes
from pitchpipe.service.service import Service

SEGMENTS = ("%00", "..%2f..%2fx", "%ff", "x" * 20_000, "%F0%9F%92%A9", "a%0Ab", "'--", "%", "%zz")
LIMITS = ("1e999", "", "-1", "0", "1_0", "%D9%A1", "+5", "%205", "9" * 9000, "-" + "9" * 50, "0x1")


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    service = Service(control_routes=True, seed=0)
    yield service
    service.close()


def _all(service: Service) -> list[tuple[str, str]]:
    control = service._control_router
    assert control is not None
    return [*routes(service._router), *routes(control)]


@pytest.mark.parametrize("segment", SEGMENTS)
def test_odd_ids_are_refused(service: Service, segment: str) -> None:
    for method, template in _all(service):
        if "*" in template:
            status, answer = ask(service, method, template.replace("*", segment))
            assert is_refusal(status, answer), (method, template, status)


@pytest.mark.parametrize("limit", LIMITS)
def test_odd_limits_are_refused(service: Service, limit: str) -> None:
    for path in ("files", "fine_tuning/jobs", "batches", "chat/completions"):
        status, answer = ask(service, "GET", f"/v1/{path}?limit={limit}")
        assert is_refusal(status, answer), (path, status)
        assert answer["error"]["param"] == "limit"


@pytest.mark.parametrize(
    "query", ["after=%00", "after=" + "x" * 9000, "after=%ff", "order=%00", "after=%F0%9F%92%A9"]
)
def test_odd_cursors_are_refused(service: Service, query: str) -> None:
    for path in ("/v1/files", "/v1/chat/completions"):
        status, answer = ask(service, "GET", f"{path}?{query}")
        assert is_refusal(status, answer), path
        assert len(answer["error"]["message"]) < 2100


def test_paths_of_many_segments_are_refused(service: Service) -> None:
    for path in ("/v1" + "/x" * 20_000, "/" * 20_000, "/v1/" + "*/" * 20_000, "", "/v1/files/*"):
        status, answer = ask(service, "GET", path)
        assert is_refusal(status, answer), path[:20]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.lists(
        st.sampled_from(["v1", "_pitchpipe", "files", "models", "fine_tuning", "jobs", "*", ".."])
        | st.text(max_size=6),
        max_size=6,
    ),
    query=st.text(max_size=30),
    method=st.sampled_from(["GET", "POST", "DELETE", "PUT", "get", "*"]),
)
def test_any_target_is_answered(service: Service, path: list[str], query: str, method: str) -> None:
    status, _ = ask(service, method, f"/{'/'.join(path)}?{query}")
    assert status < 500
