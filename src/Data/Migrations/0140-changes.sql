-- The change feed (design section 9): what is written to tables that somebody listens to, noted by triggers in the transaction that writes.

-- A table of rows that was given this name before.
do $$
declare
    taken text := 'changes_1';
begin
    while exists (select from pg_class where relnamespace = 'app'::regnamespace and relname = taken) loop
        taken := 'changes_1' || substr(md5(taken), 1, 8);
    end loop;
    if exists (select from pg_class where relnamespace = 'app'::regnamespace and relname = 'changes') then
        execute format('alter table app.changes rename to %I', taken);
        update catalog.tables set relation = taken where relation = 'changes';
        update catalog.fields set column_name = taken where kind = 'Relation' and column_name = 'changes';
        update catalog.imports set relation = taken where relation = 'changes';
        update jobs.expirations set relation = taken where relation = 'changes';
        update catalog.state set version = version + 1;
    end if;
end $$;

create sequence catalog.changes_sequence;
-- So that its last value is one that was given.
select nextval('catalog.changes_sequence');

-- Partitioned by time, in a ring: each partition takes half a day, every eighth day the same. So no partition has to be made while rows are being
-- written, none can be missing, and the purge empties a partition that nobody writes to.
create table app.changes (
    sequence bigint not null default nextval('catalog.changes_sequence'),
    xid xid8 not null,
    slot smallint not null,
    at timestamptz not null,
    table_number int not null,
    -- Of a join table: the relation that it holds. Null: the change is of a row.
    field text collate "C",
    -- i, u, d: inserted, updated, deleted. r: read everything anew (emptied, exchanged, a field dropped). x: the table was dropped.
    operation "char" not null,
    row_id text collate "C",
    -- Of a join table: the other side.
    related_id text collate "C",
    -- The row before an update or a delete, without secrets.
    old jsonb
) partition by list (slot);
create index changes_xid on app.changes (xid);
create index changes_sequence on app.changes (sequence);

do $$
begin
    for slot in 0..15 loop
        execute format('create table catalog.%I partition of app.changes for values in (%s)', 'changes_' || to_char(slot, 'fm00'), slot);
    end loop;
end $$;

create function catalog.change_slot(instant timestamptz) returns smallint language sql immutable parallel safe as $$
    select (floor(extract(epoch from instant) / 43200)::bigint % 16)::smallint
$$;

create table catalog.feed (
    only_row boolean primary key default true check (only_row),
    -- The cluster and database whose transaction ids stand in app.changes: a restored copy begins again.
    cluster text,
    -- No change of a later transaction has been purged.
    purged_xid xid8 not null default '0'
);
insert into catalog.feed default values;

-- Who listens to which table (by its origin: it may be dropped and made again); null: to all, also to those that come.
create table catalog.feed_listeners (
    listener text collate "C" not null,
    origin text collate "C"
);
create unique index feed_listeners_key on catalog.feed_listeners (listener, coalesce(origin, ''));

-- Null: nobody listens, there are no triggers. Otherwise the sequence from which on every change is there; 0: from the table's beginning.
alter table catalog.tables add column feed_since bigint;

create function catalog.note_rows() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    this_number int := tg_argv[0];
    hidden text[] := tg_argv[1];
    instant timestamptz := clock_timestamp();
    this_slot smallint := catalog.change_slot(instant);
    this_xid xid8 := pg_current_xact_id();
begin
    if tg_op = 'INSERT' then
        insert into app.changes (xid, slot, at, table_number, operation, row_id)
        select this_xid, this_slot, instant, this_number, 'i', n.id from new_rows n;
    elsif hidden is null then
        insert into app.changes (xid, slot, at, table_number, operation, row_id, old)
        select this_xid, this_slot, instant, this_number, case tg_op when 'UPDATE' then 'u' else 'd' end, o.id, to_jsonb(o) from old_rows o;
    else
        insert into app.changes (xid, slot, at, table_number, operation, row_id, old)
        select this_xid, this_slot, instant, this_number, case tg_op when 'UPDATE' then 'u' else 'd' end, o.id, to_jsonb(o) - hidden from old_rows o;
    end if;
    return null;
end $$;

create function catalog.note_links() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    this_number int := tg_argv[0];
    this_field text := tg_argv[1];
    instant timestamptz := clock_timestamp();
    this_slot smallint := catalog.change_slot(instant);
    this_xid xid8 := pg_current_xact_id();
begin
    if tg_op <> 'INSERT' then
        insert into app.changes (xid, slot, at, table_number, field, operation, row_id, related_id)
        select this_xid, this_slot, instant, this_number, this_field, 'd', o.owning_id, o.related_id from old_rows o;
    end if;
    if tg_op <> 'DELETE' then
        insert into app.changes (xid, slot, at, table_number, field, operation, row_id, related_id)
        select this_xid, this_slot, instant, this_number, this_field, 'i', n.owning_id, n.related_id from new_rows n;
    end if;
    return null;
