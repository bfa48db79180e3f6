-- Places inside JSON as old clients address them, where a jsonpath would read numbers as keys only.

-- What stands at a path: through arrays of objects, with numbers as positions and as keys; of an array there also its elements. SQL null: missing.
create function catalog.json_elements(target jsonb, path text[]) returns setof jsonb
language plpgsql immutable strict parallel safe as $$
declare
    key text := path[1];
    element jsonb;
begin
    if cardinality(path) = 0 then
        return next target;
        if jsonb_typeof(target) = 'array' then
            return query select e from jsonb_array_elements(target) as x(e);
        end if;
        return;
    end if;
    if jsonb_typeof(target) = 'object' and target ? key then
        return query select e from catalog.json_elements(target -> key, path[2:]) as x(e);
    elsif jsonb_typeof(target) = 'array' then
        if key ~ '^[0-9]{1,9}$' and target -> key::int is not null
            and (cardinality(path) = 1 or jsonb_typeof(target -> key::int) in ('object', 'array')) then
            return query select e from catalog.json_elements(target -> key::int, path[2:]) as x(e);
        end if;
        for element in select e from jsonb_array_elements(target) as x(e) where jsonb_typeof(e) = 'object' loop
            return query select e from catalog.json_elements(element, path) as x(e);
        end loop;
    else
        return next null;
    end if;
end
$$;

-- How values of different types are ordered: nothing, numbers, texts, objects, arrays, booleans, dates.
create type catalog.sort_key as (type_rank smallint, number double precision, content text collate "C");

-- As the text of an instant inside JSON, so that both are ordered together; beyond the years 1 to 9999 before and after all of them.
create function catalog.sort_key_of_instant(milliseconds double precision) returns catalog.sort_key
language sql immutable parallel safe as $$
    select case
        when milliseconds < -62135596800000 then row(9, milliseconds, null)::catalog.sort_key
        when milliseconds > 253402300799999 then row(9, null, '~')::catalog.sort_key
        else row(9, null, to_char(to_timestamp(milliseconds / 1000) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))::catalog.sort_key end
$$;

create function catalog.sort_key(target jsonb) returns catalog.sort_key
language sql immutable parallel safe as $$
    select case jsonb_typeof(target)
        when 'number' then row(2, (target #>> '{}')::double precision, null)::catalog.sort_key
        when 'string' then row(3, null, target #>> '{}')::catalog.sort_key
        when 'boolean' then row(8, (target #>> '{}')::boolean::int, null)::catalog.sort_key
        when 'array' then row(5, null, target::text)::catalog.sort_key
        when 'object' then case
            when target ? '$date' then catalog.sort_key_of_instant((target ->> '$date')::double precision)
            when target ? '$number' then row(2, (target ->> '$number')::double precision, null)::catalog.sort_key
            when target ? '$file' then row(3, null, target ->> '$file')::catalog.sort_key
            when target ? '$reference' then row(3, null, (target -> '$reference' ->> 0) || '$' || (target -> '$reference' ->> 1))::catalog.sort_key
            when target ->> '__type' = 'Date' then row(9, null, target ->> 'iso')::catalog.sort_key
            else row(4, null, target::text)::catalog.sort_key end
        end
$$;

-- The key of what stands at a path: of an array its smallest element ascending, its largest descending. Null: missing, null or an empty array.
create function catalog.sort_key(target jsonb, path text[], descending boolean) returns catalog.sort_key
language plpgsql immutable parallel safe as $$
declare
    key catalog.sort_key;
begin
    if cardinality(path) = 0 and jsonb_typeof(target) <> 'array' then
        return catalog.sort_key(target);
    end if;
    if descending then
        select k.* into key from catalog.json_elements(target, path) as x(e), catalog.sort_key(e) as k
        where jsonb_typeof(e) not in ('array', 'null') order by k desc limit 1;
    else
        select k.* into key from catalog.json_elements(target, path) as x(e), catalog.sort_key(e) as k
        where jsonb_typeof(e) is distinct from 'array' order by k.type_rank nulls first, k limit 1;
    end if;
    return case when key.type_rank is null then null else key end;
end
$$;
