-- Durable background work. Quartz keeps its own tables beside these (jobs.qrtz_*), which it provisions itself at start.
create schema if not exists jobs;

-- A job is a row here, inserted in the transaction of the rows it is about. It stays until it is done, and then as history.
create table jobs.outbox (
    id bigint generated always as identity primary key,
    -- The registered name of the job, e.g. mail.password-reset. Names of jobs that die with the transition begin with parse-compat.
    job text collate "C" not null,
    -- JSON. Not jsonb, which refuses NUL characters that a client may have sent. Null once the job is done: it may hold a secret link.
    arguments text,
    -- The recurring job that it is a run of.
    recurring text collate "C",
    -- queued: waits for its time or for a relay; handed: Quartz has it (or a relay is about to give it to Quartz);
    -- running: a runner has started it; done; dead: gave up, a person can queue it again.
    state text collate "C" not null default 'queued' check (state in ('queued', 'handed', 'running', 'done', 'dead')),
    enqueued_at timestamptz not null default now(),
    run_at timestamptz not null default now(),
    -- When a relay may (next) take the row; null: nobody needs to.
    relay_at timestamptz default now(),
    attempts int not null default 0,
    started_at timestamptz,
    finished_at timestamptz,
    -- Of the last attempt: the process that ran it, and what went wrong.
    node text,
    error text
);
create index outbox_relay on jobs.outbox (relay_at) where relay_at is not null;
create index outbox_in_hand on jobs.outbox (id) where state in ('handed', 'running');
create index outbox_finished on jobs.outbox (state, finished_at desc) where finished_at is not null;
-- A run of a recurring job starts only when the one before has ended.
create unique index outbox_recurring on jobs.outbox (recurring) where state in ('queued', 'handed', 'running');
create index outbox_recurring_last on jobs.outbox (recurring, id desc) where recurring is not null;

-- What runs by the clock. Quartz fires it; the run itself is a row of jobs.outbox like any other.
create table jobs.recurring (
    name text collate "C" primary key,
    job text collate "C" not null,
    arguments text not null,
    -- Quartz's cron format (seconds first), in UTC.
    cron text not null,
    -- When a process last said that its program contains it; null: set at run time. What no program has contained for a while is removed.
    declared_at timestamptz
);

-- Rows that vanish by themselves: each row of table app.<relation> is deleted (about a minute) after <seconds> seconds have passed
-- since the time in column <column_name>, which must be a timestamptz. Rows without a time in that column stay.
-- Filled by the importer from the TTL indexes of the source: relation and column names as in catalog.tables.relation and
-- catalog.fields.column_name. The deleting job looks both up in pg_catalog and leaves alone what does not exist or has another type.
create table jobs.expirations (
    relation text collate "C" not null references catalog.tables (relation) on update cascade on delete cascade,
    column_name text collate "C" not null,
    seconds bigint not null check (seconds between 0 and 2147483647),
    primary key (relation, column_name)
);
