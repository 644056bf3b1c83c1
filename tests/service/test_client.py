"""The client against a real server on a loopback port."""

from __future__ import annotations

import gzip
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import uvicorn

from service.client import ApiError, Client
from service.http.app import create_app
from service.http.engine import Engine
from service.http.site import EXAMPLES
from service.picture_files import write_png
from service.settings import Settings
from solvers.implicit.games.matrix_game import MatrixGame
from solvers.implicit.games.skew_network import SkewNetwork
from solvers.implicit.games.stored import save_equilibrium_network


@pytest.fixture
def server(settings: Settings, fake: Any, make_engine: Callable[..., Engine]) -> Iterator[str]:
    """The address of a running server with the fake network."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        create_app(settings, make_engine(settings, fake)), log_level="warning", http="h11", lifespan="on"
    )
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, args=([listener],))
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    running.should_exit = True
    thread.join()
    listener.close()


@pytest.fixture
def client(server: str) -> Iterator[Client]:
    with Client(server, http=httpx.Client(trust_env=False)) as made:
        yield made


def test_files_and_bytes(client: Client, tmp_path: Path, lp: bytes, fake: Any) -> None:
    fake.solution, fake.dual = [1.0, 0.0], [1.0]
    (tmp_path / "a.mps").write_bytes(lp)
    answers = [client.predict(tmp_path / "a.mps"), client.predict(lp), client.predict(gzip.compress(lp))]
    assert {answer["verdict"] for answer in answers} == {"optimal"}
    assert len({answer["instance"]["sha256"] for answer in answers}) == 1
    whole = client.predict(lp, solution=True, vectors=True, model="fake")
    assert whole["solution"] == {"X": 1.0}
    assert whole["certificate"]["dual"] == [1.0]


def test_many_instances_in_one_request(client: Client, tmp_path: Path, lp: bytes) -> None:
    (tmp_path / "a.mps.gz").write_bytes(gzip.compress(lp))
    knapsack = json.loads((EXAMPLES / "knapsack.json").read_text())
    answers = client.predict_many([tmp_path / "a.mps.gz", knapsack, lp.replace(b"2.0", b"2,0"), lp])
    assert [answer.get("instance", {}).get("name") for answer in answers] == [
        "TINY",
        "knapsack",
        None,
        "TINY",
    ]
    assert answers[2]["error"]["line"] == 7
    assert client.predict_many([]) == []
    with pytest.raises(ApiError) as caught:
        client.predict_many([lp], model="nobody")
    assert caught.value.status == 404


def test_large_files_travel_compressed(client: Client, lp: bytes) -> None:
    padded = lp.replace(b"ROWS\n", b"* comment\n" * 10_000 + b"ROWS\n", 1)
    assert client.predict(padded)["instance"]["columns"] == 2


def test_problems_are_typed_errors(client: Client, lp: bytes) -> None:
    with pytest.raises(ApiError, match="line 7") as caught:
        client.predict(lp.replace(b"2.0", b"2,0"))
    assert (caught.value.status, caught.value.type) == (400, "urn:farkas:problem:malformed-file")
    assert caught.value.problem["line"] == 7
    with pytest.raises(ApiError) as caught:
        client.predict(lp, policy="solve", time_limit=1e9)
    assert caught.value.type == "urn:farkas:problem:invalid-request"


def test_sparse_recovery_of_rows_arrays_and_files(client: Client, tmp_path: Path) -> None:
    matrix = np.random.default_rng(0).standard_normal((20, 30))
    measurements = matrix[:, :3].T
    rows = client.sparse_recovery(matrix.tolist(), measurements.tolist(), layers=5)
    arrays = client.sparse_recovery(matrix, measurements, layers=5)
    assert np.shape(rows["x"]) == (3, 30)
    assert arrays["x"] == rows["x"]
    np.savez(tmp_path / "both.npz", dictionary=matrix, measurements=measurements)
    assert client.sparse_recovery(None, tmp_path / "both.npz", layers=5)["x"] == rows["x"]
    np.save(tmp_path / "patches.npy", np.random.default_rng(1).standard_normal((2000, 64)))
    asked = {"regularization": 1.0, "variant": "fista", "sparse": True}
    named = client.sparse_recovery("dct-64x144", tmp_path / "patches.npy", **asked)
    assert len(named["x"]) == 2000
    assert set(named["x"][0]) == {"indices", "values"}
    assert client.sparse_recovery("dct-64x144", [1.0] * 64)["dictionary"]["name"] == "dct-64x144"
    with pytest.raises(ApiError) as caught:
        client.sparse_recovery("dct-64x144", [1.0] * 63)
    assert caught.value.type == "urn:farkas:problem:shape-mismatch"


def test_sparse_recovery_of_any_combination(client: Client, tmp_path: Path) -> None:
    matrix = np.random.default_rng(0).standard_normal((20, 30))
    measurements = matrix[:, :3].T
    np.save(tmp_path / "A.npy", matrix)
    np.save(tmp_path / "B.npy", np.asfortranarray(measurements))
    np.savez(tmp_path / "A.npz", dictionary=matrix)
    np.savez(tmp_path / "B.npz", measurements=measurements, dictionary=matrix)
    expected = client.sparse_recovery(matrix.tolist(), measurements.tolist())["x"]
    dictionaries = [
        matrix, matrix.tolist(), list(matrix), Tolist(matrix), tmp_path / "A.npy", tmp_path / "A.npz",
        (tmp_path / "A.npy").read_bytes(),
    ]  # fmt: skip
    for dictionary in dictionaries:
        for given in (measurements, measurements.tolist(), Tolist(measurements), tmp_path / "B.npy"):
            assert client.sparse_recovery(dictionary, given)["x"] == expected
    assert client.sparse_recovery(tmp_path / "A.npy", tmp_path / "B.npz")["x"] == expected
    assert client.sparse_recovery(Tolist(matrix), Tolist(measurements[0]))["x"] == expected[:1]
    patch = client.sparse_recovery("dct-64x144", np.cos(np.arange(64.0)), layers=3)
    assert patch["dictionary"]["name"] == "dct-64x144"


class Tolist:
    """An array of a library that is not numpy."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array

    def tolist(self) -> Any:
        return self.array.tolist()


