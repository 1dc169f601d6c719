"""What the contract takes for an e-mail address, in which spelling, and that the database takes all of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from flowforge_schema import UserCreate, UserUpdate

SPELLINGS = {
    "its case before the @ stays": ("Ada@example.org", "Ada@example.org"),
    "a domain has no case": ("ada@Example.ORG", "ada@example.org"),
    "a letter is composed": ("andre\u0301@example.org", "andr\u00e9@example.org"),
    "a domain in Punycode is read": ("ada@xn--bcher-kva.example", "ada@b\u00fccher.example"),
    "a wide domain is narrow": ("ada@\uff45xample.org", "ada@example.org"),
    "\u00df stays": ("stra\u00dfe@example.org", "stra\u00dfe@example.org"),
    "the KELVIN SIGN becomes K": ("\u212aim@example.org", "Kim@example.org"),
    "\u0130 stays": ("\u0130dil@example.org", "\u0130dil@example.org"),
    "what people put before the @": ("o'brien+news@example.org", "o'brien+news@example.org"),
}
REFUSED = {
    "no @": "ada.example.org",
    "two @": "ada@home@example.org",
    "a control character": "a\u0001da@example.org",
    "NUL": "a\0da@example.org",
    "a lone surrogate": "a\ud800da@example.org",
    "a space before": " ada@example.org",
    "a no-break space before": "\u00a0ada@example.org",
    "an ideographic space behind": "ada@example.org\u3000",
    "a line's end": "ada@example.org\n",
    "a zero width space": "a\u200bda@example.org",
    "a domain without a period": "ada@example",
    "a domain of this machine": "ada@localhost",
    "two periods": "ada..lovelace@example.org",
    "a name for display": "Ada <ada@example.org>",
    "too long": f"a@{'b.' * 130}org",
    "bytes": b"ada@example.org",
}
CHARACTERS = st.characters(exclude_categories=["Cs"]) | st.sampled_from(
    " \t\n\u00a0\u2003\u3000\0\x7f\u0085\u00ad\u200d\ufeff\u0301\u212a@."
)


@pytest.mark.parametrize(("sent", "kept"), SPELLINGS.values(), ids=SPELLINGS)
def test_an_address_has_one_spelling(sent: str, kept: str) -> None:
    assert (UserCreate(email=sent).email, UserUpdate(email=sent).email) == (kept, kept)


@pytest.mark.parametrize("sent", REFUSED.values(), ids=REFUSED)
def test_what_is_no_address_is_refused_and_not_repeated(sent: Any) -> None:
    with pytest.raises(ValidationError) as raised:
        UserCreate(email=sent)

    assert "ada" not in str(raised.value).replace("such as ada@example.org", "")


@settings(max_examples=200, derandomize=True, deadline=None, database=None)
@given(st.text(CHARACTERS, max_size=3), st.text(CHARACTERS, max_size=3))
def test_what_the_contract_takes_the_database_takes_and_gives_back(
    rows: Any, tables: Any, some: str, more: str
) -> None:
    try:
        email = UserCreate(email=f"a{some}b@c{more}d.example").email
    except ValidationError:
        return

    stored = rows.stored(tables["users"], {"email": email})
    assert stored is not None
    assert stored["email"] == email
