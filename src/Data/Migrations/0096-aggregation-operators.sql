-- The operators of expressions (Data/Aggregation/Function.cs lists them). Unless said otherwise null or missing makes null.
-- They are stable, not immutable: the planner would compute a call with constant arguments, and refuse it, in a branch that is never taken.

create function aggregation.need_number(v jsonb, operator text) returns double precision language plpgsql stable parallel safe as $$
begin
    if aggregation.is_null(v) then
        return null;
    end if;
    if aggregation.rank(v) <> 2 then
        perform aggregation.refuse(operator || ' needs a number, not ' || aggregation.type_name(v));
    end if;
    return aggregation.as_number(v);
end $$;

create function aggregation.need_text(v jsonb, operator text) returns text language plpgsql stable parallel safe as $$
begin
    if aggregation.is_null(v) then
        return null;
    end if;
    if jsonb_typeof(v) <> 'string' then
        perform aggregation.refuse(operator || ' needs a string, not ' || aggregation.type_name(v));
    end if;
    return v #>> '{}';
end $$;

-- A number or date as text where an operator reads any scalar so.
create function aggregation.scalar_text(v jsonb, operator text) returns text language plpgsql stable parallel safe as $$
begin
    return case aggregation.rank(v)
        when 0 then '' when 1 then ''
        when 2 then aggregation.as_number(v)::text
        when 3 then v #>> '{}'
        when 9 then to_char(aggregation.as_instant(v, operator) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
        else aggregation.refuse(operator || ' needs a string, not ' || aggregation.type_name(v)) #>> '{}' end;
end $$;

create function aggregation.need_array(v jsonb, operator text) returns jsonb language plpgsql stable parallel safe as $$
begin
    if aggregation.is_null(v) then
        return null;
    end if;
    if jsonb_typeof(v) <> 'array' then
        perform aggregation.refuse(operator || ' needs an array, not ' || aggregation.type_name(v));
    end if;
    return v;
end $$;

create function aggregation.need_object(v jsonb, operator text) returns jsonb language plpgsql stable parallel safe as $$
begin
    if jsonb_typeof(v) is distinct from 'object' or aggregation.rank(v) <> 4 then
        perform aggregation.refuse(operator || ' needs an object, not ' || aggregation.type_name(v));
    end if;
    return v;
end $$;

create function aggregation.null_or(v jsonb) returns jsonb language sql stable parallel safe as $$ select coalesce(v, 'null') $$;

-- Numbers.

create function aggregation.add(vals jsonb[]) returns jsonb language plpgsql stable parallel safe as $$
declare
    e jsonb;
    total double precision := 0;
    dated boolean := false;
begin
    if aggregation.any_null(vals) then
        return 'null';
    end if;
    foreach e in array vals loop
        if aggregation.rank(e) = 9 then
            if dated then
                perform aggregation.refuse('$add takes one date only');
            end if;
            dated := true;
            total := total + aggregation.milliseconds(e);
        else
            total := total + aggregation.need_number(e, '$add');
        end if;
    end loop;
    return case when dated then jsonb_build_object('$date', round(total)::bigint) else aggregation.number(total) end;
end $$;

create function aggregation.subtract(a jsonb, b jsonb) returns jsonb language plpgsql stable parallel safe as $$
begin
    if aggregation.is_null(a) or aggregation.is_null(b) then
        return 'null';
    end if;
    if aggregation.rank(a) = 9 then
        if aggregation.rank(b) = 9 then
            return to_jsonb(aggregation.milliseconds(a) - aggregation.milliseconds(b));
        end if;
        return jsonb_build_object('$date', aggregation.milliseconds(a) - round(aggregation.need_number(b, '$subtract'))::bigint);
    end if;
    return aggregation.number(aggregation.need_number(a, '$subtract') - aggregation.need_number(b, '$subtract'));
end $$;

create function aggregation.multiply(vals jsonb[]) returns jsonb language plpgsql stable parallel safe as $$
declare
    e jsonb;
    product double precision := 1;
begin
    if aggregation.any_null(vals) then
        return 'null';
    end if;
    foreach e in array vals loop
        product := product * aggregation.need_number(e, '$multiply');
    end loop;
    return aggregation.number(product);
end $$;

create function aggregation.divide(a jsonb, b jsonb) returns jsonb language plpgsql stable parallel safe as $$
declare
    x double precision := aggregation.need_number(a, '$divide');
    y double precision := aggregation.need_number(b, '$divide');
begin
    if y = 0 then
        return aggregation.refuse('$divide by zero');
    end if;
    return coalesce(aggregation.number(x / y), 'null');
end $$;

create function aggregation.mod(a jsonb, b jsonb) returns jsonb language plpgsql stable parallel safe as $$
declare
    x double precision := aggregation.need_number(a, '$mod');
    y double precision := aggregation.need_number(b, '$mod');
begin
    if y = 0 then
        return aggregation.refuse('$mod by zero');
    end if;
    return coalesce(aggregation.number(x - y * trunc(x / y)), 'null');
end $$;

create function aggregation.pow(a jsonb, b jsonb) returns jsonb language sql stable parallel safe as $$
    select coalesce(aggregation.number(power(aggregation.need_number(a, '$pow'), aggregation.need_number(b, '$pow'))), 'null')
$$;

create function aggregation.log(a jsonb, b jsonb) returns jsonb language plpgsql stable parallel safe as $$
declare
    x double precision := aggregation.need_number(a, '$log');
    y double precision := aggregation.need_number(b, '$log');
begin
    if x <= 0 or y <= 0 or y = 1 then
        return aggregation.refuse('$log needs positive numbers and a base other than 1');
    end if;
    return coalesce(aggregation.number(ln(x) / ln(y)), 'null');
end $$;

create function aggregation.unary(operator text, v jsonb) returns jsonb language plpgsql stable parallel safe as $$
declare
    x double precision := aggregation.need_number(v, operator);
begin
    if x is null then
        return 'null';
    end if;
    if (operator = '$sqrt' and x < 0) or (operator in ('$ln', '$log10') and x <= 0) then
        return aggregation.refuse(operator || ' of a number that is too small');
    end if;
    return aggregation.number(case operator
        when '$abs' then abs(x) when '$ceil' then ceil(x) when '$floor' then floor(x) when '$sqrt' then sqrt(x)
        when '$exp' then exp(x) when '$ln' then ln(x) else log(x) end);
end $$;

-- To so many digits after the point (negative: before it), ties to even.
create function aggregation.round(v jsonb, place jsonb) returns jsonb language plpgsql stable parallel safe as $$
declare
    x double precision := aggregation.need_number(v, '$round');
    n int := case when place is null then 0 else aggregation.need_number(place, '$round')::int end;
    scaled numeric;
begin
    if x is null or n is null then
        return 'null';
    end if;
    if n < -20 or n > 100 then
        return aggregation.refuse('$round needs a place between -20 and 100');
    end if;
    if n = 0 then
        return aggregation.number(round(x));
    end if;
    scaled := x::numeric * power(10::numeric, n);
    scaled := case when abs(scaled - trunc(scaled)) = 0.5 then 2 * round(scaled / 2) else round(scaled) end;
    return aggregation.number((scaled / power(10::numeric, n))::double precision);
end $$;

create function aggregation.trunc(v jsonb, place jsonb) returns jsonb language plpgsql stable parallel safe as $$
declare
    x double precision := aggregation.need_number(v, '$trunc');
    n int := case when place is null then 0 else aggregation.need_number(place, '$trunc')::int end;
begin
    if x is null or n is null then
        return 'null';
    end if;
    if n < -20 or n > 100 then
        return aggregation.refuse('$trunc needs a place between -20 and 100');
    end if;
    return aggregation.number(trunc(x::numeric, n)::double precision);
end $$;

-- The accumulators as operators: over their arguments, or over the elements of one that is an array.
create function aggregation.accumulate(operator text, vals jsonb[]) returns jsonb language plpgsql stable parallel safe as $$
declare
    all_values jsonb[] := vals;
    result jsonb;
begin
    if cardinality(vals) = 1 and jsonb_typeof(vals[1]) = 'array' then
        all_values := array(select jsonb_array_elements(vals[1]));
    end if;
    select case operator
        when '$sum' then aggregation.number(coalesce(sum(aggregation.as_number(e)), 0))
        when '$avg' then aggregation.number(avg(aggregation.as_number(e)))
        when '$min' then aggregation.min(e)
        when '$max' then aggregation.max(e)
        when '$stdDevPop' then aggregation.number(stddev_pop(aggregation.as_number(e)))
        else aggregation.number(stddev_samp(aggregation.as_number(e))) end
    into result from unnest(all_values) as e;
    return coalesce(result, 'null');
end $$;

-- Comparisons and types.

create function aggregation.not_truth(v jsonb) returns boolean language sql stable parallel safe as $$ select not aggregation.truth(v) $$;

create function aggregation.to_bool(v jsonb) returns jsonb language sql stable parallel safe as $$
    select case when aggregation.is_null(v) then 'null' else to_jsonb(aggregation.truth(v)) end
$$;

create function aggregation.to_double(v jsonb, operator text) returns jsonb language plpgsql stable parallel safe as $$
declare
    x double precision;
begin
    case aggregation.rank(v)
        when 0, 1 then return 'null';
        when 2 then x := aggregation.as_number(v);
        when 8 then x := v::boolean::int;
        when 9 then x := aggregation.milliseconds(v);
        when 3 then
            if v #>> '{}' !~ '^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$' then
                return aggregation.refuse(operator || ' met a string that is no number');
            end if;
            x := (v #>> '{}')::double precision;
        else return aggregation.refuse(operator || ' cannot convert ' || aggregation.type_name(v));
    end case;
    if operator in ('$toInt', '$toLong') then
        if aggregation.rank(v) = 3 and v #>> '{}' !~ '^[+-]?[0-9]+$' then
            return aggregation.refuse(operator || ' met a string that is no whole number');
        end if;
        x := trunc(x);
        if x in ('NaN', 'Infinity', '-Infinity') or abs(x) >= (case operator when '$toInt' then 2147483649 else 9223372036854775808 end) then
            return aggregation.refuse(operator || ' met a number that is too large');
        end if;
    end if;
    return aggregation.number(x);
end $$;

create function aggregation.to_text(v jsonb) returns jsonb language plpgsql stable parallel safe as $$
begin
    return case aggregation.rank(v)
        when 0 then 'null'::jsonb when 1 then 'null'::jsonb
        when 8 then to_jsonb(v::text)
        when 4 then aggregation.refuse('$toString cannot convert object')
        when 5 then aggregation.refuse('$toString cannot convert array')
        when 6 then aggregation.refuse('$toString cannot convert binData')
        else to_jsonb(aggregation.scalar_text(v, '$toString')) end;
end $$;

create function aggregation.parse_date(v text, operator text) returns jsonb language plpgsql stable parallel safe as $$
begin
    if v !~ '^\d{4}-\d\d(-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?)?)?\s*(Z|[+-]\d\d:?(\d\d)?)?$' then
        return aggregation.refuse(operator || ' met a string that is no date');
    end if;
    if v ~ '^\d{4}-\d\d$' then
        v := v || '-01';
    end if;
    return aggregation.date(case when v ~ '(Z|[T ].*[+-]\d\d:?(\d\d)?)$' then v::timestamptz else (v || ' UTC')::timestamptz end);
exception when datetime_field_overflow or invalid_datetime_format then
    return aggregation.refuse(operator || ' met a string that is no date');
end $$;

create function aggregation.to_date(v jsonb) returns jsonb language plpgsql stable parallel safe as $$
begin
    case aggregation.rank(v)
        when 0, 1 then return 'null';
        when 9 then return jsonb_build_object('$date', aggregation.milliseconds(v));
        when 2 then return jsonb_build_object('$date', trunc(aggregation.as_number(v))::bigint);
        when 3 then return aggregation.parse_date(v #>> '{}', '$toDate');
        else return aggregation.refuse('$toDate cannot convert ' || aggregation.type_name(v));
    end case;
end $$;

-- Texts.

create function aggregation.concat(vals jsonb[]) returns jsonb language plpgsql stable parallel safe as $$
declare
    e jsonb;
    joined text := '';
begin
    if aggregation.any_null(vals) then
        return 'null';
    end if;
    foreach e in array vals loop
        joined := joined || aggregation.need_text(e, '$concat');
    end loop;
    return to_jsonb(joined);
end $$;

create function aggregation.change_case(operator text, v jsonb) returns jsonb language sql stable parallel safe as $$
    select to_jsonb(case operator when '$toLower' then lower(aggregation.scalar_text(v, operator) collate "C") else upper(aggregation.scalar_text(v, operator) collate "C") end)
$$;

-- Part of a text by characters, or by bytes (which may not split a character).
create function aggregation.substr(v jsonb, start jsonb, length jsonb, bytes boolean) returns jsonb language plpgsql stable parallel safe as $$
declare
    t text := aggregation.scalar_text(v, '$substr');
    s int := aggregation.need_number(start, '$substr')::int;
    n int := aggregation.need_number(length, '$substr')::int;
    b bytea;
begin
    if s is null or n is null then
        return aggregation.refuse('$substr needs a start and a length');
    end if;
    if not bytes then
        if s < 0 then
            return aggregation.refuse('$substrCP needs a start that is not negative');
        end if;
        return to_jsonb(case when n < 0 then substr(t, s + 1) else substr(t, s + 1, n) end);
    end if;
    if s < 0 then
        return '""';
    end if;
    b := convert_to(t, 'UTF8');
    b := case when n < 0 or n > octet_length(b) then substr(b, s + 1) else substr(b, s + 1, n) end;
    return to_jsonb(convert_from(b, 'UTF8'));
exception when character_not_in_repertoire or untranslatable_character then
    return aggregation.refuse('$substr would cut a character in two');
end $$;

create function aggregation.length_of(operator text, v jsonb) returns jsonb language plpgsql stable parallel safe as $$
begin
    if aggregation.is_null(v) then
        return aggregation.refuse(operator || ' needs a string, not ' || aggregation.type_name(v));
    end if;
    return to_jsonb(case operator when '$strLenCP' then char_length(aggregation.need_text(v, operator)) else octet_length(aggregation.need_text(v, operator)) end);
end $$;

create function aggregation.split(v jsonb, separator jsonb) returns jsonb language plpgsql stable parallel safe as $$
declare
    t text := aggregation.need_text(v, '$split');
    s text := aggregation.need_text(separator, '$split');
begin
    if s = '' then
        return aggregation.refuse('$split needs a separator that is not empty');
    end if;
    return case when t is null or s is null then 'null' when t = '' then '[""]' else to_jsonb(string_to_array(t, s)) end;
end $$;

create function aggregation.trim(operator text, v jsonb, chars jsonb) returns jsonb language plpgsql stable parallel safe as $$
declare
    t text := aggregation.need_text(v, operator);
    c text := case when chars is null then E' \t\n\u000b\f\r\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a' else aggregation.need_text(chars, operator) end;
begin
    return coalesce(to_jsonb(case operator when '$trim' then btrim(t, c) when '$ltrim' then ltrim(t, c) else rtrim(t, c) end), 'null');
end $$;

create function aggregation.index_of_text(operator text, v jsonb, sought jsonb, start jsonb, stop jsonb) returns jsonb language plpgsql stable parallel safe as $$
declare
    t text := aggregation.need_text(v, operator);
    x text := aggregation.need_text(sought, operator);
    s int := coalesce(aggregation.need_number(start, operator)::int, 0);
    e int := aggregation.need_number(stop, operator)::int;
    at int;
begin
    if t is null then
        return 'null';
    end if;
    if x is null or s < 0 or e < 0 then
        return aggregation.refuse(operator || ' needs a string and positions that are not negative');
    end if;
    if s > char_length(t) or e < s then
        return '-1';
    end if;
    at := strpos(substr(t, s + 1, coalesce(e, char_length(t)) - s), x);
    if at = 0 then
        return '-1';
    end if;
    return to_jsonb(case operator when '$indexOfCP' then s + at - 1 else octet_length(substr(t, 1, s + at - 1)) end);
end $$;

create function aggregation.replace_text(v jsonb, sought jsonb, replacement jsonb, everywhere boolean) returns jsonb language plpgsql stable parallel safe as $$
declare
    t text := aggregation.need_text(v, '$replaceAll');
    f text := aggregation.need_text(sought, '$replaceAll');
    r text := aggregation.need_text(replacement, '$replaceAll');
begin
    if t is null or f is null or r is null then
        return 'null';
    end if;
    if everywhere then
        return to_jsonb(replace(t, f, r));
    end if;
    return to_jsonb(case when strpos(t, f) = 0 then t else overlay(t placing r from strpos(t, f) for char_length(f)) end);
end $$;

create function aggregation.compare_case(a jsonb, b jsonb) returns jsonb language sql stable parallel safe as $$
    select to_jsonb(case
        when upper(aggregation.scalar_text(a, '$strcasecmp') collate "C") collate "C" < upper(aggregation.scalar_text(b, '$strcasecmp') collate "C") collate "C" then -1
        when upper(aggregation.scalar_text(a, '$strcasecmp') collate "C") = upper(aggregation.scalar_text(b, '$strcasecmp') collate "C") then 0 else 1 end)
$$;

-- Arrays and objects.

create function aggregation.size(v jsonb) returns jsonb language plpgsql stable parallel safe as $$
begin
    if jsonb_typeof(v) is distinct from 'array' then
        return aggregation.refuse('$size needs an array, not ' || aggregation.type_name(v));
    end if;
    return to_jsonb(jsonb_array_length(v));
end $$;

-- Missing when there is no such position.
create function aggregation.element_at(v jsonb, place jsonb, operator text) returns jsonb language plpgsql stable parallel safe as $$
declare
    n double precision := aggregation.need_number(place, operator);
begin
    if aggregation.is_null(v) or n is null then
        return 'null';
    end if;
    if n <> trunc(n) or abs(n) > 2147483647 then
        return aggregation.refuse(operator || ' needs a whole number as position');
    end if;
    return aggregation.need_array(v, operator) -> n::int;
end $$;

create function aggregation.holds(v jsonb, list jsonb) returns boolean language plpgsql stable parallel safe as $$
begin
    if jsonb_typeof(list) is distinct from 'array' then
        perform aggregation.refuse('$in needs an array, not ' || aggregation.type_name(list));
    end if;
    return exists (select from jsonb_array_elements(list) as e where e = v);
end $$;

create function aggregation.concat_arrays(vals jsonb[]) returns jsonb language plpgsql stable parallel safe as $$
declare
    e jsonb;
    joined jsonb := '[]';
begin
    if aggregation.any_null(vals) then
        return 'null';
    end if;
    foreach e in array vals loop
        joined := joined || aggregation.need_array(e, '$concatArrays');
    end loop;
    return joined;
end $$;

create function aggregation.slice(v jsonb, a jsonb, b jsonb) returns jsonb language plpgsql stable parallel safe as $$
declare
    list jsonb := aggregation.need_array(v, '$slice');
    p int := aggregation.need_number(a, '$slice')::int;
    n int := aggregation.need_number(b, '$slice')::int;
    size int := jsonb_array_length(list);
begin
    if list is null or p is null or (b is not null and n is null) then
        return 'null';
    end if;
    if b is null then
        n := abs(p);
        p := case when p < 0 then greatest(size + p, 0) else 0 end;
    else
        if n <= 0 then
            return aggregation.refuse('$slice needs a positive number of elements');
        end if;
        p := case when p < 0 then greatest(size + p, 0) else p end;
    end if;
    return (select coalesce(jsonb_agg(e order by i), '[]') from jsonb_array_elements(list) with ordinality as u(e, i) where i > p and i <= p::bigint + n);
end $$;

create function aggregation.reverse(v jsonb) returns jsonb language sql stable parallel safe as $$
    select case when aggregation.is_null(v) then 'null' else (select coalesce(jsonb_agg(x order by n desc), '[]') from aggregation.elements(v, '$reverseArray')) end
$$;

create function aggregation.index_of(v jsonb, sought jsonb, start jsonb, stop jsonb) returns jsonb language plpgsql stable parallel safe as $$
declare
    list jsonb := aggregation.need_array(v, '$indexOfArray');
    s int := coalesce(aggregation.need_number(start, '$indexOfArray')::int, 0);
    e int := aggregation.need_number(stop, '$indexOfArray')::int;
begin
    if list is null then
        return 'null';
    end if;
    return coalesce((select to_jsonb(n - 1) from jsonb_array_elements(list) with ordinality as u(x, n)
        where x = coalesce(sought, 'null') and n > s and (e is null or n <= e) order by n limit 1), '-1');
end $$;

create function aggregation.range(a jsonb, b jsonb, step jsonb) returns jsonb language plpgsql stable parallel safe as $$
declare
    x int := aggregation.need_number(a, '$range')::int;
    y int := aggregation.need_number(b, '$range')::int;
    s int := case when step is null then 1 else aggregation.need_number(step, '$range')::int end;
begin
    if x is null or y is null or s is null or s = 0 then
        return aggregation.refuse('$range needs whole numbers and a step other than 0');
    end if;
    if abs((y::bigint - x) / s) > 100000 then
        return aggregation.refuse('$range makes too many elements');
    end if;
    return (select coalesce(jsonb_agg(n order by i), '[]') from generate_series(x::bigint, y::bigint - sign(s)::int, s::bigint) with ordinality as g(n, i));
end $$;

create function aggregation.sets(operator text, vals jsonb[]) returns jsonb language plpgsql stable parallel safe as $$
declare
    e jsonb;
    result jsonb;
begin
    if operator in ('$setUnion', '$setIntersection', '$setDifference') and aggregation.any_null(vals) then
        return 'null';
    end if;
    foreach e in array vals loop
        if jsonb_typeof(e) is distinct from 'array' then
            return aggregation.refuse(operator || ' needs arrays, not ' || aggregation.type_name(e));
        end if;
        result := case
            when result is null and operator not in ('$setEquals', '$setIsSubset') then (select coalesce(jsonb_agg(distinct x), '[]') from jsonb_array_elements(e) as x)
            when result is null then e
            when operator = '$setUnion' then (select coalesce(jsonb_agg(distinct x), '[]') from jsonb_array_elements(result || e) as x)
            when operator = '$setIntersection' then (select coalesce(jsonb_agg(x), '[]') from jsonb_array_elements(result) as x where exists (select from jsonb_array_elements(e) as y where x = y))
            when operator = '$setDifference' then (select coalesce(jsonb_agg(x), '[]') from jsonb_array_elements(result) as x where not exists (select from jsonb_array_elements(e) as y where x = y))
            else result end;
        if operator in ('$setEquals', '$setIsSubset') and result is distinct from e then
            if exists (select from jsonb_array_elements(result) as x where not exists (select from jsonb_array_elements(e) as y where x = y))
                or (operator = '$setEquals' and exists (select from jsonb_array_elements(e) as x where not exists (select from jsonb_array_elements(result) as y where x = y))) then
                return 'false';
            end if;
        end if;
    end loop;
    return case when operator in ('$setEquals', '$setIsSubset') then 'true' else coalesce(result, '[]') end;
end $$;

create function aggregation.elements_true(operator text, v jsonb) returns boolean language sql stable parallel safe as $$
    select coalesce(case operator when '$anyElementTrue' then bool_or(aggregation.truth(x)) else bool_and(aggregation.truth(x)) end, operator <> '$anyElementTrue')
    from aggregation.elements(case when aggregation.is_null(v) then aggregation.refuse(operator || ' needs an array, not null') else v end, operator)
$$;

create function aggregation.array_to_object(v jsonb) returns jsonb language plpgsql stable parallel safe as $$
begin
    if aggregation.is_null(v) then
        return 'null';
    end if;
    return (select coalesce(jsonb_object_agg(
            aggregation.need_text(aggregation.null_or(case when jsonb_typeof(x) = 'array' then x -> 0 else x -> 'k' end), '$arrayToObject'),
            coalesce(case when jsonb_typeof(x) = 'array' then x -> 1 else x -> 'v' end, 'null') order by n), '{}')
        from aggregation.elements(v, '$arrayToObject'));
end $$;

create function aggregation.object_to_array(v jsonb) returns jsonb language plpgsql stable parallel safe as $$
begin
    if aggregation.is_null(v) then
        return 'null';
    end if;
    return (select coalesce(jsonb_agg(jsonb_build_object('k', key, 'v', value)), '[]') from jsonb_each(aggregation.need_object(v, '$objectToArray')));
end $$;

create function aggregation.merge_objects(vals jsonb[]) returns jsonb language plpgsql stable parallel safe as $$
declare
    e jsonb;
    merged jsonb := '{}';
begin
    foreach e in array vals loop
        if not aggregation.is_null(e) then
            merged := merged || aggregation.need_object(e, '$mergeObjects');
        end if;
    end loop;
    return merged;
end $$;

create function aggregation.sort_array(v jsonb, keys jsonb) returns jsonb language plpgsql stable parallel safe as $$
declare
    key record;
    list jsonb := aggregation.need_array(v, '$sortArray');
begin
    if list is null then
        return 'null';
    end if;
    if jsonb_typeof(keys) = 'number' then
        if keys = '1' then
            return (select coalesce(jsonb_agg(e order by aggregation.order_key_of(e)), '[]') from jsonb_array_elements(list) as e);
        end if;
        return (select coalesce(jsonb_agg(e order by aggregation.order_key_of(e) desc), '[]') from jsonb_array_elements(list) as e);
    end if;
    -- The last key first: each sort keeps the order of the one before among equals. keys: [[["a","b"], 1], …]
    for key in select array(select jsonb_array_elements_text(k -> 0)) as steps, k -> 1 = '-1' as descending from jsonb_array_elements(keys) with ordinality as u(k, n) order by n desc loop
        if key.descending then
            list := (select coalesce(jsonb_agg(e order by aggregation.order_key(aggregation.get(e, key.steps), true) desc, n), '[]') from jsonb_array_elements(list) with ordinality as u(e, n));
        else
            list := (select coalesce(jsonb_agg(e order by aggregation.order_key(aggregation.get(e, key.steps), false), n), '[]') from jsonb_array_elements(list) with ordinality as u(e, n));
        end if;
    end loop;
    return list;
end $$;

-- Dates.

-- Local time at a place: a name of the time zone database, or an offset like +05:30.
create function aggregation.local(x timestamptz, zone jsonb) returns timestamp language plpgsql stable parallel safe as $$
declare
    z text := case when zone is null then 'UTC' else aggregation.need_text(zone, 'timezone') end;
begin
    if z ~ '^[+-]\d\d(:?\d\d)?$' then
        return x at time zone 'UTC' + (case when z ~ '^-' then -1 else 1 end) * make_interval(hours => substr(z, 2, 2)::int, mins => coalesce(nullif(right(replace(substr(z, 4), ':', ''), 2), ''), '0')::int);
    end if;
    return x at time zone z;
exception when invalid_parameter_value then
    perform aggregation.refuse('timezone is not known');
    return null;
end $$;

-- The instant of a local time.
create function aggregation.instant(x timestamp, zone jsonb) returns timestamptz language plpgsql stable parallel safe as $$
declare
    z text := case when zone is null then 'UTC' else aggregation.need_text(zone, 'timezone') end;
begin
    if z ~ '^[+-]\d\d(:?\d\d)?$' then
        return (x - (case when z ~ '^-' then -1 else 1 end) * make_interval(hours => substr(z, 2, 2)::int, mins => coalesce(nullif(right(replace(substr(z, 4), ':', ''), 2), ''), '0')::int)) at time zone 'UTC';
    end if;
    return x at time zone z;
exception when invalid_parameter_value then
    perform aggregation.refuse('timezone is not known');
    return null;
end $$;

create function aggregation.date_part(part text, x timestamp) returns double precision language sql stable parallel safe as $$
    select floor(case part
        when '$year' then extract(year from x) when '$month' then extract(month from x) when '$dayOfMonth' then extract(day from x)
        when '$dayOfWeek' then extract(dow from x) + 1 when '$dayOfYear' then extract(doy from x)
        when '$hour' then extract(hour from x) when '$minute' then extract(minute from x) when '$second' then extract(second from x)
        when '$millisecond' then extract(milliseconds from x)::int % 1000
        when '$week' then floor((extract(doy from x) + 6 - extract(dow from x)) / 7)
        when '$isoWeek' then extract(week from x) when '$isoWeekYear' then extract(isoyear from x) else extract(isodow from x) end)::double precision
$$;

create function aggregation.date_to_text(x timestamptz, format jsonb, zone jsonb, otherwise jsonb) returns jsonb language plpgsql stable parallel safe as $$
declare
    f text := case when format is null then '%Y-%m-%dT%H:%M:%S.%LZ' else aggregation.need_text(format, '$dateToString') end;
    t timestamp := aggregation.local(x, zone);
    minutes int;
    c text;
    result text := '';
    i int := 1;
begin
    if x is null then
        return coalesce(otherwise, 'null');
    end if;
    if f is null or t is null then
        return 'null';
    end if;
    minutes := round(extract(epoch from t - (x at time zone 'UTC')) / 60);
    while i <= char_length(f) loop
        c := substr(f, i, 1);
        i := i + 1;
        if c <> '%' then
            result := result || c;
            continue;
        end if;
        c := substr(f, i, 1);
        i := i + 1;
        result := result || case c
            when 'Y' then to_char(t, 'YYYY') when 'm' then to_char(t, 'MM') when 'd' then to_char(t, 'DD') when 'H' then to_char(t, 'HH24')
            when 'M' then to_char(t, 'MI') when 'S' then to_char(t, 'SS') when 'L' then to_char(t, 'MS') when 'j' then to_char(t, 'DDD')
            when 'b' then to_char(t, 'Mon') when 'B' then to_char(t, 'FMMonth')
            when 'w' then (extract(dow from t) + 1)::text when 'u' then extract(isodow from t)::text
            when 'U' then lpad(aggregation.date_part('$week', t)::text, 2, '0') when 'V' then to_char(t, 'IW') when 'G' then to_char(t, 'IYYY')
            when 'z' then (case when minutes < 0 then '-' else '+' end) || lpad((abs(minutes) / 60)::text, 2, '0') || lpad((abs(minutes) % 60)::text, 2, '0')
            when 'Z' then minutes::text when '%' then '%'
            else aggregation.refuse('$dateToString has an unknown format character') #>> '{}' end;
    end loop;
    return to_jsonb(result);
end $$;

create function aggregation.date_from_text(v jsonb, zone jsonb, on_error jsonb, on_null jsonb) returns jsonb language plpgsql stable parallel safe as $$
begin
    if aggregation.is_null(v) then
        return coalesce(on_null, 'null');
    end if;
    if zone is not null and v #>> '{}' !~ '(Z|[T ].*[+-]\d\d:?(\d\d)?)$' then
        return aggregation.date(aggregation.instant(to_timestamp((aggregation.parse_date(aggregation.need_text(v, '$dateFromString'), '$dateFromString') ->> '$date')::double precision / 1000) at time zone 'UTC', zone));
    end if;
    return aggregation.parse_date(aggregation.need_text(v, '$dateFromString'), '$dateFromString');
exception when sqlstate 'B0A01' then
    if on_error is null then
        raise;
    end if;
    return on_error;
end $$;

create function aggregation.date_from_parts(year jsonb, month jsonb, day jsonb, hour jsonb, minute jsonb, second jsonb, millisecond jsonb, zone jsonb) returns jsonb
language plpgsql stable parallel safe as $$
declare
    p double precision[] := array[
        aggregation.need_number(year, '$dateFromParts'),
        case when month is null then 1 else aggregation.need_number(month, '$dateFromParts') end, case when day is null then 1 else aggregation.need_number(day, '$dateFromParts') end,
        case when hour is null then 0 else aggregation.need_number(hour, '$dateFromParts') end, case when minute is null then 0 else aggregation.need_number(minute, '$dateFromParts') end,
        case when second is null then 0 else aggregation.need_number(second, '$dateFromParts') end, case when millisecond is null then 0 else aggregation.need_number(millisecond, '$dateFromParts') end];
begin
    if array_position(p, null) is not null then
        return 'null';
    end if;
    if p[1] not between 1 and 9999 or greatest(abs(p[2]), abs(p[3]), abs(p[4]), abs(p[5]), abs(p[6]), abs(p[7])) > 32768 then
        return aggregation.refuse('$dateFromParts has a part that is out of range');
    end if;
    return aggregation.date(aggregation.instant(make_date(p[1]::int, 1, 1) + make_interval(months => p[2]::int - 1) + make_interval(days => p[3]::int - 1, hours => p[4]::int, mins => p[5]::int, secs => p[6] + p[7] / 1000), zone));
end $$;

create function aggregation.unit(v jsonb, operator text) returns text language plpgsql stable parallel safe as $$
declare
    u text := aggregation.need_text(v, operator);
begin
    if u is null or u not in ('year', 'quarter', 'month', 'week', 'day', 'hour', 'minute', 'second', 'millisecond') then
        perform aggregation.refuse(operator || ' needs a unit of time');
    end if;
    return u;
end $$;

create function aggregation.date_add(x timestamptz, unit jsonb, amount jsonb, zone jsonb, direction int) returns jsonb language plpgsql stable parallel safe as $$
declare
    u text := aggregation.unit(unit, '$dateAdd');
    n double precision := aggregation.need_number(amount, '$dateAdd') * direction;
begin
    if x is null or n is null then
        return 'null';
    end if;
    if n <> trunc(n) or abs(n) > 1e9 then
        return aggregation.refuse('$dateAdd needs a whole number as amount');
    end if;
    if u in ('hour', 'minute', 'second', 'millisecond') then
        return aggregation.date(x + n * case u when 'hour' then interval '1 hour' when 'minute' then interval '1 minute' when 'second' then interval '1 second' else interval '1 millisecond' end);
    end if;
    return aggregation.date(aggregation.instant(aggregation.local(x, zone) + case u
        when 'year' then make_interval(years => n::int) when 'quarter' then make_interval(months => 3 * n::int) when 'month' then make_interval(months => n::int)
        when 'week' then make_interval(weeks => n::int) else make_interval(days => n::int) end, zone));
end $$;

create function aggregation.date_trunc(x timestamptz, unit jsonb, zone jsonb, start_of_week jsonb) returns jsonb language plpgsql stable parallel safe as $$
declare
    u text := aggregation.unit(unit, '$dateTrunc');
    t timestamp := aggregation.local(x, zone);
    first int;
begin
    if x is null then
        return 'null';
    end if;
    if u = 'week' then
        first := coalesce(array_position(array['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'], lower(left(coalesce(aggregation.need_text(start_of_week, '$dateTrunc'), 'sun'), 3))), 7);
        return aggregation.date(aggregation.instant(date_trunc('day', t) - make_interval(days => ((extract(isodow from t)::int - first) + 7) % 7), zone));
    end if;
    return aggregation.date(aggregation.instant(date_trunc(case u when 'millisecond' then 'milliseconds' else u end, t), zone));
end $$;

-- How many boundaries of the unit lie between two instants.
create function aggregation.date_diff(a timestamptz, b timestamptz, unit jsonb, zone jsonb) returns jsonb language plpgsql stable parallel safe as $$
declare
    u text := aggregation.unit(unit, '$dateDiff');
    x timestamp := aggregation.local(a, zone);
    y timestamp := aggregation.local(b, zone);
begin
    if a is null or b is null then
        return 'null';
    end if;
    return to_jsonb(case u
        when 'year' then extract(year from y) - extract(year from x)
        when 'quarter' then (extract(year from y) - extract(year from x)) * 4 + extract(quarter from y) - extract(quarter from x)
        when 'month' then (extract(year from y) - extract(year from x)) * 12 + extract(month from y) - extract(month from x)
        when 'week' then ((y::date - extract(dow from y)::int) - (x::date - extract(dow from x)::int)) / 7
        when 'day' then y::date - x::date
        else floor(extract(epoch from date_trunc(case u when 'millisecond' then 'milliseconds' else u end, y) - date_trunc(case u when 'millisecond' then 'milliseconds' else u end, x))
            / case u when 'hour' then 3600 when 'minute' then 60 when 'second' then 1 else 0.001 end) end::bigint);
end $$;
