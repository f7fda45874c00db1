"""Grafana's dashboards: every query in them runs on the schema, by a role that may read nothing else."""

import json
import re
from pathlib import Path

import psycopg
import pytest
import yaml
from psycopg.conninfo import conninfo_to_dict

ROLE = "storesense_reader_of_a_test"


def dashboards(repo_dir: Path):
    return {
        path.name: json.loads(path.read_text()) for path in sorted((repo_dir / "dashboards/grafana").glob("*.json"))
    }


def queries(dashboard):
    """Every SQL text of a dashboard, with Grafana's own words filled in as it does."""
    found = [variable["query"] for variable in dashboard["templating"]["list"]]
    found += [target["rawSql"] for panel in dashboard["panels"] for target in panel["targets"]]
    for query in found:
        text = re.sub(
            r"\$__timeFilter\(([\w.]+)\)", r"\1 BETWEEN '2026-11-01T00:00:00Z' AND '2026-11-22T00:00:00Z'", query
        )
        text = text.replace("${store:sqlstring}", "'berlin-1','it''s'")
        assert "$" not in text, f"something is not filled in: {text}"
        yield text


def test_every_query_runs_on_the_schema_with_the_readers_rights_alone(embedded_postgres, database_url, repo_dir):
    grants = (repo_dir / "deploy/grafana/reader.sql").read_text().partition("-- grants\n")[2]
    name = conninfo_to_dict(database_url)["dbname"]
    count = 0
    with psycopg.connect(embedded_postgres.admin_url(name).get_secret_value(), autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {ROLE}")
        try:
            connection.execute(grants.replace("storesense_reader", ROLE))
            connection.execute(f"SET ROLE {ROLE}")
            for dashboard in dashboards(repo_dir).values():
                for query in queries(dashboard):
                    connection.execute(query)
                    count += 1
            for secret in ("SELECT * FROM users", "SELECT * FROM sessions", "SELECT acknowledged_by FROM alerts"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(secret)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("DELETE FROM alerts")
        finally:
            connection.execute("RESET ROLE")
            connection.execute(f"DROP OWNED BY {ROLE}; DROP ROLE {ROLE}")
    assert count == 23


def test_dashboards_ask_the_provisioned_source_and_have_names_of_their_own(repo_dir):
    provisioning = repo_dir / "deploy/grafana/provisioning"
    (source,) = yaml.safe_load((provisioning / "datasources/storesense.yaml").read_text())["datasources"]
    (provider,) = yaml.safe_load((provisioning / "dashboards/storesense.yaml").read_text())["providers"]
    assert source["secureJsonData"]["password"].startswith("$__file{"), "no password stands in the file"
    volumes = yaml.safe_load((repo_dir / "docker-compose.yml").read_text())["services"]["grafana"]["volumes"]
    assert any(volume.split(":")[1] == provider["options"]["path"] for volume in volumes)
    found = dashboards(repo_dir)
    assert len({dashboard["uid"] for dashboard in found.values()}) == len(found) == 4
    for name, dashboard in found.items():
        ids = [panel["id"] for panel in dashboard["panels"]]
        assert len(set(ids)) == len(ids), name
        for panel in dashboard["panels"]:
            assert panel["datasource"]["uid"] == source["uid"], f"{name}: {panel['title']}"
            if panel["type"] == "timeseries":
                assert panel["fieldConfig"]["defaults"]["custom"]["spanNulls"] is False, "gaps are drawn as gaps"
