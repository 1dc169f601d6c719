"""Where a type, a function or an operator class is missing that an extension brings (class 42): which one that is."""

from __future__ import annotations

import re

from pgharness.describing.advice.kind import Advice

# The extension, and patterns of its types and of its functions.
_TYPES = {
    "citext": "citext",
    "hstore": "hstore",
    "ltree": "ltree|lquery|ltxtquery",
    "cube": "cube",
    "postgis": "geometry|geography|box2d|box3d",
    "vector": "vector|halfvec|sparsevec",
}
_FUNCTIONS = {
    '"uuid-ossp"': r"uuid_generate_v\w+|uuid_nil|uuid_ns_\w+",
    "pgcrypto": r"crypt|gen_salt|gen_random_bytes|digest|hmac|pgp_\w+",
    "pg_trgm": r"similarity|word_similarity|show_trgm",
    "unaccent": "unaccent",
    "fuzzystrmatch": "levenshtein|soundex|metaphone|dmetaphone",
    "postgis": r"st_\w+",
    "timescaledb": "create_hypertable|time_bucket|add_retention_policy",
}
_CLASSES = {
    "pg_trgm": r'operator class "(?:\w+\.)?\w+_trgm_ops"',
    "vector": r'operator class "(?:\w+\.)?(?:vector|halfvec|sparsevec|bit)_\w+_ops"|access method "(?:hnsw|ivfflat)"',
    "btree_gist": r'has no default operator class for access method "gist"',
    "btree_gin": r'has no default operator class for access method "gin"',
}


def extension_of(sqlstate: str, said: str) -> str:
    """Return the extension that brings what a statement and its refusal name, as SQL names it; empty where none is known."""
    found = next((one for one in EXTENSIONS if one.sqlstate == sqlstate and re.search(one.words, said)), None)
    made = re.search(r"IF NOT EXISTS (\S+?)\"\)", found.mend) if found is not None else None
    return made[1].replace("\\", "") if made is not None else ""


def _advice(sqlstate: str, condition: str, extension: str, words: str) -> Advice:
    # Quotes within the quotes of the call.
    made = extension.replace('"', r"\"")
    return Advice(
        sqlstate, condition, f'make its extension before: op.execute("CREATE EXTENSION IF NOT EXISTS {made}")', words
    )


EXTENSIONS: tuple[Advice, ...] = (
    *(
        _advice("42704", "undefined_object", name, rf'type "(?:\w+\.)?(?:{types})(?:\[\])?" does not exist')
        for name, types in _TYPES.items()
    ),
    *(_advice("42704", "undefined_object", name, words) for name, words in _CLASSES.items()),
    *(
        _advice("42883", "undefined_function", name, rf"function (?:\w+\.)?(?:{functions})\(.* does not exist")
        for name, functions in _FUNCTIONS.items()
    ),
)
