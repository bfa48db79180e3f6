-- More operators of expressions, and some of 0096 as MongoDB has them.

-- A number as text as MongoDB prints it: whole numbers in full up to sixteen digits.
create or replace function aggregation.scalar_text(v jsonb, operator text) returns text language plpgsql stable parallel safe as $$
declare
    x double precision;
begin
    case aggregation.rank(v)
        when 0, 1 then return '';
        when 2 then
            x := aggregation.as_number(v);
            return case when abs(x) < 1e16 and x = trunc(x) then x::text::numeric::text else x::text end;
        when 3 then return v #>> '{}';
        when 9 then return to_char(aggregation.as_instant(v, operator) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');
        else return aggregation.refuse(operator || ' needs a string, not ' || aggregation.type_name(v)) #>> '{}';
    end case;
end $$;

create or replace function aggregation.type_name(v jsonb) returns text language sql immutable parallel safe as $$
    select case aggregation.rank(v)
        when 0 then 'missing' when 1 then 'null'
        when 2 then case when jsonb_typeof(v) = 'number' and v = to_jsonb(trunc(v::text::numeric)) and v::text::numeric between -2147483648 and 2147483647 then 'int' else 'double' end
        when 3 then 'string' when 4 then 'object' when 5 then 'array' when 6 then 'binData' when 8 then 'bool' else 'date' end
$$;

-- A number in decimal: whole numbers to the last digit, others as far as a double's digits are sure, so that 2.345 is a tie.
create function aggregation.decimal(x double precision) returns numeric language sql immutable parallel safe as $$
    select case when x = trunc(x) then x::text::numeric else x::numeric end
$$;

create or replace function aggregation.round(v jsonb, place jsonb) returns jsonb language plpgsql stable parallel safe as $$
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
    if n = 0 or x in ('NaN', 'Infinity', '-Infinity') then
        return aggregation.number(round(x));
    end if;
    scaled := aggregation.decimal(x) * power(10::numeric, n);
    scaled := case when abs(scaled - trunc(scaled)) = 0.5 then 2 * round(scaled / 2) else round(scaled) end;
    return aggregation.number((scaled / power(10::numeric, n))::double precision);
end $$;

create or replace function aggregation.trunc(v jsonb, place jsonb) returns jsonb language plpgsql stable parallel safe as $$
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
    return aggregation.number(case when n = 0 or x in ('NaN', 'Infinity', '-Infinity') then trunc(x) else trunc(aggregation.decimal(x), n)::double precision end);
end $$;

create function aggregation.trigonometry(operator text, v jsonb) returns jsonb language plpgsql stable parallel safe as $$
declare
    x double precision := aggregation.need_number(v, operator);
begin
    if x is null then
        return 'null';
    end if;
    if (operator in ('$asin', '$acos') and abs(x) > 1) or (operator = '$atanh' and abs(x) > 1) or (operator = '$acosh' and x < 1) or (operator in ('$sin', '$cos', '$tan') and x in ('Infinity', '-Infinity')) then
        return aggregation.refuse(operator || ' of a number that is out of its range');
    end if;
    return aggregation.number(case operator
        when '$sin' then sin(x) when '$cos' then cos(x) when '$tan' then tan(x) when '$asin' then asin(x) when '$acos' then acos(x) when '$atan' then atan(x)
        when '$sinh' then sinh(x) when '$cosh' then cosh(x) when '$tanh' then tanh(x) when '$asinh' then asinh(x) when '$acosh' then acosh(x)
        when '$atanh' then case when abs(x) = 1 then x * 'Infinity'::double precision else atanh(x) end
        when '$degreesToRadians' then radians(x) else degrees(x) end);
end $$;

create function aggregation.atan2(a jsonb, b jsonb) returns jsonb language sql stable parallel safe as $$
    select coalesce(aggregation.number(atan2(aggregation.need_number(a, '$atan2'), aggregation.need_number(b, '$atan2'))), 'null')
$$;

-- Types.

create function aggregation.convert(v jsonb, type jsonb, on_error jsonb, on_null jsonb) returns jsonb language plpgsql stable parallel safe as $$
declare
    wanted text := case when aggregation.rank(type) = 2 then case aggregation.as_number(type)
        when 1 then 'double' when 2 then 'string' when 8 then 'bool' when 9 then 'date' when 16 then 'int' when 18 then 'long' when 19 then 'decimal' else '' end
        else aggregation.need_text(type, '$convert') end;
begin
    if aggregation.is_null(v) then
        return coalesce(on_null, 'null');
    end if;
    if wanted is null then
        return 'null';
    end if;
    if wanted not in ('double', 'string', 'bool', 'date', 'int', 'long', 'decimal') then
        return aggregation.refuse('$convert cannot convert to this type');
    end if;
    begin
        return case wanted
            when 'string' then aggregation.to_text(v) when 'bool' then aggregation.to_bool(v) when 'date' then aggregation.to_date(v)
            when 'int' then aggregation.to_double(v, '$toInt') when 'long' then aggregation.to_double(v, '$toLong') else aggregation.to_double(v, '$toDouble') end;
    exception when sqlstate 'B0A01' then
        if on_error is null then
            raise;
        end if;
        return on_error;
    end;
end $$;

-- Texts.

-- What a pattern matches: {match, idx, captures}, the first or all. groups: how many groups the pattern has.
create function aggregation.regex_find(v jsonb, pattern text, ignore_case boolean, groups int, everywhere boolean) returns jsonb language plpgsql stable parallel safe as $$
declare
    t text := aggregation.need_text(v, case when everywhere then '$regexFindAll' else '$regexFind' end);
    flags text := case when ignore_case then 'i' else '' end;
    found jsonb := '[]';
    at int;
    whole text;
    parts text[];
begin
    for n in 1 .. coalesce(char_length(t), -1) + 1 loop
        -- An expression has one collation: that of letters of all languages, or of characters as they are.
        if ignore_case then
            at := regexp_instr(t collate "und-x-icu", pattern, 1, n, 0, flags);
            exit when at = 0;
            whole := regexp_substr(t collate "und-x-icu", pattern, 1, n, flags, 0);
            parts := array(select regexp_substr(t collate "und-x-icu", pattern, 1, n, flags, g) from generate_series(1, groups) as g order by g);
        else
            at := regexp_instr(t collate "C", pattern, 1, n, 0, flags);
            exit when at = 0;
            whole := regexp_substr(t collate "C", pattern, 1, n, flags, 0);
            parts := array(select regexp_substr(t collate "C", pattern, 1, n, flags, g) from generate_series(1, groups) as g order by g);
        end if;
        found := found || jsonb_build_object('match', whole, 'idx', at - 1, 'captures', to_jsonb(parts));
        exit when not everywhere;
    end loop;
    return case when everywhere then found else coalesce(found -> 0, 'null') end;
end $$;

-- Arrays and objects.

create function aggregation.zip(inputs jsonb, longest jsonb, defaults jsonb) returns jsonb language plpgsql stable parallel safe as $$
declare
    lists jsonb[];
    size int;
begin
    if jsonb_typeof(inputs) is distinct from 'array' or inputs = '[]' then
        return aggregation.refuse('$zip needs an array of arrays as inputs');
    end if;
    if defaults is not null and (jsonb_typeof(defaults) <> 'array' or not aggregation.truth(longest) or jsonb_array_length(defaults) <> jsonb_array_length(inputs)) then
        return aggregation.refuse('$zip needs useLongestLength and as many defaults as inputs');
    end if;
    lists := array(select x from jsonb_array_elements(inputs) with ordinality as u(x, n) order by n);
    if aggregation.any_null(lists) then
        return 'null';
    end if;
    select case when aggregation.truth(longest) then max(s) else min(s) end into size from (select jsonb_array_length(aggregation.need_array(l, '$zip')) as s from unnest(lists) as l) as sizes;
    return (select coalesce(jsonb_agg((select jsonb_agg(coalesce(l -> i, defaults -> (n - 1)::int, 'null') order by n) from unnest(lists) with ordinality as u(l, n)) order by i), '[]')
        from generate_series(0, size - 1) as i);
end $$;

-- Missing as value takes the field away.
create function aggregation.set_field(v jsonb, field jsonb, value jsonb) returns jsonb language plpgsql stable parallel safe as $$
begin
    if aggregation.is_null(v) then
        return 'null';
    end if;
    return case when value is null then aggregation.need_object(v, '$setField') - aggregation.need_text(field, '$setField')
        else aggregation.need_object(v, '$setField') || jsonb_build_object(aggregation.need_text(field, '$setField'), value) end;
end $$;

-- The first or last elements, or the greatest or smallest without null.
create function aggregation.some_of(operator text, v jsonb, n jsonb) returns jsonb language plpgsql stable parallel safe as $$
declare
    list jsonb;
    k double precision := aggregation.need_number(n, operator);
begin
    if k is null or k < 1 or k <> trunc(k) then
        return aggregation.refuse(operator || ' needs a whole number from 1 as n');
    end if;
    if aggregation.is_null(v) then
        return aggregation.refuse(operator || ' needs an array, not ' || aggregation.type_name(v));
    end if;
    list := aggregation.need_array(v, operator);
    return (select coalesce(jsonb_agg(e order by place), '[]') from (
        select e, row_number() over (order by
            case when operator = '$firstN' then i when operator = '$lastN' then -i end,
            case when operator = '$minN' then aggregation.order_key_of(e) end,
            case when operator = '$maxN' then aggregation.order_key_of(e) end desc, i) as rank,
            case when operator = '$lastN' then i end as later, i
        from jsonb_array_elements(list) with ordinality as u(e, i) where operator in ('$firstN', '$lastN') or e <> 'null') as ranked
        cross join lateral (select coalesce(later, rank) as place) as p where rank <= k);
end $$;

-- Dates.

-- A name of the time zone database or an offset. PostgreSQL also takes POSIX forms like UTC+5, where the sign means the opposite.
create function aggregation.zone_name(z text) returns text language plpgsql immutable parallel safe as $$
begin
    if z !~ '^[A-Za-z_]+(/[A-Za-z0-9_+-]+)*$' and z not in ('EST5EDT', 'CST6CDT', 'MST7MDT', 'PST8PDT') then
        perform aggregation.refuse('timezone is not known');
    end if;
    return z;
end $$;

create or replace function aggregation.local(x timestamptz, zone jsonb) returns timestamp language plpgsql stable parallel safe as $$
declare
    z text := case when zone is null then 'UTC' else aggregation.need_text(zone, 'timezone') end;
begin
    if z ~ '^[+-]\d\d(:?\d\d)?$' then
        return x at time zone 'UTC' + (case when z ~ '^-' then -1 else 1 end) * make_interval(hours => substr(z, 2, 2)::int, mins => coalesce(nullif(right(replace(substr(z, 4), ':', ''), 2), ''), '0')::int);
    end if;
    return x at time zone aggregation.zone_name(z);
exception when invalid_parameter_value then
    perform aggregation.refuse('timezone is not known');
    return null;
end $$;

create or replace function aggregation.instant(x timestamp, zone jsonb) returns timestamptz language plpgsql stable parallel safe as $$
declare
    z text := case when zone is null then 'UTC' else aggregation.need_text(zone, 'timezone') end;
begin
    if z ~ '^[+-]\d\d(:?\d\d)?$' then
        return (x - (case when z ~ '^-' then -1 else 1 end) * make_interval(hours => substr(z, 2, 2)::int, mins => coalesce(nullif(right(replace(substr(z, 4), ':', ''), 2), ''), '0')::int)) at time zone 'UTC';
    end if;
    return x at time zone aggregation.zone_name(z);
exception when invalid_parameter_value then
    perform aggregation.refuse('timezone is not known');
    return null;
end $$;

create function aggregation.date_to_parts(x timestamptz, zone jsonb, iso jsonb) returns jsonb language plpgsql stable parallel safe as $$
declare
    t timestamp := aggregation.local(x, zone);
    parts jsonb;
begin
    if t is null then
        return 'null';
    end if;
    parts := jsonb_build_object('hour', aggregation.date_part('$hour', t), 'minute', aggregation.date_part('$minute', t), 'second', aggregation.date_part('$second', t),
        'millisecond', aggregation.date_part('$millisecond', t));
    return parts || case when aggregation.truth(iso)
        then jsonb_build_object('isoWeekYear', aggregation.date_part('$isoWeekYear', t), 'isoWeek', aggregation.date_part('$isoWeek', t), 'isoDayOfWeek', aggregation.date_part('$isoDayOfWeek', t))
        else jsonb_build_object('year', aggregation.date_part('$year', t), 'month', aggregation.date_part('$month', t), 'day', aggregation.date_part('$dayOfMonth', t)) end;
end $$;

-- A text of a given form. The form becomes a regular expression with a group for each part.
create function aggregation.parse_date_as(v text, format text, zone jsonb) returns jsonb language plpgsql stable parallel safe as $$
declare
    pattern text := '^';
    parts text[] := '{}';
    found text[];
    c text;
    i int := 1;
    year int; month int := 1; day int := 1; hour int := 0; minute int := 0; second int := 0; millisecond int := 0; days int;
    offset_minutes int;
begin
    while i <= char_length(format) loop
        c := substr(format, i, 1);
        i := i + 1;
        if c <> '%' then
            pattern := pattern || case when c ~ '[A-Za-z0-9 ]' then c else '\' || c end;
            continue;
        end if;
        c := substr(format, i, 1);
        i := i + 1;
        if c = '%' then
            pattern := pattern || '%';
            continue;
        end if;
        pattern := pattern || coalesce(case c when 'Y' then '(\d{4})' when 'm' then '(\d{1,2})' when 'd' then '(\d{1,2})' when 'H' then '(\d{1,2})' when 'M' then '(\d{1,2})' when 'S' then '(\d{1,2})'
            when 'L' then '(\d{1,3})' when 'j' then '(\d{1,3})' when 'z' then '(Z|[+-]\d\d:?(?:\d\d)?)' when 'Z' then '([+-]?\d{1,4})' when 'b' then '([A-Za-z]{3})' when 'B' then '([A-Za-z]{3,9})' end,
            aggregation.refuse('$dateFromString has an unknown format character') #>> '{}');
        parts := parts || c;
    end loop;
    found := regexp_match(v, pattern || '$');
    if found is null or not 'Y' = any(parts) then
        return aggregation.refuse('$dateFromString met a string that is not of its format');
    end if;
    for n in 1 .. cardinality(parts) loop
        case parts[n]
            when 'Y' then year := found[n]; when 'm' then month := found[n]; when 'd' then day := found[n]; when 'H' then hour := found[n]; when 'M' then minute := found[n];
            when 'S' then second := found[n]; when 'L' then millisecond := rpad(found[n], 3, '0'); when 'j' then days := found[n]; when 'Z' then offset_minutes := found[n];
            when 'z' then offset_minutes := case when found[n] = 'Z' then 0
                else (case when found[n] ~ '^-' then -1 else 1 end) * (substr(found[n], 2, 2)::int * 60 + coalesce(nullif(replace(substr(found[n], 4), ':', ''), ''), '0')::int) end;
            else month := array_position(array['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'], lower(left(found[n], 3)));
        end case;
    end loop;
    if month is null then
        return aggregation.refuse('$dateFromString met a string that is not of its format');
    end if;
    if days is not null then
        month := 1;
        day := 1;
    end if;
    return aggregation.date(case when offset_minutes is null
        then aggregation.instant(make_timestamp(year, month, day, hour, minute, second + millisecond / 1000.0) + make_interval(days => coalesce(days, 1) - 1), zone)
        else (make_timestamp(year, month, day, hour, minute, second + millisecond / 1000.0) + make_interval(days => coalesce(days, 1) - 1, mins => -offset_minutes)) at time zone 'UTC' end);
exception when datetime_field_overflow or invalid_datetime_format then
    return aggregation.refuse('$dateFromString met a string that is no date');
end $$;

create function aggregation.date_from_text(v jsonb, zone jsonb, on_error jsonb, on_null jsonb, format jsonb) returns jsonb language plpgsql stable parallel safe as $$
begin
    if aggregation.is_null(v) then
        return coalesce(on_null, 'null');
    end if;
    if format is null then
        return aggregation.date_from_text(v, zone, on_error, on_null);
    end if;
    if aggregation.is_null(format) or (zone is not null and aggregation.is_null(zone)) then
        return 'null';
    end if;
    return aggregation.parse_date_as(aggregation.need_text(v, '$dateFromString'), aggregation.need_text(format, '$dateFromString'), zone);
exception when sqlstate 'B0A01' then
    if on_error is null then
        raise;
    end if;
    return on_error;
end $$;

-- In bins of so many units, counted from the first instant of the year 2000 at the place.
create function aggregation.date_trunc(x timestamptz, unit jsonb, zone jsonb, start_of_week jsonb, size jsonb) returns jsonb language plpgsql stable parallel safe as $$
declare
    u text := aggregation.unit(unit, '$dateTrunc');
    n double precision := case when size is null then 1 else aggregation.need_number(size, '$dateTrunc') end;
    t timestamp := aggregation.local(x, zone);
    months int;
    seconds double precision;
    origin timestamptz;
begin
    if x is null or t is null or n is null then
        return 'null';
    end if;
    if n = 1 then
        return aggregation.date_trunc(x, unit, zone, start_of_week);
    end if;
    if n < 1 or n <> trunc(n) or n > 1e9 or u = 'week' then
        return aggregation.refuse('$dateTrunc needs a whole number from 1 as binSize, and 1 for weeks');
    end if;
    if u in ('year', 'quarter', 'month') then
        n := n * case u when 'year' then 12 when 'quarter' then 3 else 1 end;
        months := (extract(year from t)::int - 2000) * 12 + extract(month from t)::int - 1;
        return aggregation.date(aggregation.instant(timestamp '2000-01-01' + make_interval(months => (floor(months / n) * n)::int), zone));
    end if;
    if u = 'day' then
        return aggregation.date(aggregation.instant(timestamp '2000-01-01' + make_interval(days => (floor((t::date - date '2000-01-01') / n) * n)::int), zone));
    end if;
    origin := aggregation.instant(timestamp '2000-01-01', zone);
    seconds := n * case u when 'hour' then 3600 when 'minute' then 60 when 'second' then 1 else 0.001 end;
    return aggregation.date(origin + make_interval(secs => floor(round(extract(epoch from x - origin)::numeric, 3) / seconds::numeric) * seconds));
end $$;

-- How many boundaries of the unit lie between two instants. Hours and less pass alike whatever the clocks do; a place counts only by its part of an hour.
create function aggregation.date_diff(a timestamptz, b timestamptz, unit jsonb, zone jsonb, start_of_week jsonb) returns jsonb language plpgsql stable parallel safe as $$
declare
    u text := aggregation.unit(unit, '$dateDiff');
    x timestamp := aggregation.local(a, zone);
    y timestamp := aggregation.local(b, zone);
    size numeric;
    first int;
begin
    if x is null or y is null then
        return 'null';
    end if;
    if u in ('hour', 'minute', 'second', 'millisecond') then
        size := case u when 'hour' then 3600 when 'minute' then 60 when 'second' then 1 else 0.001 end;
        return to_jsonb((floor((extract(epoch from b) + mod(extract(epoch from y - (b at time zone 'UTC')), 3600)) / size)
            - floor((extract(epoch from a) + mod(extract(epoch from x - (a at time zone 'UTC')), 3600)) / size))::bigint);
    end if;
    if u = 'week' then
        first := coalesce(array_position(array['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'], lower(left(coalesce(aggregation.need_text(start_of_week, '$dateDiff'), 'sun'), 3))), 7);
        return to_jsonb(((y::date - (extract(isodow from y)::int - first + 7) % 7) - (x::date - (extract(isodow from x)::int - first + 7) % 7)) / 7);
    end if;
    return aggregation.date_diff(a, b, unit, zone);
end $$;
