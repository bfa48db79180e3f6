-- An import whose source tells of its changes can be followed until the cut-over. One row: where the rows came from, how far they have come, and what was done.
create table catalog.follow (
    only_row boolean primary key default true check (only_row),
    -- Without a password.
    source text not null,
    -- What the names of the app's collections begin with there.
    prefix text not null,
    state text not null check (state in ('importing', 'imported', 'following', 'cut over', 'abandoned')),
    imported_at timestamptz not null default now(),
    -- Where reading goes on, as the source understands it; written with the rows that came before it.
    position bytea not null,
    -- Whether the ids of link documents have been read.
    linked boolean not null default false,
    began_at timestamptz,
    changes bigint not null default 0,
    -- When the last change that was applied happened, by the source's clock, and when it was applied, by ours.
    changed_at timestamptz,
    applied_at timestamptz,
    lag_seconds double precision,
    cut_over_at timestamptz,
    report jsonb
);

-- The ids of link documents with their pair: a delete tells the id alone, and several documents may hold one pair.
create table catalog.follow_links (
    relation text collate "C" not null,
    document bytea not null,
    owning_id text collate "C" not null,
    related_id text collate "C" not null,
    primary key (relation, document)
);
create index follow_links_pair on catalog.follow_links (relation, owning_id, related_id);

-- Rows that changes have touched: what is compared once more before the cut-over.
create table catalog.follow_changes (
    origin text collate "C" not null,
    id text collate "C" not null,
    changed_at timestamptz not null default clock_timestamp(),
    primary key (origin, id)
);
