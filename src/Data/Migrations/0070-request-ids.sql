-- Requests that must not run twice: the hash of one stands here for a while (setting ParseCompat:Idempotency). Two tables take turns: requests are
-- noted in one of them; when a turn has lasted as long as they are kept, the other one holds only what is too old, is truncated, and is next.
create schema if not exists parse_compat;

create table parse_compat.requests_0 (
    hash bytea primary key,
    noted_at timestamptz not null
);
create table parse_compat.requests_1 (like parse_compat.requests_0 including all);

-- Whose turn it is, and since when; no row: the first one's.
create table parse_compat.request_turn (
    only_row boolean primary key default true check (only_row),
    turn integer not null check (turn in (0, 1)),
    since timestamptz not null
);

-- Notes a request in the caller's transaction; false when it stands there already. Whoever asks about the same request meanwhile waits for the
-- transaction's end, and then sees what became of it.
create function parse_compat.note_request(request bytea, keep interval) returns boolean language plpgsql as $$
begin
    perform pg_advisory_xact_lock(hashtextextended(encode(request, 'hex'), 70));
    if exists (select from parse_compat.requests_0 where hash = request and noted_at > clock_timestamp() - keep)
        or exists (select from parse_compat.requests_1 where hash = request and noted_at > clock_timestamp() - keep) then
        return false;
    end if;
    if exists (select from parse_compat.request_turn where turn = 1) then
        insert into parse_compat.requests_1 values (request, clock_timestamp()) on conflict (hash) do update set noted_at = excluded.noted_at;
    else
        insert into parse_compat.requests_0 values (request, clock_timestamp()) on conflict (hash) do update set noted_at = excluded.noted_at;
    end if;
    return true;
end $$;

-- Gives the turn to the other table, emptied, when this one has lasted long enough; true when it did.
create function parse_compat.turn_requests(keep interval) returns boolean language plpgsql as $$
declare
    this integer;
begin
    insert into parse_compat.request_turn (turn, since) values (0, clock_timestamp()) on conflict do nothing;
    select turn into this from parse_compat.request_turn where since <= clock_timestamp() - keep for update skip locked;
    if not found then
        return false;
    end if;
    if this = 0 then
        truncate parse_compat.requests_1;
    else
        truncate parse_compat.requests_0;
    end if;
    update parse_compat.request_turn set turn = 1 - this, since = clock_timestamp();
    return true;
end $$;
