using Backend.Data.Catalog;

namespace Backend.MongoImport.Rules;

/// <summary>What a rule settles about one field.</summary>
internal sealed record FieldRule
{
    /// <summary>Nothing is settled.</summary>
    public static FieldRule None { get; } = new();

    /// <summary>The type of the column, whatever the schema says; values of another go to <c>rest</c>.</summary>
    public FieldKind? Type { get; init; }

    /// <summary>Of a reference or relation: the class it leads to, by its name in the source.</summary>
    public string? Target { get; init; }

    /// <summary>The name that the API shows.</summary>
    public string? Rename { get; init; }

    /// <summary>The field's values are left out.</summary>
    public bool Skip { get; init; }

    /// <summary>Of a value that only one row may have: which of several rows keeps it unmarked.</summary>
    public Keeper Keeper { get; init; } = Keeper.Usual;

    /// <summary>Somebody has looked at what <c>check</c> says about the field: nothing of it is left to decide.</summary>
    public bool Accept { get; init; }

    /// <summary>Whether documents must be changed on their way.</summary>
    public bool ChangesDocuments => Skip || Rename is not null;
}

/// <summary>Which of the rows that have the same username (address, name, identity) keeps it; the others are marked.</summary>
/// <param name="Order">The order among them.</param>
/// <param name="Ids">Rows that come before all others.</param>
internal sealed record Keeper(KeeperOrder Order, IReadOnlyList<string> Ids)
{
    /// <summary>Who was here last.</summary>
    public static Keeper Usual { get; } = new(KeeperOrder.LastSeen, []);

    public bool IsUsual => Order == KeeperOrder.LastSeen && Ids.Count == 0;
}

/// <summary>An order of rows of which the first keeps a value.</summary>
internal enum KeeperOrder
{
    /// <summary>The row with the newest session, then the one changed last. Of rows that have no sessions: changed last.</summary>
    LastSeen,

    /// <summary>The row changed last.</summary>
    LastUpdated,

    /// <summary>The oldest row.</summary>
    FirstCreated,

    /// <summary>The newest row.</summary>
    LastCreated,
}
