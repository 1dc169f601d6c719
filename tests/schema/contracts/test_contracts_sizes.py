"""The sizes that contracts count without a server, and those that the server counts."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flowforge_schema.contracts.sizes import jsonb_size_bytes, text_array_size_bytes
from flowforge_schema.storable import JSON_DEPTH_MAX, NotStorableError

SETTINGS = settings(
    max_examples=int(os.environ.get("FLOWFORGE_CONTRACT_VALUES", "100")),
    derandomize=True,
    deadline=None,
    database=None,
)

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=9)
NUMBERS = (
    st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(-(10**308), 10**308)
    | st.integers(-100_000, 100_000)
    | st.builds(lambda digits, zeros: digits * 10**zeros, st.integers(1, 99_999), st.integers(0, 300))
    | st.builds(lambda digits, places: float(f"{digits}e-{places}"), st.integers(1, 99_999), st.integers(0, 320))
)
JSON = st.recursive(
    st.none() | st.booleans() | TEXTS | NUMBERS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXTS, inner, max_size=5),
    max_leaves=15,
)


def test_a_document_has_the_size_that_the_server_counts(rows: Any) -> None:
    @SETTINGS
    @given(st.dictionaries(TEXTS, JSON, max_size=6))
    @example({"a": 10**255, "b": 10**256, "c": 1e-63, "d": 1e-64, "e": 1e-256, "f": 1e-257})
    @example({"é": 1, "zz": True, "z": 0.5, "": []})
    def sizes_agree(document: dict[str, Any]) -> None:
        counted = rows.connection.execute("SELECT pg_column_size(%s::jsonb)", [json.dumps(document)]).fetchone()

        assert counted == (jsonb_size_bytes(document),)

    sizes_agree()


def test_a_list_of_texts_has_the_size_that_the_server_counts(rows: Any) -> None:
    @SETTINGS
    @given(st.lists(TEXTS, max_size=20))
    def sizes_agree(texts: list[str]) -> None:
        counted = rows.connection.execute("SELECT pg_column_size(%s::text[])", [texts]).fetchone()

        assert counted == (text_array_size_bytes(texts),)

    sizes_agree()


@pytest.mark.parametrize("value", [(1, 2), {1}, b"bytes", 1 + 1j, object()])
def test_what_is_no_json_has_no_size(value: object) -> None:
    with pytest.raises(NotStorableError, match="is no type of JSON"):
        jsonb_size_bytes({"a": value})


def test_a_document_that_contains_itself_has_no_size() -> None:
    document: dict[str, Any] = {}
    document["a"] = [document]

    with pytest.raises(NotStorableError, match=f"deeper than {JSON_DEPTH_MAX}"):
        jsonb_size_bytes(document)
