-- Room on the page for rows that are updated all the time, so that updates stay on it.
-- Left out where tables are partitioned: a partitioned table refuses storage parameters.

alter table {ledger}.lane_head set (fillfactor = 40);

alter table {view}.position set (fillfactor = 40);