def test_sparse_recovery_of_what_cannot_be_sent(client: Client, tmp_path: Path) -> None:
    for dictionary, measurements, what in (
        (3, [1.0], "dictionary: a name of the registry, rows"),
        ([[1.0]], "B.npy", "measurements: rows of numbers, an array, the Path"),
        ([[1.0]], None, "measurements: "),
        ("A.npy", [1.0], r"dictionary: a file is named by a Path: Path\('A.npy'\)"),
        (np.array([[None]]), np.ones(1), "dictionary: an array of numbers"),
    ):
        with pytest.raises(TypeError, match=what):
            client.sparse_recovery(dictionary, measurements)  # type: ignore[arg-type]
    np.savez(tmp_path / "other.npz", Z=np.ones(2))
    with pytest.raises(ValueError, match="holds no array of that name"):
        client.sparse_recovery(tmp_path / "other.npz", [1.0, 2.0])
    with pytest.raises(ValueError, match="dictionary: rows of numbers, all of one length"):
        client.sparse_recovery([[1.0, 2.0], [3.0]], np.ones(2))


@pytest.mark.parametrize("kind", [np.asarray, np.ndarray.tolist])
def test_what_is_not_finite_is_refused_with_words(client: Client, kind: Callable[[Any], Any]) -> None:
    wrong = np.array([[1.0, np.nan], [0.0, 1.0]])
    with pytest.raises(ApiError, match="finite") as caught:
        client.sparse_recovery(kind(wrong), kind(np.ones(2)))
    assert caught.value.type == "urn:farkas:problem:invalid-dictionary"
    with pytest.raises(ApiError, match="finite") as caught:
        client.sparse_recovery(kind(np.eye(2)), kind(wrong))
    assert caught.value.type == "urn:farkas:problem:invalid-measurements"
    with pytest.raises(ApiError) as caught:
        client.sparse_recovery("dct-64x144", kind(np.full(64, np.inf)))
    assert caught.value.type == "urn:farkas:problem:invalid-measurements"


def test_an_error_says_what_to_do(client: Client) -> None:
    with pytest.raises(ApiError, match=r"farkas train lista .* --variant alista"):
        client.sparse_recovery("dct-64x144", [1.0] * 64, variant="alista")


def test_models_and_readiness(client: Client) -> None:
    assert client.ready()
    assert [entry["name"] for entry in client.models() if entry["default"]] == ["fake"]
    assert client.model("fake")["version"] == "1"
    with Client("http://127.0.0.1:9", timeout=1.0) as nobody:
        assert not nobody.ready()


