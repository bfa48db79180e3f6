-- The value with a computed one at a path, as projections make it: like aggregation.put, but what is no object on the way becomes one even for a missing value.
create function aggregation.assign(v jsonb, steps text[], x jsonb) returns jsonb language plpgsql immutable parallel safe as $$
declare
    inner_value jsonb;
begin
    if cardinality(steps) = 0 then
        return x;
    end if;
    if jsonb_typeof(v) = 'array' then
        return (select coalesce(jsonb_agg(aggregation.assign(e, steps, x) order by n), '[]') from jsonb_array_elements(v) with ordinality as u(e, n));
    end if;
    if v is null or jsonb_typeof(v) <> 'object' then
        v := '{}';
    end if;
    inner_value := aggregation.assign(v -> steps[1], steps[2:], x);
    return case when inner_value is null then v - steps[1] else v || jsonb_build_object(steps[1], inner_value) end;
end $$;