end $$;

-- A row whose id was changed is another row; the old id stands in what note_rows notes of the update.
create function catalog.note_new_id() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into app.changes (xid, slot, at, table_number, operation, row_id)
    values (pg_current_xact_id(), catalog.change_slot(clock_timestamp()), clock_timestamp(), tg_argv[0]::int, 'i', new.id);
    return null;
end $$;

-- Notes something of a table as a whole, if somebody listens to it.
create function catalog.note_table(this_number int, this_operation "char", this_field text) returns void language sql security definer
set search_path = pg_catalog, pg_temp as $$
    insert into app.changes (xid, slot, at, table_number, field, operation, old)
    select pg_current_xact_id(), catalog.change_slot(clock_timestamp()), clock_timestamp(), number, this_field, this_operation, jsonb_build_object('origin', origin)
    from catalog.tables where number = this_number and feed_since is not null
$$;

create function catalog.note_emptied() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform catalog.note_table(tg_argv[0]::int, 'r', tg_argv[1]);
    return null;
end $$;

-- Makes or drops one relation's triggers.
create function catalog.keep_feed_triggers(relation text, wanted boolean, noting text, arguments text, emptied text) returns void language plpgsql as $$
declare
    present boolean := exists (select from pg_trigger where tgrelid = format('app.%I', relation)::regclass and tgname = 'feed_inserted');
    place text := format('app.%I', relation);
begin
    if present and not wanted then
        execute format('drop trigger feed_inserted on %1$s; drop trigger feed_updated on %1$s; drop trigger feed_deleted on %1$s; drop trigger feed_emptied on %1$s', place);
        execute format('drop trigger if exists feed_id_changed on %s', place);
    elsif wanted and not present then
        execute format('create trigger feed_inserted after insert on %s referencing new table as new_rows for each statement execute function catalog.%I(%s)',
            place, noting, arguments);
        -- Old and new rows are kept only where the function reads them.
        execute format('create trigger feed_updated after update on %s referencing old table as old_rows %s for each statement execute function catalog.%I(%s)',
            place, case noting when 'note_links' then 'new table as new_rows' end, noting, arguments);
        execute format('create trigger feed_deleted after delete on %s referencing old table as old_rows for each statement execute function catalog.%I(%s)',
            place, noting, arguments);
        execute format('create trigger feed_emptied after truncate on %s for each statement execute function catalog.note_emptied(%s)', place, emptied);
        if noting = 'note_rows' then
            execute format('create trigger feed_id_changed after update of id on %s for each row when (old.id <> new.id) execute function catalog.note_new_id(%s)',
                place, emptied);
        end if;
    end if;
end $$;

-- Brings a table's triggers, and those of its join tables, to what its listeners want. Run again when it got a new join table.
create function catalog.keep_feed(this_number int, fresh boolean) returns void language plpgsql as $$
declare
    this_table catalog.tables;
    wanted boolean;
    hidden text[];
    join_field record;
begin
    select * into strict this_table from catalog.tables where number = this_number;
    wanted := exists (select from catalog.feed_listeners where origin is null or origin = this_table.origin);
    if not wanted and this_table.feed_since is null then
        return;
    end if;
    if this_table.system then
        select array_agg(attname::text order by attnum) into hidden from pg_attribute a
        where attrelid = format('app.%I', this_table.relation)::regclass and attnum > 0 and not attisdropped
        and attname not in ('id', 'created_at', 'updated_at', 'acl_read', 'acl_write', 'public_read', 'public_write', 'rest')
        and not exists (select from catalog.fields f where f.table_number = this_number and f.column_name = a.attname and f.kind <> 'Relation' and not f.secret);
    end if;
    perform catalog.keep_feed_triggers(this_table.relation, wanted, 'note_rows', concat_ws(', ', this_number, quote_literal(hidden)), this_number::text);
    for join_field in select name, column_name from catalog.fields where table_number = this_number and kind = 'Relation' and column_name is not null loop
        perform catalog.keep_feed_triggers(join_field.column_name, wanted, 'note_links', this_number || ', ' || quote_literal(join_field.name),
            this_number || ', ' || quote_literal(join_field.name));
    end loop;
    -- Under the tables' locks: whoever wrote before has committed, whoever writes from now on is noted.
    update catalog.tables set feed_since = case when not wanted then null when feed_since is not null then feed_since when fresh then 0
        else nextval('catalog.changes_sequence') end
    where number = this_number;
end $$;