def test_a_busy_server_says_when_to_come_back() -> None:
    def busy(request: httpx.Request) -> httpx.Response:
        return httpx.Response(503, json={"title": "busy"}, headers={"Retry-After": "2"})

    def broken(request: httpx.Request) -> httpx.Response:
        return httpx.Response(502, text="<html>")

    with Client("http://x", http=httpx.Client(transport=httpx.MockTransport(busy))) as client:
        with pytest.raises(ApiError) as caught:
            client.predict(b"NAME")
        assert caught.value.retry_after == 2.0
    with Client("http://x", http=httpx.Client(transport=httpx.MockTransport(broken))) as client:
        with pytest.raises(ApiError) as caught:
            client.models()
        assert (caught.value.status, caught.value.problem, caught.value.type) == (502, {}, "")


def test_the_client_needs_nothing_of_the_rest() -> None:
    code = """
import sys
import service.client
sys.exit(" ".join({"torch", "numpy", "scipy", "pydantic", "fastapi", "graphs"} & set(sys.modules)) or 0)
"""
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root)
    assert done.returncode == 0, done.stderr


def test_reconstruction_of_rows_arrays_and_files(client: Client, tmp_path: Path) -> None:
    truth = np.full((20, 20), 0.2)
    truth[5:12, 6:15] = 0.8
    (tmp_path / "a.png").write_bytes(write_png(truth))
    np.save(tmp_path / "a.npy", truth)
    asked: dict[str, Any] = {"degrade": True, "noise": 0.0, "methods": ["zero-filled"], "encoding": "numbers"}
    blur = {"kind": "blur", "size": 3}
    rows = client.reconstruct(truth.tolist(), blur, **asked)["results"][0]["images"]
    assert np.shape(rows) == (1, 20, 20)
    for given in (truth, tmp_path / "a.npy", tmp_path / "a.png", (tmp_path / "a.png").read_bytes()):
        found = client.reconstruct(given, blur, **asked)["results"][0]["images"]
        np.testing.assert_allclose(found, rows, atol=1e-6)
    whole = np.fft.fft2(truth, norm="ortho")
    scanned = client.reconstruct(
        whole, "masked-fourier:acceleration=2", truth=truth, image_shape=(20, 20), methods=["total-variation"]
    )
    assert scanned["results"][0]["psnr"][0] > 20
    np.savez(tmp_path / "k.npz", measurement=whole, operator="masked-fourier:acceleration=2")
    found = client.reconstruct(tmp_path / "k.npz", image_shape=(20, 20), methods=["zero-filled"])
    assert found["image_shape"] == [20, 20]
    kernel = np.array([[0.0, 0.5, 0.5]])
    own = {"kind": "blur", "kernel": kernel}
    answers = [
        client.reconstruct(given, own, methods=["zero-filled"], encoding="numbers")
        for given in (truth, truth.tolist(), tmp_path / "a.npy", tmp_path / "a.png")
    ]
    for one in answers:
        assert one["operator"] == {"kind": "blur", "kernel": kernel.tolist()}
        np.testing.assert_allclose(one["results"][0]["images"], answers[0]["results"][0]["images"], atol=1e-6)
    with_truth = client.reconstruct(truth.tolist(), "blur", truth=truth.tolist(), methods=["zero-filled"])
    assert with_truth["results"][0]["psnr"] is not None
    with pytest.raises(ApiError) as refused:
        client.reconstruct(truth, "lens")
    assert refused.value.type == "urn:farkas:problem:invalid-operator"
    with pytest.raises(TypeError, match="measurement"):
        client.reconstruct(3, "blur")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="finite"):
        client.reconstruct([[float("nan")]], "blur")


def test_equilibria_of_rows_arrays_and_files(client: Client, tmp_path: Path, settings: Settings) -> None:
    network = SkewNetwork(MatrixGame.draw_game(3, 2, seed=1), hidden=4)
    save_equilibrium_network(settings.models / "duel" / "1", network, {"name": "duel", "version": "1"})
    contexts = np.array([[0.2, 0.7], [0.9, 0.1]])
    np.save(tmp_path / "c.npy", contexts)
    np.savez(tmp_path / "c.npz", contexts=contexts)
    rows = client.equilibrium("duel", contexts.tolist(), gap=1e-6)
    assert rows["provenance"] != ["predicted"] * 2
    for given in (contexts, tmp_path / "c.npy", tmp_path / "c.npz"):
        assert client.equilibrium("duel", given, gap=1e-6)["equilibrium"] == rows["equilibrium"]
    with pytest.raises(ApiError) as refused:
        client.equilibrium("duel", np.array([np.nan, 1.0]))
    assert refused.value.type == "urn:farkas:problem:invalid-context"
    with pytest.raises(ApiError):
        client.equilibrium("duel", [float("nan"), 1.0])
