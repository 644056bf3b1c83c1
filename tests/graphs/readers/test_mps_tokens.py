"""Tokens and lines against Python's own splitting, whatever the chunks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphs.errors import MalformedFile
from graphs.readers import mps_tokens, mps_values
from graphs.readers.mps import read_strict
from graphs.readers.mps_tokens import tokenize

TEXTS = st.lists(st.sampled_from([b" ", b"\t", b"\n", b"\r\n", b"*", b"ab", b"abcdefgh", b"abcdefghi", b"x"]))
CHUNKS = st.sampled_from([1, 2, 3, 5, 1 << 16])
MODEL = b"ROWS\n N o\n L c\n G d\nCOLUMNS\n x c 1 d 2\n x o 3\n longer_than_8 d 4\nRHS\n S c 5 d 1\nENDATA\n"


@given(TEXTS, CHUNKS)
def test_lines_and_words_are_those_of_python(pieces: list[bytes], chunk: int) -> None:
    text = b"".join(pieces)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mps_tokens, "_CHUNK", chunk)
        tokens = tokenize(text, file="t.mps")
    lines = text.removesuffix(b"\n").split(b"\n")
    words = [[] if line.startswith(b"*") else line.decode().split() for line in lines]
    assert [tokens.words(line) for line in range(len(lines))] == words
    assert tokens.line_starts.tolist() == [
        sum(len(line) + 1 for line in lines[:at]) for at in range(len(lines))
    ]
    assert [tokens.line_of(int(first)) for first in tokens.first[tokens.counts > 0]] == [
        at for at, line in enumerate(words) if line
    ]


@given(
    st.lists(
        st.sampled_from([b"a", b"b", b"ab", b"abcdefgh", b"abcdefghi", b"abcdefghj", b"\xc3\xa9"]), min_size=4
    ),
    CHUNKS,
)
def test_keys_are_equal_where_words_are(words: list[bytes], chunk: int) -> None:
    tokens = tokenize(b" ".join([b"12345678", *words]), file="t.mps")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mps_tokens, "TOKENS_AT_ONCE", chunk)
        keys = tokens.keys(np.arange(1, 1 + len(words)))
    first = [words.index(word) for word in words]
    assert np.array_equal(keys, keys[first])
    assert len(set(keys.tolist())) == len(set(words))


@pytest.mark.parametrize("chunk", [1, 2, 3])
def test_chunks_change_neither_numbers_nor_errors(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = read_strict(MODEL, name="t.mps")
    monkeypatch.setattr(mps_values, "TOKENS_AT_ONCE", chunk)
    monkeypatch.setattr(mps_tokens, "_CHUNK", chunk)
    assert read_strict(MODEL, name="t.mps").sha256 == whole.sha256
    wrong = MODEL.replace(b" x o 3", b" x o nan").replace(b"d 4", b"d 4x")
    with pytest.raises(MalformedFile, match="'4x' is not a number") as caught:  # NaN is looked for later
        read_strict(wrong, name="t.mps")
    assert (caught.value.line, caught.value.column) == (8, 18)


@pytest.mark.parametrize("byte", [b"\x00", b"\x0b", b"\x1f", b"\r"])
def test_the_first_control_character_is_named(byte: bytes) -> None:
    with pytest.raises(MalformedFile) as caught:
        tokenize(b"ROWS\n\t N o\r\n L" + byte + b"c" + byte + b"\n", file="t.mps")
    assert (caught.value.line, caught.value.column) == (3, 3)
