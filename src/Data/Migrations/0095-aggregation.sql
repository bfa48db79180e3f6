-- What pipelines of stages compute over documents (Data/Aggregation). A document is a jsonb object; a missing value is SQL's null, an explicit null
-- is JSON's. Types that JSON does not have are marked: {"$date": milliseconds}, {"$bytes": base64}, {"$number": "NaN"}.
-- SQLSTATE B0A01: an expression met a value that it does not work on; the message names operator and type, never a value.

create schema aggregation;

-- Volatile, so that it is never computed before its branch is taken.
create function aggregation.refuse(message text) returns jsonb language plpgsql volatile parallel safe as $$
begin
    raise exception using errcode = 'B0A01', message = message;
end $$;

-- The order of types: missing, null, numbers, texts, objects, arrays, bytes, booleans, dates.
create function aggregation.rank(v jsonb) returns int language sql immutable parallel safe as $$
    select case jsonb_typeof(v)
        when 'number' then 2
        when 'string' then 3
        when 'null' then 1
        when 'boolean' then 8
        when 'array' then 5
        when 'object' then case
            when v ? '$date' then 9
            when v ? '$bytes' then 6
            when v ? '$number' then 2
            when v ->> '__type' = 'Date' and v ? 'iso' then 9
            else 4 end
        else 0 end
$$;

create function aggregation.type_name(v jsonb) returns text language sql immutable parallel safe as $$
    select case aggregation.rank(v)
        when 0 then 'missing' when 1 then 'null' when 2 then case when v = to_jsonb(trunc(v::text::numeric)) and abs(v::text::numeric) < 2147483648 then 'int' else 'double' end
        when 3 then 'string' when 4 then 'object' when 5 then 'array' when 6 then 'binData' when 8 then 'bool' else 'date' end
$$;

create function aggregation.is_null(v jsonb) returns boolean language sql immutable parallel safe as $$
    select v is null or v = 'null'::jsonb
$$;

-- Any of these is null or missing: most operators give null then.
create function aggregation.any_null(v jsonb[]) returns boolean language sql immutable parallel safe as $$
    select exists (select from unnest(v) as e where e is null or e = 'null'::jsonb)
$$;

create function aggregation.truth(v jsonb) returns boolean language sql immutable parallel safe as $$
    select case jsonb_typeof(v)
        when 'boolean' then v::boolean
        when 'number' then v <> '0'::jsonb
        when 'null' then false
        else v is not null end
$$;

create function aggregation.number(x double precision) returns jsonb language sql immutable parallel safe as $$
    select case when x = 'NaN' or x = 'Infinity' or x = '-Infinity' then jsonb_build_object('$number', x::text) else to_jsonb(x) end
$$;

-- The number, or null for what is none.
create function aggregation.as_number(v jsonb) returns double precision language sql immutable parallel safe as $$
    select case jsonb_typeof(v) when 'number' then v::double precision when 'object' then (v ->> '$number')::double precision end
$$;

create function aggregation.date(x timestamptz) returns jsonb language sql immutable parallel safe as $$
    select case when x is not null then jsonb_build_object('$date', floor(extract(epoch from x) * 1000)::bigint) end
$$;

create function aggregation.milliseconds(v jsonb) returns bigint language sql stable parallel safe as $$
    select case when v ? '$date' then (v ->> '$date')::bigint
        when v ->> '__type' = 'Date' then floor(extract(epoch from (v ->> 'iso')::timestamptz) * 1000)::bigint end
$$;

-- The instant, null for null and missing.
create function aggregation.as_instant(v jsonb, operator text) returns timestamptz language plpgsql stable parallel safe as $$
begin
    if v is null or v = 'null' then
        return null;
    end if;
    if aggregation.rank(v) <> 9 then
        perform aggregation.refuse(operator || ' needs a date, not ' || aggregation.type_name(v));
    end if;
    return to_timestamp(0) + make_interval(secs => aggregation.milliseconds(v) / 1000.0);
end $$;

