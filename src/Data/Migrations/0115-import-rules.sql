-- What an import was told about a table (its rules), with what it left behind: who compares the rows with their source later, or brings changes
-- after them, must go by the same. Empty: by none.
alter table catalog.imports add column rules text not null default '';
