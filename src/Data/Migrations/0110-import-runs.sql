-- An import that was broken off can go on (docs/decisions/021-resumed-imports.md): what it had done, per table.
create table catalog.import_runs (
    number bigint generated always as identity primary key,
    source text not null,
    started_at timestamptz not null default now(),
    -- When every table had been brought; null: broken off, or some were not.
    finished_at timestamptz
);

create table catalog.import_tables (
    run_number bigint not null references catalog.import_runs on delete cascade,
    origin text collate "C" not null,
    -- Of what was read and how it was to be understood: a table whose source is another by now is brought again.
    fingerprint text not null,
    -- loaded: the rows lie in schema import. ready: with keys, indexes and counts. published: in schema app.
    stage text not null check (stage in ('loaded', 'ready', 'published')),
    -- What is known of the table in schema import besides its rows.
    staged jsonb not null,
    -- The importer's account of it.
    report jsonb not null,
    primary key (run_number, origin)
);
