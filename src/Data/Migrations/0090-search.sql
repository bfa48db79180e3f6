-- Full text search compares words without their accents and without case, whatever locale the database has.
create function catalog.search_text(content text) returns text
language sql immutable strict parallel safe as $$
    select lower(regexp_replace(normalize(content, nfd), '[\u0300-\u036f]', '', 'g') collate "und-x-icu")
$$;
