"""What the server was built or installed without is not the chain's fault."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pgharness.findings import CannotRun
from pgharness.records.steps import Failure
from pgharness.walk.lacking import is_lack_of_server
from tests.harness.chains import Revision, sql

LACKS = [
    'extension "uuid-ossp" is not available\nDETAIL:  Could not open extension control file',
    "ICU is not supported in this build",
    "compression method lz4 not supported\nDETAIL:  This functionality requires the server to be built with lz4 support.",
    'collation "de-x-icu" for encoding "UTF8" does not exist',
]


@pytest.mark.parametrize("message", LACKS)
def test_what_the_server_lacks_is_its_own(message: str) -> None:
    assert is_lack_of_server(Failure("FeatureNotSupported", message, sqlstate="0A000"))


@pytest.mark.parametrize(
    "message", ['collation "de" for encoding "UTF8" does not exist', "cannot alter type of a column"]
)
def test_what_no_server_has_is_the_chains(message: str) -> None:
    assert not is_lack_of_server(Failure("UndefinedObject", message, sqlstate="42704"))


def test_a_chain_that_wants_what_the_server_lacks_cannot_run_on_it(judge_chain: Callable[..., Any]) -> None:
    with pytest.raises(CannotRun) as reason:
        judge_chain(Revision("makes_it", sql("CREATE EXTENSION no_such_extension")))

    assert reason.value.what == "Revision makes_it wants what the server lacks."
    assert 'extension "no_such_extension" is not available' in reason.value.seen
    assert "--server container" in reason.value.mend


def test_what_stands_behind_a_revision_that_the_server_cannot_run_is_not_tried(
    judge_chain: Callable[..., Any], tmp_path: Path
) -> None:
    tried = tmp_path / "tried"

    with pytest.raises(CannotRun):
        judge_chain(
            Revision("makes_it", sql("CREATE EXTENSION no_such_extension")),
            Revision("goes_on", f"open({str(tried)!r}, 'w').close()"),
        )

    assert not tried.exists()
