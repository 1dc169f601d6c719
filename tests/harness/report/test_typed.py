"""What a reader may copy of a fix is code alone."""

from __future__ import annotations

import pytest

from pgharness.report.typed import typed
from tests.harness.report.making import FIX

BLOCK = "with op.get_context().autocommit_block():"


@pytest.mark.parametrize(
    ("mend", "code"),
    [
        ("do it later", ""),
        ('declare irreversible = "<reason>"', ""),
        ('op.execute("A (1)"); then review it', 'op.execute("A (1)")'),
        ("op.execute('it\\'s )'); or op.drop_index('x')", "op.execute('it\\'s )')"),
        ("correct the model; or write a revision: op.drop_index('x')", "op.drop_index('x')"),
        (FIX, f'{BLOCK}\n    op.execute("DROP INDEX CONCURRENTLY IF EXISTS i")\nop.execute(\'SELECT ")"\')'),
        (
            'op.execute("A"); in the next revision op.execute("B"); op.execute("C"); and in one after it op.execute("D")',
            'op.execute("A")\n# in the next revision\nop.execute("B")\nop.execute("C")\n# in the next revision\nop.execute("D")',
        ),
        (
            f"write a revision: {BLOCK}\n    op.create_index('i', 't', ['a'])\nop.drop_column('t', 'b')\nor correct the models",
            f"{BLOCK}\n    op.create_index('i', 't', ['a'])\nop.drop_column('t', 'b')",
        ),
        (
            "in env.py: context.configure(connection=connection, transaction_per_migration=True); or declare it",
            "context.configure(connection=connection, transaction_per_migration=True)",
        ),
        (
            'op.execute("A"); context.configure(…, transaction_per_migration=True) in env.py',
            'op.execute("A")',
        ),
        ('op.drop_index(…, if_exists=True); or op.execute("B")', 'op.execute("B")'),
        (
            "op.execute(\"x <> 'a; or b'\"); op.execute('C'); or declare it",
            "op.execute(\"x <> 'a; or b'\")\nop.execute('C')",
        ),
        ("pgharness check --write-structure, then review it", "pgharness check --write-structure"),
        ("in env.py, before target_metadata: import a.b, c", "import a.b, c"),
    ],
)
def test_code_is_taken_as_it_is_typed_and_words_are_left_out(mend: str, code: str) -> None:
    assert typed(mend) == code
