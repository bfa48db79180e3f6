using Backend.Data.Catalog;
using Backend.Data.Rows;
using Backend.ParseCompat.Drafts;
using Backend.ParseCompat.Hooks;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Classes;

/// <summary>A create or update on its way: the request, what its body says, and, once planned, what Data is asked to do.</summary>
internal sealed class WriteDraft
{
    /// <summary>The request.</summary>
    public required ParseRequest Request { get; init; }

    /// <summary>The class.</summary>
    public required string ClassName { get; init; }

    /// <summary>The row's id; null in a create, until one is given.</summary>
    public string? Id { get; set; }

    /// <summary>Whether a row is made.</summary>
    public required bool IsCreate { get; init; }

    /// <summary>The body; after a beforeSave trigger what that made of it.</summary>
    public required Draft Body { get; set; }

    /// <summary>The save on its way past triggers; null: the class has none.</summary>
    public HookedSave? Save { get; set; }

    /// <summary>The class's table, once planned.</summary>
    public Table Table { get; set; } = null!;

    /// <summary>What a system class notes when it stores the row and needs for the answer.</summary>
    public object? Outcome { get; set; }

    /// <summary>The changes, once planned.</summary>
    public ChangeSet Changes { get; set; } = null!;
}
