-- How far a field is on its way from the rows' rest to a column of its own, and since when:
-- prepared: the column is there and read, values are still written to rest;
-- moving: values are written to the column, those in rest are moved there;
-- closing: who writes to rest says so first, so that readers may stop looking there.
alter table catalog.fields
    add column promotion text check (promotion in ('Prepared', 'Moving', 'Closing')),
    add column promotion_at timestamptz;
