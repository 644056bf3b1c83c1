"""Writing and reading back gives the same instance; HiGHS reads our MPS to the same model."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from graphs.decimals import decimal_sum
from graphs.errors import InstanceError
from graphs.instance import Instance
from graphs.readers import read_file, read_instance
from graphs.writers import write_instance, write_json, write_mps

NUMBERS = st.floats(-1e9, 1e9).filter(lambda value: value == 0.0 or abs(value) > 1e-6)
NAMES = st.text(st.characters(codec="utf-8"), max_size=8) | st.sampled_from(
    ["RHS", "NAME", "'MARKER'", "a b", "OBJ", "BND", "", "r0", "objsense", "ENDATA", "*", "$"]
)


def _sum(side: float, width: float) -> float:
    return float(decimal_sum(np.array([side]), np.array([width]))[0])


@st.composite
def bounds(draw: st.DrawFn, size: int) -> tuple[list[float], list[float]]:
    """Lower and upper bounds of rows that MPS can state: b − |R|, b or b, b + |R|."""
    lower, upper = [], []
    for _ in range(size):
        side, width = draw(NUMBERS), abs(draw(NUMBERS))
        pair = draw(
            st.sampled_from(
                [
                    (side, side),
                    (side, np.inf),
                    (-np.inf, side),
                    (-np.inf, np.inf),
                    (_sum(side, -width), side),
                    (side, _sum(side, width)),
                    (0.0, width + 1.0),
                ]
            )
        )
        lower.append(pair[0])
        upper.append(pair[1])
    return lower, upper


@st.composite
def instances(draw: st.DrawFn) -> Instance:
    rows, columns = draw(st.integers(0, 4)), draw(st.integers(0, 5))
    dense = draw(st.lists(NUMBERS | st.just(0.0), min_size=rows * columns, max_size=rows * columns))
    row_lower, row_upper = draw(bounds(rows))
    lower, upper = draw(bounds(columns))
    names = [draw(st.none() | st.lists(NAMES, min_size=size, max_size=size)) for size in (rows, columns)]
    return Instance(
        name=draw(NAMES),
        objective_vector=np.array(draw(st.lists(NUMBERS, min_size=columns, max_size=columns))),
        objective_offset=draw(NUMBERS),
        maximize=draw(st.booleans()),
        constraint_matrix=csr_array(np.array(dense, dtype=np.float64).reshape(rows, columns)),
        constraint_lower_bound=np.array(row_lower),
        constraint_upper_bound=np.array(row_upper),
        variable_lower_bound=np.array(lower),
        variable_upper_bound=np.array(upper),
        integrality=np.array(
            draw(st.lists(st.booleans(), min_size=columns, max_size=columns)), dtype=np.bool_
        ),
        constraint_names=names[0] or (),
        variable_names=names[1] or (),
    )


def small(**changes: object) -> Instance:
    """Two rows and three columns; every number is its own."""
    instance = Instance(
        name="small",
        objective_vector=np.array([1.5, 0.0, -2.25]),
        objective_offset=7.0,
        constraint_matrix=csr_array(np.array([[1.0, 2.0, 0.0], [0.0, 0.0, 3.0]])),
        constraint_lower_bound=np.array([-np.inf, 4.0]),
        constraint_upper_bound=np.array([5.0, np.inf]),
        variable_lower_bound=np.array([0.0, -np.inf, 6.0]),
        variable_upper_bound=np.array([np.inf, 8.0, 9.0]),
        integrality=np.array([True, False, True]),
    )
    return dataclasses.replace(instance, **changes)  # type: ignore[arg-type]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(instance=instances())
def test_mps_reads_back_as_the_same_instance(instance: Instance) -> None:
    back = read_instance(write_mps(instance), name="t.mps")
    assert back.sha256 == instance.sha256
    assert (back.rows, back.columns, back.integers) == (instance.rows, instance.columns, instance.integers)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(instance=instances())
def test_json_reads_back_as_the_same_instance(instance: Instance) -> None:
    names = (instance.constraint_names, instance.variable_names)
    if any(len(set(part)) != len(part) for part in names):
        instance = dataclasses.replace(instance, constraint_names=(), variable_names=())
    back = read_instance(write_json(instance), name="t.json")
    assert back.sha256 == instance.sha256
    assert list(back.constraint_names) == list(instance.constraint_names)
    assert list(back.variable_names) == list(instance.variable_names)
    assert back.name == (instance.name or "t")


@settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(instance=instances())
def test_highs_reads_our_mps_as_the_same_instance(
    instance: Instance,
    read_by_highs: Callable[[bytes], Instance],
    forgive_sums: Callable[[Instance, Instance], Instance],
) -> None:
    text = write_mps(instance)
    ours, theirs = read_instance(text, name="t.mps"), read_by_highs(text)
    assert forgive_sums(theirs, instance).sha256 == instance.sha256
    assert list(theirs.constraint_names) == list(ours.constraint_names)
    assert list(theirs.variable_names) == list(ours.variable_names)


def test_real_files_read_back_as_the_same_instance(shared_instances: Path) -> None:
    for file in ("netlib/pilot4.mps", "mip/gt2.mps", "format/max_offset.mps", "infeasible/box1.mps"):
        instance = read_file(shared_instances / file)
        for write in (write_mps, write_json):
            back = read_instance(write(instance), name="t")
            assert back.sha256 == instance.sha256
            assert list(back.variable_names) == list(instance.variable_names)
            assert list(back.constraint_names) == list(instance.constraint_names)


def test_mps_states_the_files_own_sense() -> None:
    text = write_mps(small(maximize=True)).decode().split("\n")
    assert "OBJSENSE" in text
    assert " x0 OBJ -1.5" in text
    assert (
        " RHS OBJ 7.0" in text
    )  # the constant is −7 in the file's sense, and its right-hand side is negated
    assert "OBJSENSE" not in write_mps(small()).decode()


def test_every_bound_of_an_integer_column_is_stated() -> None:
    text = write_mps(small()).decode().split("\n")
    assert text[text.index("BOUNDS") + 1 : -2] == [
        " PL BND x0",
        " MI BND x1",
        " UP BND x1 8.0",
        " LO BND x2 6.0",
        " UP BND x2 9.0",
    ]
    assert [line for line in text if "MARKER" in line] == [
        " MARKER0 'MARKER' 'INTORG'",
        " MARKER1 'MARKER' 'INTEND'",
        " MARKER2 'MARKER' 'INTORG'",
        " MARKER3 'MARKER' 'INTEND'",
    ]


def test_names_are_kept_where_mps_can_hold_them() -> None:
    named = small(constraint_names=["OBJ", "RHS"], variable_names=["BND", "x", "ENDATA"])
    back = read_instance(write_mps(named), name="t.mps")
    assert list(back.constraint_names) == ["OBJ", "RHS"]
    assert list(back.variable_names) == ["BND", "x", "ENDATA"]
    blank = small(constraint_names=["a b", "c"], variable_names=["u", "v", "w"])
    back = read_instance(write_mps(blank), name="t.mps")
    assert list(back.constraint_names) == ["r0", "r1"]
    assert list(back.variable_names) == ["u", "v", "w"]


def test_a_width_beyond_float64_moves_the_lower_bound_by_a_rounding_error_only() -> None:
    lower, upper = np.array([-1.0, 4.0]), np.array([1.0 + 2.0**-52, np.inf])
    boxed = small(constraint_lower_bound=lower, constraint_upper_bound=upper)
    back = read_instance(write_mps(boxed), name="t.mps")
    assert back.constraint_upper_bound[0] == upper[0]
    assert 0 < abs(back.constraint_lower_bound[0] - lower[0]) <= np.spacing(2.0)
    assert read_instance(write_json(boxed), name="t.json").sha256 == boxed.sha256


@pytest.mark.parametrize("write", [write_mps, write_json])
@pytest.mark.parametrize(
    "changes",
    [
        {"objective_vector": np.array([1e20, 0.0, 0.0])},
        {"objective_offset": -1e25},
        {"constraint_matrix": csr_array(np.full((2, 3), 1e21))},
        {"constraint_upper_bound": np.array([1e20, np.inf])},
        {"variable_lower_bound": np.array([-1e30, 0.0, 0.0])},
    ],
)
def test_what_would_read_back_as_infinite_is_refused(
    write: Callable[[Instance], bytes], changes: dict[str, object]
) -> None:
    with pytest.raises(InstanceError, match="infinite"):
        write(small(**changes))


@pytest.mark.parametrize("suffix", [".mps", ".json", ".mps.gz", ".json.gz"])
def test_files_are_written_by_their_suffix_and_reproducible(suffix: str, tmp_path: Path) -> None:
    paths = [tmp_path / f"{name}{suffix}" for name in ("one", "two.x")]
    for path in paths:
        write_instance(small(), path)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert (paths[0].read_bytes()[:2] == b"\x1f\x8b") == suffix.endswith(".gz")
    assert read_file(paths[0]).sha256 == small().sha256


@pytest.mark.parametrize("name", ["model.lp", "model", "model.gz", "model.MPS.bz2"])
def test_other_suffixes_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="suffix"):
        write_instance(small(), tmp_path / name)
    assert not (tmp_path / name).exists()
