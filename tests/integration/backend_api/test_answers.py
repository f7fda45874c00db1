"""What every answer has in common: its headers, its place in the counts, the OpenAPI document and the reference."""

import asyncio
import pkgutil
import re
from importlib import import_module

import pytest
from jsonschema import Draft202012Validator

from fixtures.backend_api import BASE, NOW, assert_error, get, insert_letter
from fixtures.backend_world import STORE, running_backend
from storesense_backend import api


async def test_health_needs_no_sign_in(world):
    async with running_backend(world.url) as (context, http):
        async with asyncio.timeout(60):
            while not context.feed.is_listening:  # noqa: ASYNC110 -- another task's state
                await asyncio.sleep(0.01)
        assert (await get(http, "/healthz")) == {"status": "ok", "database": "ok", "live": "listening"}


async def test_requests_are_counted_by_route_and_not_by_path(backend):
    for path in (BASE, "/api/v1/stores/other", "/nothing/1", "/nothing/2", "/static/nothing"):
        await backend.get(path)
    registry = backend.context.metrics.registry
    found = {
        (sample.labels["route"], sample.labels["status"]): sample.value
        for metric in registry.collect()
        if metric.name == "storesense_backend_requests"
        for sample in metric.samples
        if sample.name.endswith("_total")
    }
    assert found == {
        ("/api/v1/stores/{store_id}", "200"): 1,
        ("/api/v1/stores/{store_id}", "404"): 1,
        ("none", "404"): 3,
    }


@pytest.mark.parametrize("path", ["/healthz", "/api/v1/stores", "/nothing", "/static/nothing"])
async def test_every_answer_is_hardened(backend, path):
    headers = (await backend.get(path)).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "unsafe-inline" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    if path.startswith("/api/"):
        assert headers["cache-control"] == "no-store"


async def test_the_page_is_served(backend):
    answer = await backend.get("/")
    if answer.status_code == 404:
        assert_error(answer, 404, "no_pages")
    else:
        assert answer.headers["content-type"].startswith("text/html")
        assert "<script>" not in answer.text


async def test_interactive_documents_are_off(backend):
    assert (await backend.get("/docs")).status_code == 404
    assert (await backend.get("/redoc")).status_code == 404


async def operations(backend):
    document = await get(backend, "/api/v1/openapi.json")
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield document, path, method, operation


async def test_the_openapi_document_is_complete(backend):
    count = 0
    async for document, path, method, operation in operations(backend):
        where = f"{method} {path}"
        count += 1
        assert operation["summary"], where
        assert operation["description"], where
        assert operation["tags"], where
        assert operation["tags"][0] in {tag["name"] for tag in document["tags"]}, where
        assert all(parameter.get("description") for parameter in operation.get("parameters", ())), where
        done = [status for status in operation["responses"] if status.startswith("2")]
        assert len(done) == 1, where
        if done != ["204"]:
            (kind,) = operation["responses"][done[0]]["content"].items()
            assert kind[0] != "application/json" or "$ref" in kind[1]["schema"], where
        for status, answer in operation["responses"].items():
            if not status.startswith("2") and path != "/healthz":
                schema = answer["content"]["application/json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/ErrorBody"}, f"{where} {status}"
        expected = {"500", "503"} if path == "/healthz" else {"401", "500", "503"}
        assert expected <= set(operation["responses"]), where
        if path not in ("/healthz", "/metrics") and where != "post /api/v1/session":
            assert operation["security"] == [{"session": []}, {"key": []}], where
    assert count >= 56
    assert "HTTPValidationError" not in document["components"]["schemas"]
    assert set(document["components"]["securitySchemes"]) == {"session", "key"}


async def test_answers_are_as_the_openapi_document_says(world, backend):
    await world.queue(4, NOW)
    alert_id = await world.insert_alert()
    letter_id = await insert_letter(world, b"{}")
    await world.rows("INSERT INTO push_keys VALUES ('BPublic', now()) RETURNING 1")
    checked = 0
    async for document, path, method, operation in operations(backend):
        if method != "get" or "200" not in operation["responses"]:
            continue
        content = operation["responses"]["200"]["content"].get("application/json")
        if content is None or path.endswith("openapi.json"):
            continue
        url = path.replace("{store_id}", STORE).replace("{family}", "queue_samples")
        url = url.replace("{dead_letter_id}", str(letter_id)).replace("{alert_id}", str(alert_id))
        url = url.replace("{rule_id}", "long-queue").replace("{device_id}", "cam-1")
        body = await get(backend, url)
        schema = content["schema"] | {"components": document["components"]}
        Draft202012Validator(schema).validate(body)
        checked += 1
    assert checked >= 33


def test_every_endpoint_is_documented(repo_dir):
    text = (repo_dir / "docs/reference/api.md").read_text()
    described = set(re.findall(r"^### `([A-Z]+ /\S*)`", text, re.MULTILINE))
    modules = [import_module(f"{api.__name__}.{found.name}") for found in pkgutil.iter_modules(api.__path__)]
    routers = [module.router for module in modules if hasattr(module, "router")]
    assert len(routers) >= 17
    existing = {
        f"{method} {route.path}"
        for router in routers
        for route in router.routes
        for method in route.methods
        if method != "HEAD"
    }
    assert described == existing | {"GET /api/v1/openapi.json", "GET /static/{path}"}
    codes = set(re.findall(r"^\| `([a-z_]+)` \|", text, re.MULTILINE))
    source = "\n".join(path.read_text() for path in (repo_dir / "backend/storesense_backend").rglob("*.py"))
    used = set(re.findall(r'code="([a-z_]+)"', source))
    assert used <= codes, "error codes without a line in docs/reference/api.md"
