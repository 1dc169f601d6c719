"""What a reader may copy of a fix is code, with the words around it as comments; and what is read of it is laid out."""

from __future__ import annotations

import pytest

from pgharness.report.fix_parts import laid_out
from pgharness.report.typed import typed
from tests.harness.report.making import FIX

BLOCK = "with op.get_context().autocommit_block():"


@pytest.mark.parametrize(
    ("mend", "code"),
    [
        ("do it later", ""),
        ('declare irreversible = "<reason>"', ""),
        ('op.execute("A (1)"); then review it', 'op.execute("A (1)")\n# review it'),
        ("op.execute('it\\'s )'); or op.drop_index('x')", "op.execute('it\\'s )')"),
        ("correct the model; or write a revision: op.drop_index('x')", "op.drop_index('x')"),
        (FIX, f'{BLOCK}\n    op.execute("DROP INDEX CONCURRENTLY IF EXISTS i")\nop.execute(\'SELECT ")"\')'),
        (
            'op.execute("A"); in the next revision op.execute("B"); op.execute("C"); and in one after it op.execute("D")',
            'op.execute("A")\n# in the next revision\nop.execute("B")\nop.execute("C")\n# in one after it\nop.execute("D")',
        ),
        (
            f"write a revision: {BLOCK}\n    op.create_index('i', 't', ['a'])\nop.drop_column('t', 'b')\nor correct the models",
            f"{BLOCK}\n    op.create_index('i', 't', ['a'])\nop.drop_column('t', 'b')",
        ),
        (
            "in env.py: context.configure(connection=connection, transaction_per_migration=True); or declare it",
            "# in env.py\ncontext.configure(connection=connection, transaction_per_migration=True)",
        ),
        (
            'op.execute("A"); context.configure(…, transaction_per_migration=True) in env.py',
            'op.execute("A")\n# context.configure(…, transaction_per_migration=True) in env.py',
        ),
        (
            'let the application write both; in the next revision op.execute("A"); and at the end of upgrade(): op.execute("B"); or declare it',
            '# let the application write both; in the next revision\nop.execute("A")\n# at the end of upgrade()\nop.execute("B")',
        ),
        (
            f'do it: \n{BLOCK}\n    op.execute("""A\nor B)\n""")\n; or raise',
            f'# do it\n{BLOCK}\n    op.execute("""A\nor B)\n""")',
        ),
        (
            'before line 3 fill them (UPDATE t SET a = …); or refuse them: if op.get_bind().scalar(sa.text("A")): raise NotImplementedError("a")',
            '# refuse them\nif op.get_bind().scalar(sa.text("A")): raise NotImplementedError("a")',
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
def test_code_is_taken_as_it_is_typed_and_what_is_said_of_its_places_becomes_comments(mend: str, code: str) -> None:
    assert typed(mend) == code


@pytest.mark.parametrize(
    ("fix", "lines"),
    [
        ("do it later", ["do it later"]),
        ('write a revision: op.execute("A")', ['write a revision: op.execute("A")']),
        (
            'keep them in a table, at the beginning of upgrade() in r.py: op.execute("A"); and at the end of downgrade(): op.execute("B"); op.execute("C"); or declare it',
            [
                "keep them in a table, at the beginning of upgrade() in r.py:",
                '    op.execute("A")',
                "and at the end of downgrade():",
                '    op.execute("B")',
                '    op.execute("C")',
                "or declare it",
            ],
        ),
        (
            f'{BLOCK} op.execute("A"); op.execute("B"), and then op.execute("C")',
            [f"    {BLOCK}", '        op.execute("A")', '        op.execute("B")', "and then:", '    op.execute("C")'],
        ),
        (
            f"{BLOCK} what line 7 sends, with a WHERE; or declare it",
            [f"{BLOCK} what line 7 sends, with a WHERE; or declare it"],
        ),
        (
            f'undo all: \n{BLOCK}\n    op.execute("A")\n; or raise',
            ["undo all:", f"    {BLOCK}", '        op.execute("A")', "or raise"],
        ),
        (
            "before context.configure() in env.py:\n    from a import b\n    while b():\n        b()\n",
            ["before context.configure() in env.py:", "    from a import b", "    while b():", "        b()"],
        ),
    ],
)
def test_code_is_laid_out_beneath_the_words_that_say_where_it_belongs(fix: str, lines: list[str]) -> None:
    assert laid_out(fix) == lines
