-- Comparisons of all rows with the source that they came from. A switch from that source to these tables asks for a complete one.
create table catalog.verifications (
    number bigint generated always as identity primary key,
    source text not null,
    started_at timestamptz not null,
    finished_at timestamptz not null default now(),
    -- What the comparison saw: rows written by transactions that were visible then. And of which cluster.
    snapshot pg_snapshot not null,
    system_identifier bigint not null,
    -- Every table was compared, and to the end.
    complete boolean not null,
    unexplained bigint not null,
    -- By origin: {"documents", "rows", "equal", "explained", "unexplained", "hash": sum of the rows' hashes, 32 hex digits}.
    tables jsonb not null
);
