-- What a declared index is built of, [[field, descending], …], so that a build that was cut off can be repeated; and since when it is declared.
alter table catalog.indexes
    add column columns jsonb,
    add column declared_at timestamptz not null default clock_timestamp();
