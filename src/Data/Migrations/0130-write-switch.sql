-- Writes can be closed for a while: as long as the rows follow another database, nobody but the follower may change them
-- (docs/decisions/019-write-switch.md). The state is part of the catalog's snapshot, so every process knows it before a change of it is answered.
alter table catalog.state add column writes_closed_at timestamptz;

-- What no process can overlook, be it a request on its way when the switch was turned, or plain SQL: while writes are closed every relation with rows has
-- a trigger that refuses them. Open, there is none, and a write costs what it did. The follower's own sessions say so at their start.
create function catalog.refuse_write() returns trigger language plpgsql as $$
begin
    if current_setting('backend.follows', true) is distinct from 'on' then
        raise exception sqlstate 'B0C01' using message = 'writes are closed';
    end if;
    return null;
end
$$;

-- Relations whose rows are an app's: tables, join tables, and what goes with accounts.
create view catalog.row_relations as
    select relation from catalog.tables
    union select column_name from catalog.fields where kind = 'Relation' and column_name is not null
    union values ('identities'), ('refresh_tokens');

-- Closes one relation, or opens it again. Both take the lock that waits for writers, not for readers.
create function catalog.close_writes(relation text) returns void language plpgsql as $$
begin
    execute format('create or replace trigger writes_closed before insert or update or delete or truncate on app.%I for each statement execute function catalog.refuse_write()', relation);
    execute format('alter table app.%I enable trigger writes_closed', relation);
end
$$;
create function catalog.open_writes(relation text) returns void language plpgsql as $$
begin
    if exists (select from pg_trigger where tgrelid = format('app.%I', relation)::regclass and tgname = 'writes_closed') then
        execute format('alter table app.%I disable trigger writes_closed', relation);
    end if;
end
$$;
