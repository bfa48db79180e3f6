namespace Backend.MongoImport.Verifying;

/// <summary>Why a document and its row may differ without anything being wrong, or what was kept in another form than it came in.</summary>
internal enum Rule
{
    ObjectIdIsText,
    DateForm,
    BytesForm,
    FileForm,
    PointerForm,
    GeoForm,
    TimeForm,
    ForeignType,
    InexactNumber,
    DuplicateKey,
    DuplicateId,
    LegacyAcl,
    RightsRepeated,
    SessionRights,
    UnlinkedProvider,
    RelationMarker,
    MadeId,
    SecondId,
    ExpiredSession,
    WrittenAfterImport,
    ChangedMeanwhile,
    Rejected,
    JoinIncomplete,
    JoinDuplicate,
    NotImported,
    SchemaInferred,
    SchemaSystem,
    SchemaIgnored,
    PermissionsNarrowed,
    IndexNotBuilt,
    FileIncomplete,
    FileReplaced,
    FileExtra,
}

internal static class RuleTexts
{
    /// <summary>The rule's name in files.</summary>
    public static string Key(this Rule rule)
    {
        var name = rule.ToString();
        return string.Concat(name.Select((c, i) => char.IsAsciiLetterUpper(c) ? (i > 0 ? "-" : "") + char.ToLowerInvariant(c) : c.ToString()));
    }

    /// <summary>What it says, for people.</summary>
    public static string Text(this Rule rule) => rule switch
    {
        Rule.ObjectIdIsText => "an ObjectId inside of a value or in a text field is its 24 digits",
        Rule.DateForm => "a date written as {__type: \"Date\"} is a date",
        Rule.BytesForm => "bytes written as base64 or {__type: \"Bytes\"} are bytes",
        Rule.FileForm => "a file written as an object is its name",
        Rule.PointerForm => "a pointer written as an object is the pointer",
        Rule.GeoForm => "a point or polygon written as {__type} is the point or polygon",
        Rule.TimeForm => "a creation or update time written as text is the time",
        Rule.ForeignType => "values of a type that Parse does not have are kept in rest as they were",
        Rule.InexactNumber => "numbers that no double holds are kept by their digits; clients get the nearest double",
        Rule.DuplicateKey => "of a key that comes twice in a document the last value counts",
        Rule.DuplicateId => "of documents with one id the last read is the row",
        Rule.LegacyAcl => "rights that stand in _acl alone are honoured",
        Rule.RightsRepeated => "_acl or ACL says something else than _rperm and _wperm, and is ignored, as by the old server",
        Rule.SessionRights => "a session is its user's, whatever rights stand in it",
        Rule.UnlinkedProvider => "auth data that are null: the provider was unlinked",
        Rule.RelationMarker => "{__type: \"Relation\"} says nothing that the schema does not",
        Rule.MadeId => "a document without an id has got one",
        Rule.SecondId => "an exported object's _id beside its objectId",
        Rule.ExpiredSession => "an expired session was removed",
        Rule.WrittenAfterImport => "the row was written after the import",
        Rule.ChangedMeanwhile => "changed in the source after it was read, and followed: the cut-over compares it again, unless the source is a dump",
        Rule.Rejected => "a document that cannot be decoded stands in the reject file",
        Rule.JoinIncomplete => "a join row without both ids links nothing",
        Rule.JoinDuplicate => "a pair that is linked twice is linked",
        Rule.NotImported => "the collection is not Parse's, or of no use here",
        Rule.SchemaInferred => "a field that the schema lacks, found in documents",
        Rule.SchemaSystem => "a field that every server has",
        Rule.SchemaIgnored => "an entry of the schema that means nothing here",
        Rule.PermissionsNarrowed => "what the old server refused by its code is refused by permissions",
        Rule.IndexNotBuilt => "an index that could not be built as it was",
        Rule.FileIncomplete => "a file that nobody can put together from what the source holds: pieces missing, another length or MD5, no storable name (import-mongo files says which)",
        Rule.FileReplaced => "of uploads with one name the latest is the file",
        Rule.FileExtra => "a file that only the store has: not from GridFS, or deleted there since",
        _ => rule.ToString(),
    };
}
