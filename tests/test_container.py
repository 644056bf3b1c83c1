"""The Dockerfile names only what there is; `scripts/replay-container` follows its steps without an engine."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest
import typer

from scripts.container.recipe import Stage, build_context, copied, read_recipe
from scripts.container.replay import Replay
from service.cli import app
from service.http.app import create_app
from service.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
STAGES = read_recipe(ROOT / "Dockerfile")
BUILDER, FINAL = STAGES
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PACKAGES = ("runtime", "graphs", "solvers", "training", "service")


@pytest.fixture(scope="module")
def context() -> list[str]:
    return build_context(ROOT)


def environment(stage: Stage) -> dict[str, str]:
    return stage.variables({"PATH": "/usr/local/bin:/usr/bin"})


def test_the_base_image_has_a_python_that_farkas_takes() -> None:
    least = re.fullmatch(r">=(\d+)\.(\d+)", PROJECT["requires-python"])
    assert least is not None
    for stage in STAGES:
        image = re.fullmatch(r"python:(\d+)\.(\d+)-slim", stage.base)
        assert image is not None
        assert tuple(map(int, image.groups())) >= tuple(map(int, least.groups()))
    assert BUILDER.base == FINAL.base


def test_what_is_copied_is_there_and_is_sent(context: list[str]) -> None:
    names = {stage.name for stage in STAGES if stage.name}
    for stage in STAGES:
        for copy in stage.all("COPY"):
            *sources, _ = copy.arguments
            if "from" in copy.options:
                assert copy.options["from"] in names
                continue
            for source in sources:
                assert copied([source], context), f"COPY {source}: not in the build context"


def test_all_of_the_packages_and_nothing_else_is_sent(context: list[str]) -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    assert config["packages"]["find"]["include"] == [f"{package}*" for package in PACKAGES]
    wanted = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")
    }
    single = {"pyproject.toml", "constraints.txt", "README.md", "LICENSE", "Dockerfile", ".dockerignore"}
    assert set(context) - {".dockerignore", "Dockerfile"} == (wanted | single) - {
        ".dockerignore",
        "Dockerfile",
    }
    sent = {file for copy in BUILDER.all("COPY") for file in copied(copy.arguments[:-1], context)}
    assert sent == (wanted | single) - {".dockerignore", "Dockerfile"}
    assert any(name.endswith("weights.safetensors") for name in sent)


def test_ignored_files_are_not_sent(tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").write_text((ROOT / ".dockerignore").read_text())
    kept = ["service/cli.py", "service/models/bundled/1/card.json", "pyproject.toml"]
    left = [
        ".git/config",
        ".venv/bin/python",
        "data/x.mps",
        "service/__pycache__/cli.cpython-311.pyc",
        "graphs/readers/__pycache__/x.pyc",
        "service/.env",
        "farkas.egg-info/PKG-INFO",
        "tests/test_layout.py",
    ]
    for name in kept + left:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert set(build_context(tmp_path)) - {".dockerignore"} == set(kept)


def test_the_final_stage_brings_no_compiler_and_no_pip() -> None:
    for run in FINAL.all("RUN"):
        assert not re.search(r"\b(apt-get|pip|gcc|make|curl|wget)\b", run.value)
    assert [copy.value for copy in FINAL.all("COPY")] == ["--from=builder /opt/farkas /opt/farkas"]
    assert any(
        f"--without-pip {copy.arguments[1]}" in run.value
        for run in BUILDER.all("RUN")
        for copy in FINAL.all("COPY")
    )
    assert environment(BUILDER)["PIP_NO_CACHE_DIR"] == "1"


def test_every_package_is_pinned() -> None:
    for run in BUILDER.all("RUN"):
        if "install" in run.value.split():
            assert "-c constraints.txt" in run.value or run.value.endswith("--no-deps .")


def test_it_runs_as_a_user_of_its_own() -> None:
    user, _, group = FINAL.last("USER").value.partition(":")
    assert user.isdigit()
    assert group.isdigit()
    assert int(user) >= 10_000
    made = FINAL.all("RUN")[0].value
    assert f"--uid {user}" in made
    assert f"--gid {group}" in made


def test_what_is_written_goes_to_the_volume_or_tmp() -> None:
    found = environment(FINAL)
    (volume,) = FINAL.last("VOLUME").words
    assert found["FARKAS_MODELS"].startswith(f"{volume}/")
    assert found["MPLCONFIGDIR"].startswith("/tmp/")
    assert found["XDG_CACHE_HOME"].startswith("/tmp/")
    assert found["PYTHONDONTWRITEBYTECODE"] == "1"
    made = shlex.split(FINAL.all("RUN")[0].value)
    assert {volume, found["FARKAS_MODELS"], FINAL.last("WORKDIR").value} <= set(made)


def test_its_variables_are_settings() -> None:
    names = {
        name.removeprefix("FARKAS_").lower() for name in environment(FINAL) if name.startswith("FARKAS_")
    }
    assert names == {"models", "host"}
    assert names <= set(Settings.model_fields)
    assert environment(FINAL)["FARKAS_HOST"] == "0.0.0.0"


def test_its_command_is_one_of_ours() -> None:
    assert FINAL.last("ENTRYPOINT").words == ["farkas"]
    assert "farkas" in PROJECT["scripts"]
    assert environment(FINAL)["PATH"].split(":")[0] == f"{FINAL.all('COPY')[0].arguments[1]}/bin"
    command, *options = FINAL.last("CMD").words
    known = typer.main.get_command(app).commands[command]  # type: ignore[attr-defined]
    spelt = {spelling for parameter in known.params for spelling in parameter.opts}
    assert {option for option in options if option.startswith("-")} <= spelt


def test_its_port_is_the_servers() -> None:
    assert FINAL.last("EXPOSE").words == [str(Settings.model_fields["port"].default)]


def test_its_health_check_asks_a_route_of_the_server() -> None:
    runtime, option, code = FINAL.last("HEALTHCHECK").arguments
    assert (runtime, option) == ("python", "-c")
    compile(code, "HEALTHCHECK", "exec")
    paths = set(create_app(Settings()).openapi()["paths"])
    (asked,) = re.findall(r"'(/health/\w+)'", code)
    assert asked in paths
    assert "FARKAS_PORT" in code
    assert str(Settings.model_fields["port"].default) in code


def test_its_labels_are_those_of_the_project() -> None:
    labels = dict(word.split("=", 1) for word in FINAL.last("LABEL").words)
    prefix = "org.opencontainers.image."
    assert labels[f"{prefix}title"] == PROJECT["name"]
    assert labels[f"{prefix}version"] == PROJECT["version"]
    assert labels[f"{prefix}licenses"] == PROJECT["license"]


def test_a_replay_takes_the_images_paths_below_its_root(tmp_path: Path) -> None:
    root = str(tmp_path / "root")
    replay = Replay(tmp_path, "python3", {})
    assert replay.moved("python -m venv /opt/farkas") == f"python -m venv {root}/opt/farkas"
    assert replay.moved(f"/opt/farkas/bin:{root}/usr/local/bin:/usr/bin") == (
        f"{root}/opt/farkas/bin:{root}/usr/local/bin:/usr/bin"
    )
    assert replay.moved(f"{root}/opt {root}/tmp") == f"{root}/opt {root}/tmp"
    assert replay.moved("https://x.org/tmp /usr/sbin/nologin") == "https://x.org/tmp /usr/sbin/nologin"


def test_a_stage_knows_its_variables(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(
        "ARG V=3.11\nFROM python:${V}-slim AS one\nARG A=1\nENV B=$A/x \\\n    C='two words'\nFROM one\n"
        'HEALTHCHECK --interval=3s CMD ["x", "a b"]\nCOPY --from=one /a /b ./\n'
    )
    first, second = read_recipe(tmp_path / "Dockerfile")
    assert (first.base, first.name, second.base, second.name) == ("python:3.11-slim", "one", "one", "")
    assert first.variables({}) == {"A": "1", "B": "1/x", "C": "two words"}
    assert first.variables({"A": "9"})["B"] == "9/x"
    assert second.last("HEALTHCHECK").options == {"interval": "3s"}
    assert second.last("HEALTHCHECK").arguments == ["x", "a b"]
    assert second.last("COPY").options == {"from": "one"}
    assert second.last("COPY").arguments == ["/a", "/b", "./"]
    with pytest.raises(LookupError, match="USER"):
        second.last("USER")
