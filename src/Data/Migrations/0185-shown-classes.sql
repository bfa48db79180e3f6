-- System classes that a client made, or emptied, are shown also without rows. (Those that it deleted are in hidden_classes.)
create table parse_compat.shown_classes (
    name text collate "C" primary key
);
