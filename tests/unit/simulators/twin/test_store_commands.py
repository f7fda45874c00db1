"""``storesense sim check`` and ``sim site``: what they print, and their exit codes."""

import json

import pytest

from storesense_contracts.cli import main
from storesense_contracts.site import load_site


@pytest.mark.parametrize("command", [["sim", "check"], ["sim", "site"]])
def test_the_commands_explain_themselves(command, capsys):
    with pytest.raises(SystemExit) as ended:
        main([*command, "--help"])
    assert ended.value.code == 0
    assert "convenience, supermarket, fashion" in " ".join(capsys.readouterr().out.split())


def test_a_sound_store_is_counted(capsys):
    assert main(["sim", "check", "--store", "fashion", "--json"]) == 0
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert report["ok"] is True
    assert (report["store_id"], report["lanes"], report["weighed_slots"]) == ("fashion", 2, 6)
    assert main(["sim", "check", "--store", "fashion"]) == 0
    assert "20 by 15.5 m: sound" in capsys.readouterr().out


def test_a_mistake_is_told_with_its_line(tmp_path, capsys):
    path = tmp_path / "store.yaml"
    path.write_text("version: 1\nstore: {id: a, name: A, time_zone: UTC}\nfloor: {size_m: [4, 4]}\ndoors: []\n")
    assert main(["sim", "check", "--store", str(path)]) == 2
    assert f"{path}:4: doors: " in capsys.readouterr().err
    assert main(["sim", "check", "--store", str(path), "--json"]) == 2
    report = json.loads(capsys.readouterr().out)
    assert [problem["line"] for problem in report["problems"]] == [4]


def test_an_unknown_store_is_refused(capsys):
    assert main(["sim", "site", "--store", "nowhere"]) == 2
    assert "there is no store 'nowhere'" in capsys.readouterr().err


def test_the_printed_site_file_can_be_used(tmp_path, capsys):
    assert main(["sim", "site", "--store", "convenience"]) == 0
    path = tmp_path / "site.yaml"
    path.write_text(capsys.readouterr().out)
    site = load_site(path)
    assert site.store.id == "corner-shop"
    assert len(site.store.slots) == 43
    assert main(["edge", "check", "--site", str(path)]) == 0
