"""A check for everybody: whoever reads the schema finds a comment on each table."""

from collections.abc import Iterator

from pgharness import ChainRecord, Check, Compare, Finding


def judge(record: ChainRecord, _compare: Compare) -> Iterator[Finding]:
    """Yield the tables at the heads without a comment, each charged to the revision that made it."""
    assert record.head is not None  # only_at_heads
    for item in record.revisions:
        made = set(item.upgrade.snapshot.objects("table")) - set(item.before.objects("table"))
        for _, table in sorted(made):
            if record.head.value("table", table) and not record.head.value("table", table, "comment"):
                yield Finding(
                    check="commented",
                    revision=item.revision.revision,
                    subject=f"table {table}",
                    message="It has no comment.",
                    mend=f"op.execute(\"COMMENT ON TABLE {table} IS '…'\")",
                )


CHECK = Check(
    name="commented",
    claim="every table has a comment",
    reason="Names tell what a table is called, not what it is for.",
    mend="write what it is for",
    judge=judge,
    only_at_heads=True,
)
