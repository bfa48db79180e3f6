-- What the row store does to values inside jsonb, atomically, in one expression.

-- The array with every element that is not yet in it, in order; null and a missing array count as empty.
create function catalog.array_add_unique(target jsonb, elements jsonb) returns jsonb
language sql immutable parallel safe as $$
    select coalesce(nullif(target, 'null'), '[]') || coalesce((
        select jsonb_agg(e order by n)
        from (select e, min(n) as n from jsonb_array_elements(elements) with ordinality as x(e, n) group by e) as fresh
        where not exists (select from jsonb_array_elements(case when jsonb_typeof(target) = 'array' then target else '[]' end) as o where o = e)), '[]')
$$;

-- The array without all elements equal to one of these; what is no array stays as it is.
create function catalog.array_remove(target jsonb, elements jsonb) returns jsonb
language sql immutable parallel safe as $$
    select case when jsonb_typeof(target) = 'array' then (
        select coalesce(jsonb_agg(e order by n), '[]')
        from jsonb_array_elements(target) with ordinality as x(e, n)
        where not exists (select from jsonb_array_elements(elements) as r where r = e))
    else target end
$$;

-- The value with another one at a path: missing levels become objects, a number addresses an array's position and pads with nulls.
create function catalog.json_put(target jsonb, path text[], value jsonb) returns jsonb
language plpgsql immutable parallel safe as $$
declare
    key text := path[1];
    position int;
begin
    if cardinality(path) = 0 then
        return value;
    end if;
    if jsonb_typeof(target) = 'array' then
        if key !~ '^[0-9]{1,5}$' then
            raise invalid_text_representation using message = 'an array has positions only';
        end if;
        position := key::int;
        if position >= jsonb_array_length(target) then
            return target
                || coalesce((select jsonb_agg(null::jsonb) from generate_series(jsonb_array_length(target) + 1, position)), '[]')
                || jsonb_build_array(catalog.json_put(null, path[2:], value));
        end if;
        return jsonb_set(target, array[key], catalog.json_put(target -> position, path[2:], value));
    end if;
    if target is null or target = 'null' then
        target := '{}';
    elsif jsonb_typeof(target) <> 'object' then
        raise invalid_text_representation using message = 'a scalar has no keys';
    end if;
    return jsonb_set(target, array[key], catalog.json_put(target -> key, path[2:], value), true);
end
$$;