-- The document of these keys without those that are missing.
create function aggregation.document(keys text[], vals jsonb[]) returns jsonb language sql immutable parallel safe as $$
    select coalesce(jsonb_object_agg(k, v) filter (where v is not null), '{}') from unnest(keys, vals) as u(k, v)
$$;

-- A value from a row's rest in a document's form.
create function aggregation.from_rest(v jsonb) returns jsonb language sql immutable parallel safe as $$
    select case
        when jsonb_typeof(v) <> 'object' then v
        when v ? '$reference' then to_jsonb((v -> '$reference' ->> 0) || '$' || (v -> '$reference' ->> 1))
        when v ? '$file' then v -> '$file'
        when v ? '$point' then v -> '$point'
        else v end
$$;

create function aggregation.compare(a jsonb, b jsonb) returns int language plpgsql stable parallel safe as $$
declare
    ra int := aggregation.rank(a);
    rb int := aggregation.rank(b);
    r int;
    x record;
begin
    if ra <> rb then
        return sign(ra - rb);
    end if;
    case ra
        when 2 then
            return case when aggregation.as_number(a) < aggregation.as_number(b) then -1 when aggregation.as_number(a) > aggregation.as_number(b) then 1 else 0 end;
        when 3 then
            return case when (a #>> '{}') collate "C" < (b #>> '{}') collate "C" then -1 when a = b then 0 else 1 end;
        when 4 then
            for x in select l.key as lk, l.value as lv, h.key as hk, h.value as hv
                from (select key, value, row_number() over () as n from jsonb_each(a)) l
                full join (select key, value, row_number() over () as n from jsonb_each(b)) h using (n) order by n
            loop
                if x.lk is null then return -1; end if;
                if x.hk is null then return 1; end if;
                if x.lk <> x.hk then return case when x.lk collate "C" < x.hk collate "C" then -1 else 1 end; end if;
                r := aggregation.compare(x.lv, x.hv);
                if r <> 0 then return r; end if;
            end loop;
            return 0;
        when 5 then
            for i in 0 .. greatest(jsonb_array_length(a), jsonb_array_length(b)) - 1 loop
                if i >= jsonb_array_length(a) then return -1; end if;
                if i >= jsonb_array_length(b) then return 1; end if;
                r := aggregation.compare(a -> i, b -> i);
                if r <> 0 then return r; end if;
            end loop;
            return 0;
        when 6 then
            return case when a = b then 0
                when (length(a ->> '$bytes'), decode(a ->> '$bytes', 'base64')) < (length(b ->> '$bytes'), decode(b ->> '$bytes', 'base64')) then -1 else 1 end;
        when 8 then
            return case when a = b then 0 when b::boolean then -1 else 1 end;
        when 9 then
            return sign(aggregation.milliseconds(a) - aggregation.milliseconds(b));
        else
            return 0;
    end case;
end $$;

-- Keys of an order by: compared field by field.
create type aggregation.order_key as (rank int, number double precision, text text collate "C", json jsonb);

create function aggregation.order_key_of(v jsonb) returns aggregation.order_key language sql stable parallel safe as $$
    select row(
        greatest(aggregation.rank(v), 1),
        case aggregation.rank(v) when 2 then aggregation.as_number(v) when 8 then v::boolean::int when 9 then aggregation.milliseconds(v) end,
        case aggregation.rank(v) when 3 then v #>> '{}' when 6 then v ->> '$bytes' end,
        case when aggregation.rank(v) in (4, 5) then v end)::aggregation.order_key
$$;

-- What a value is ordered by: an array by its smallest element, or its largest when the order descends.
create function aggregation.order_key(v jsonb, descending boolean) returns aggregation.order_key language sql stable parallel safe as $$
    select case
        when jsonb_typeof(v) is distinct from 'array' then aggregation.order_key_of(v)
        when v = '[]' then row(0, null, null, null)::aggregation.order_key
        when descending then (select aggregation.order_key_of(e) from jsonb_array_elements(v) as e order by 1 desc limit 1)
        else (select aggregation.order_key_of(e) from jsonb_array_elements(v) as e order by 1 limit 1) end
$$;

-- The value of a path in an expression: below an array it is the array of what its elements have there.
create function aggregation.get(v jsonb, steps text[]) returns jsonb language plpgsql immutable parallel safe as $$
begin
    for i in 1 .. coalesce(cardinality(steps), 0) loop
        if jsonb_typeof(v) = 'object' then
            v := v -> steps[i];
        elsif jsonb_typeof(v) = 'array' then
            return (select coalesce(jsonb_agg(x order by n), '[]')
                from (select aggregation.get(e, steps[i:]) as x, n from jsonb_array_elements(v) with ordinality as u(e, n)
                      where jsonb_typeof(e) in ('object', 'array')) as y
                where x is not null);
        else
            return null;
        end if;
    end loop;
    return v;
end $$;

-- The values that a condition on a path looks at: in arrays on the way every element and every position, at the end an array and its elements.
-- A null among them stands for a document that lacks the path.
create function aggregation.reach(v jsonb, steps text[], expand boolean) returns setof jsonb language plpgsql immutable parallel safe as $$
declare
    e jsonb;
begin
    if coalesce(cardinality(steps), 0) = 0 then
        return next case when jsonb_typeof(v) = 'object' and v ->> '__type' = 'Date' and v ? 'iso' then jsonb_build_object('$date', aggregation.milliseconds(v)) else v end;
        if expand and jsonb_typeof(v) = 'array' then
            for e in select x from jsonb_array_elements(v) as x loop
                return next case when jsonb_typeof(e) = 'object' and e ->> '__type' = 'Date' and e ? 'iso' then jsonb_build_object('$date', aggregation.milliseconds(e)) else e end;
            end loop;
        end if;
    elsif jsonb_typeof(v) = 'object' then
        return query select aggregation.reach(v -> steps[1], steps[2:], expand);
    elsif jsonb_typeof(v) = 'array' then
        for e in select x from jsonb_array_elements(v) as x loop
            if jsonb_typeof(e) = 'object' then
                return query select aggregation.reach(e -> steps[1], steps[2:], expand);
            end if;
        end loop;
        if steps[1] ~ '^[0-9]{1,9}$' and v -> steps[1]::int is not null then
            return query select aggregation.reach(v -> steps[1]::int, steps[2:], expand);
        end if;
    else
        return next null;
    end if;
end $$;

-- What a projection keeps: spec is an object of true (keep) and objects (go on below).
create function aggregation.keep(v jsonb, spec jsonb) returns jsonb language plpgsql immutable parallel safe as $$
begin
    if jsonb_typeof(v) = 'array' then
        return (select coalesce(jsonb_agg(x order by n), '[]')
            from (select aggregation.keep(e, spec) as x, n from jsonb_array_elements(v) with ordinality as u(e, n)) as y where x is not null);
    elsif jsonb_typeof(v) = 'object' then
        return (select coalesce(jsonb_object_agg(k, x) filter (where x is not null), '{}')
            from (select key as k, case when spec -> key = 'true' then value else aggregation.keep(value, spec -> key) end as x
                  from jsonb_each(v) where spec ? key) as y);
    end if;
    return null;
end $$;

-- What is left without some paths: spec as above, true means drop.
create function aggregation.drop(v jsonb, spec jsonb) returns jsonb language plpgsql immutable parallel safe as $$
begin
    if jsonb_typeof(v) = 'array' then
        return (select coalesce(jsonb_agg(aggregation.drop(e, spec) order by n), '[]') from jsonb_array_elements(v) with ordinality as u(e, n));
    elsif jsonb_typeof(v) = 'object' then
        return (select coalesce(jsonb_object_agg(key, case when spec ? key then aggregation.drop(value, spec -> key) else value end), '{}')
            from jsonb_each(v) where spec -> key is distinct from 'true');
    end if;
    return v;
end $$;

-- The value with another one at a path; missing: without it. In arrays on the way it goes into every element, what is no object becomes one.
create function aggregation.put(v jsonb, steps text[], x jsonb) returns jsonb language plpgsql immutable parallel safe as $$
declare
    inner_value jsonb;
begin
    if cardinality(steps) = 0 then
        return x;
    end if;
    if jsonb_typeof(v) = 'array' then
        return (select coalesce(jsonb_agg(aggregation.put(e, steps, x) order by n), '[]') from jsonb_array_elements(v) with ordinality as u(e, n));
    end if;
    if v is null or jsonb_typeof(v) <> 'object' then
        if x is null then
            return v;
        end if;
        v := '{}';
    end if;
    inner_value := aggregation.put(v -> steps[1], steps[2:], x);
    return case when inner_value is null then v - steps[1] else v || jsonb_build_object(steps[1], inner_value) end;
end $$;

-- The rows that an array makes, with positions; what is no array makes one without.
create function aggregation.unwind(v jsonb, preserve boolean, out x jsonb, out i double precision) returns setof record language sql immutable parallel safe rows 10 as $$
    select e, (n - 1)::double precision from jsonb_array_elements(case when jsonb_typeof(v) = 'array' then v else '[]' end) with ordinality as u(e, n)
    union all select v, null where v is not null and jsonb_typeof(v) not in ('array', 'null')
    union all select case when v = 'null' then v end, null where preserve and (v is null or v = 'null' or v = '[]')
$$;

-- Elements of an array; null and missing have none.
create function aggregation.elements(v jsonb, operator text, out x jsonb, out n bigint) returns setof record language plpgsql immutable parallel safe rows 10 as $$
begin
    if v is null or v = 'null' then
        return;
    end if;
    if jsonb_typeof(v) <> 'array' then
        perform aggregation.refuse(operator || ' needs an array, not ' || aggregation.type_name(v));
    end if;
    return query select * from jsonb_array_elements(v) with ordinality;
end $$;

-- What a join looks for: the value itself or, of an array, its elements.
create function aggregation.sought(v jsonb) returns jsonb[] language sql immutable parallel safe as $$
    select case when jsonb_typeof(v) = 'array' then array(select jsonb_array_elements(v)) else array[coalesce(v, 'null')] end
$$;

create function aggregation.sought_texts(v jsonb, prefix text) returns text[] language sql immutable parallel safe as $$
    select array(select substr(e #>> '{}', length(prefix) + 1) from unnest(aggregation.sought(v)) as e where jsonb_typeof(e) = 'string' and starts_with(e #>> '{}', prefix))
$$;

create function aggregation.sought_numbers(v jsonb) returns double precision[] language sql immutable parallel safe as $$
    select array(select e::double precision from unnest(aggregation.sought(v)) as e where jsonb_typeof(e) = 'number')
$$;

create function aggregation.seeks_null(v jsonb) returns boolean language sql immutable parallel safe as $$
    select 'null'::jsonb = any(aggregation.sought(v))
$$;

-- Accumulators.

create function aggregation.smaller(a jsonb, b jsonb) returns jsonb language sql stable parallel safe as $$
    select case when b is null or b = 'null' then a when a is null or aggregation.compare(b, a) < 0 then b else a end
$$;

create function aggregation.larger(a jsonb, b jsonb) returns jsonb language sql stable parallel safe as $$
    select case when b is null or b = 'null' then a when a is null or aggregation.compare(b, a) > 0 then b else a end
$$;

create function aggregation.earlier(a jsonb, b jsonb) returns jsonb language sql immutable strict parallel safe as $$ select a $$;
create function aggregation.later(a jsonb, b jsonb) returns jsonb language sql immutable strict parallel safe as $$ select b $$;

create aggregate aggregation.min(jsonb) (sfunc = aggregation.smaller, stype = jsonb);
create aggregate aggregation.max(jsonb) (sfunc = aggregation.larger, stype = jsonb);
create aggregate aggregation.first(jsonb) (sfunc = aggregation.earlier, stype = jsonb);
create aggregate aggregation.last(jsonb) (sfunc = aggregation.later, stype = jsonb);
create aggregate aggregation.merge(jsonb) (sfunc = jsonb_concat, stype = jsonb, initcond = '{}');
