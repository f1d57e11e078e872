"""What is counted beside a queue of any length, written straight into the views' tables.

At each position another system told a row, and every ticket was judged by a machine, every other
one by a person after it. There are no records behind these rows: counting reads none.
"""

from typing import Final

from projections import blocks, diagnosis, reports, spans
from tests.benchmarks import past_rows
from tests.benchmarks.place import Database, run_sql

_STATES: Final = 12
_REPORTS: Final = f"""
insert into view.report
select 'T0-261111-' || lpad((position / {past_rows.EACH})::text, 7, '0'),
  10 + position % {past_rows.EACH}, 0, position + 1, 'state-' || position % {_STATES},
  '2026-11-11T00:00:00.000000Z'
from generate_series(0, {{positions}} - 1) position
"""
_REPORT_COUNTS: Final = f"""
insert into view.report_count
select lane, position / {blocks.POSITIONS}, state, count(*) from view.report group by 1, 2, 3
"""
_DIAGNOSES: Final = f"""
insert into view.diagnosis
select 'T0-261111-' || lpad(n::text, 7, '0'), 0, since, until, machine,
  case step when 1 then (array['merchant', 'logistics'])[1 + n / 2 % 2] || '/product/complaint' end
from (
  select n, step, {past_rows.EACH} * n::bigint + 1 + step as since,
    case when step = 0 and n % 2 = 0 then {past_rows.EACH} * n::bigint + 2
      else {spans.LASTING} end as until,
    (array['merchant', 'buyer', 'logistics'])[1 + n % 3] || '/product/'
      || (array['complaint', 'dispute'])[1 + n / 2 % 2] as machine
  from generate_series(0, {{tickets}} - 1) n, generate_series(0, 1) step
  where step = 0 or n % 2 = 0) as pairs
"""
_AGREEMENT: Final = f"""
insert into view.agreement
select lane, position / {blocks.POSITIONS}, c.dimension, c.machine, c.person, sum(tickets)
from (
  select lane, since as position, machine, person, 1 as tickets from view.diagnosis union all
  select lane, until, machine, person, -1 from view.diagnosis where until < {spans.LASTING}
) as turns cross join lateral (
  select '' as dimension, '' as machine, '' as person union all
  select * from unnest(array['responsible', 'scenario', 'kind'],
    string_to_array(turns.machine, '/'), string_to_array(turns.person, '/'))
  where turns.person is not null
) as c group by 1, 2, 3, 4, 5 having sum(tickets) <> 0
"""


def fill(database: Database, tickets: int) -> None:
    """Make the views' tables anew with the rows and judgements of so many tickets."""
    tables = {**reports.TABLES, **diagnosis.TABLES}
    for table, (create, *_) in tables.items():
        run_sql(database.app_dsn, f"drop table if exists {table}", create)
    run_sql(
        database.app_dsn,
        _REPORTS.format(positions=past_rows.EACH * tickets),
        _REPORT_COUNTS,
        _DIAGNOSES.format(tickets=tickets),
        _AGREEMENT,
    )
    for table, (_, *indexes) in tables.items():
        run_sql(database.app_dsn, *indexes)
        past_rows.settle(database, table)
