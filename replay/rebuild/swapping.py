"""Exchanging a view's live tables for the rebuilt ones, in one transaction.

The tables move with their indexes, names and all; who reads sees the old ones or the new ones,
and who wrote the old ones finds its epoch over and goes on behind it with the new ones.
"""

from collections.abc import Sequence

from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from replay.rebuild.shadow import SCHEMA, Bare


def exchange(db: Cursor, views: Sequence[Bare]) -> None:
    """Put the rebuilt tables in the place of the live ones, with what is known of them.

    The caller holds the lock under which views are made, and has seen that both stand at the
    same positions, or the rebuilt ones further on.
    """
    for view in views:
        for table in view.tables:
            name = table.partition(".")[2]
            db.execute(f"drop table if exists view.{name}")
            db.execute(f"alter table {SCHEMA}.{name} set schema view")
        db.execute(
            "insert into view.position as p (lane, view, position, epoch) "
            f"select lane, view, position, epoch from {SCHEMA}.position where view = %s "
            "on conflict (lane, view) do update set position = excluded.position, "
            "epoch = p.epoch + 1, owner = null, lease_until = '-infinity'",
            (view.name,),
        )
        db.execute(
            "insert into view.definition (view, version) values (%s, %s) "
            "on conflict (view) do update set version = excluded.version",
            (view.name, view.version),
        )
        db.execute("delete from view.set_aside where view = %s", (view.name,))
        db.execute(
            "insert into view.set_aside (lane, view, position, stream, version, topic, error) "
            "select lane, view, position, stream, version, topic, error "
            f"from {SCHEMA}.set_aside where view = %s",
            (view.name,),
        )
