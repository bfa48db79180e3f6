using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.MongoImport.Rules;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Planning;

/// <summary>A relation's join collection, or none when only the schema knows the relation.</summary>
internal sealed class JoinPlan(string field, SourceCollection collection)
{
    public string Field { get; } = field;

    public SourceCollection Collection { get; } = collection;
}

/// <summary>One class to be imported: where its documents are and what their fields are.</summary>
internal sealed class ClassPlan(string name, SourceCollection? collection, CollectionScan? scan, bool isExport)
{
    private const string Users = "_User";
    private const string Sessions = "_Session";

    /// <summary>The class's name.</summary>
    public string Name { get; } = name;

    /// <summary>Its documents; null when the schema or a join collection alone knows the class.</summary>
    public SourceCollection? Collection { get; } = collection;

    public CollectionScan? Scan { get; } = scan;

    /// <summary>Whether the documents are in the form of the REST API.</summary>
    public bool IsExport { get; } = isExport;

    /// <summary>Every field, declared and found.</summary>
    public List<FieldSpec> Fields { get; } = [];

    /// <summary>Names of the fields that the schema lacks.</summary>
    public HashSet<string> Inferred { get; } = new(StringComparer.Ordinal);

    /// <summary>Whether <c>_SCHEMA</c> has an entry for the class.</summary>
    public bool IsDeclared { get; set; }

    /// <summary>Fields that are relations: nothing of them stands in documents.</summary>
    public HashSet<string> Relations { get; } = new(StringComparer.Ordinal);

    public List<JoinPlan> Joins { get; } = [];

    public List<SourceIndex> Indexes { get; } = [];

    public TablePermissions? Permissions { get; set; }

    /// <summary>What the operator settled about the class.</summary>
    public ClassRule Rule { get; set; } = ClassRule.None;

    public bool IsUsers => Name == Users;

    public bool IsSessions => Name == Sessions;

    /// <summary>Users, their sessions and roles: loaded together, published in one commit.</summary>
    public bool IsAccounts => Name is Users or Sessions or "_Role";

    public long Documents => Scan?.Documents ?? 0;

    /// <summary>What parse-server accepts as the name of a class or field.</summary>
    public static bool IsName(string name) =>
        name.Length > 0 && char.IsAsciiLetter(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_') && name is not ("length" or "className");

    /// <summary>Whether a key can be a field of this class; hooks have a field that no other class may have.</summary>
    public bool IsFieldName(string name) => IsName(name) || (Name == "_Hooks" && name == "className");

    /// <summary>Keys of this class's documents that are no fields although they look like some.</summary>
    public bool IsReserved(string name) => name switch
    {
        "objectId" or "createdAt" or "updatedAt" or "ACL" => true,
        "password" or "authData" => IsUsers,
        "bcryptPassword" or "sessionToken" => IsUsers && IsExport,
        _ => false,
    };

    /// <summary>A field whose column follows from other rows: the identities are what is loaded.</summary>
    public bool IsDerived(string field) => IsUsers && field == "authData";

    /// <summary>The internal columns of accounts, which are no fields.</summary>
    public IEnumerable<ColumnPlan> InternalColumns => IsUsers
        ?
        [
            new("password_hash", ColumnKind.Text, Sources("_hashed_password", "bcryptPassword"), "_hashed_password"),
            new("legacy_session_token", ColumnKind.Text, Sources("_session_token", "sessionToken"), "_session_token") { Indexed = true },
            new("email_verify_token", ColumnKind.Text, ["_email_verify_token"], "_email_verify_token") { Indexed = true },
            new("email_verify_token_expires_at", ColumnKind.Timestamp, ["_email_verify_token_expires_at"], "_email_verify_token_expires_at"),
            new("reset_token", ColumnKind.Text, ["_perishable_token"], "_perishable_token") { Indexed = true },
            new("reset_token_expires_at", ColumnKind.Timestamp, ["_perishable_token_expires_at"], "_perishable_token_expires_at"),
            new("failed_login_count", ColumnKind.Integer, ["_failed_login_count"], "_failed_login_count"),
            new("lockout_expires_at", ColumnKind.Timestamp, ["_account_lockout_expires_at"], "_account_lockout_expires_at"),
            new("password_changed_at", ColumnKind.Timestamp, ["_password_changed_at"], "_password_changed_at"),
            new("password_history", ColumnKind.TextArray, ["_password_history"], "_password_history"),
        ]
        : [];

    /// <summary>The keys that a field has in documents.</summary>
    public IReadOnlyList<string> SourcesOf(string field, FieldKind kind) => (Name, field) switch
    {
        (Sessions, "sessionToken") => ["_session_token", "sessionToken"],
        (Sessions, "expiresAt") => ["expiresAt", "_expiresAt"],
        ("_Audience", "lastUsed") => ["_last_used", "lastUsed"],
        ("_Audience", "timesUsed") => ["times_used", "timesUsed"],
        _ => kind == FieldKind.Reference ? ["_p_" + field, field] : [field],
    };

    /// <summary>The columns to be loaded, and with an empty name the fields that have none.</summary>
    public List<ColumnPlan> ColumnsOf(IEnumerable<Field> fields) =>
    [
        .. fields.Where(f => f.Kind != FieldKind.Relation && !IsDerived(f.Name))
            .Select(f => new ColumnPlan(f.Column ?? "", ColumnPlan.KindOf(f.Kind), SourcesOf(f.Name, f.Kind), f.Name) { Target = f.Target, Indexed = f.Indexed }),
        .. InternalColumns,
    ];

    // Only exports have the second name; in a database it would be a field that an app has set.
    private List<string> Sources(string stored, string exported) => IsExport ? [stored, exported] : [stored];
}
