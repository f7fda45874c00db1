"""The subcommands: what they take, what they refuse, and that asking for one does not load the others."""

import subprocess
import sys
from pathlib import Path

import pytest

import storesense_simulators
from storesense_contracts.cli import build_parser, main

CORNER_SHOP = Path(storesense_simulators.__file__).parent / "sites" / "corner_shop.yaml"


@pytest.mark.parametrize(
    "command",
    [
        ["demo"],
        ["sim", "run"],
        ["sim", "live"],
        ["sim", "history"],
        ["sim", "loop"],
        ["sim", "mmc"],
        ["sim", "flow"],
        ["broker", "setup"],
        ["eval", "counting"],
        ["eval", "video"],
        ["eval", "shelf"],
    ],
)
def test_every_command_explains_itself(command, capsys):
    with pytest.raises(SystemExit) as ended:
        main([*command, "--help"])
    assert ended.value.code == 0
    assert f"usage: storesense {' '.join(command)}" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["demo", "--for", "0"],
        ["demo", "--for", "nan"],
        ["demo", "--for", "soon"],
        ["demo", "--port", "65536"],
        ["demo", "--port", "-1"],
        ["demo", "--site", "x", "--store", "y"],  # which of them
        ["sim", "run", "--store", "convenience"],  # without a folder
        ["sim", "live", "--state-dir", "x"],  # without a store
        ["sim", "live", "--store", "convenience", "--state-dir", "x", "--speed", "0.5"],
        ["broker", "setup", "--site", "x"],  # without a folder
    ],
)
def test_wrong_use_ends_with_exit_code_2(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        build_parser().parse_args(arguments)
    assert ended.value.code == 2
    assert "error:" in capsys.readouterr().err


def test_the_demos_defaults_are_the_readmes(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    args = build_parser().parse_args(["demo"])
    assert args.port == 8080
    assert args.for_s is None
    assert args.data_dir == Path("/data/storesense/demo")
    assert (args.store, args.site) == ("convenience", None)


def test_in_a_checkout_the_demo_keeps_its_data_beside_it(monkeypatch, repo_dir):
    monkeypatch.chdir(repo_dir)
    assert build_parser().parse_args(["demo"]).data_dir == Path(".data/demo")


def test_building_the_parser_loads_nothing_heavy():
    code = (
        "import sys; from storesense_contracts.cli import build_parser; build_parser();"
        "print([m for m in ('cv2', 'scipy', 'psycopg', 'fastapi', 'rich', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_sim_live_says_what_it_is_missing(monkeypatch, capsys, tmp_path):
    monkeypatch.delenv("STORESENSE_EDGE_CREDENTIALS_FILE", raising=False)
    assert main(["sim", "live", "--store", "convenience", "--state-dir", str(tmp_path)]) == 2
    assert "STORESENSE_EDGE_CREDENTIALS_FILE: name the file" in capsys.readouterr().err


def test_sim_live_names_a_device_without_a_password(monkeypatch, capsys, tmp_path):
    credentials = tmp_path / "credentials.json"
    credentials.touch(mode=0o600)
    credentials.write_text("{}")
    monkeypatch.setenv("STORESENSE_EDGE_CREDENTIALS_FILE", str(credentials))
    assert main(["sim", "live", "--site", str(CORNER_SHOP), "--state-dir", str(tmp_path)]) == 2
    assert "no password for 'corner-shop/camera-door'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "text", "says"),
    [
        ("--port", "abc", "'abc' is no whole number from 0 to 65535"),
        ("--port", "-1", "is no whole number"),
        ("--port", "70000", "is no whole number"),
        ("--for", "abc", "'abc' is no number of seconds above 0 to 31536000"),
        ("--for", "nan", "is no number of seconds"),
        ("--for", "0", "is no number of seconds"),
        ("--seed", "-1", "'-1' is no whole number from 0"),
        ("--history", "401", "is no whole number of days from 0 to 400"),
    ],
)
def test_a_wrong_number_is_told_in_the_users_words(capsys, option, text, says):
    with pytest.raises(SystemExit) as caught:
        build_parser().parse_args(["demo", f"{option}={text}"])
    assert caught.value.code == 2
    assert says in capsys.readouterr().err
