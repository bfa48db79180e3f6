using System.Text.Json.Nodes;

namespace Backend.Api.Tests.ParseCompat.Access;

/// <summary>A made-up class as the test knows it: its rows as the master key reads them, its permissions as they were declared.</summary>
internal sealed class MadeClass(string name)
{
    public string Name { get; } = name;

    /// <summary>Field names and kinds: String, Number, Array, <c>*Class</c> for a pointer, <c>&lt;Class</c> for a relation.</summary>
    public Dictionary<string, string> Fields { get; } = [];

    /// <summary>The class level permissions, as they were sent.</summary>
    public JsonObject Permissions { get; init; } = [];

    /// <summary>Id to row, without its times.</summary>
    public Dictionary<string, JsonObject> Rows { get; } = [];

    /// <summary>The members of the relation <c>rel</c>, by the owning row.</summary>
    public Dictionary<string, HashSet<string>> Related { get; } = [];
}

/// <summary>Somebody who asks.</summary>
/// <param name="Name">For messages.</param>
/// <param name="UserId">His id, or null.</param>
/// <param name="Principals">His id and <c>role:Name</c> of every role he has.</param>
/// <param name="Session">The header of the old dialect.</param>
/// <param name="Bearer">The header of v2.</param>
internal sealed record MadeCaller(string Name, string? UserId, HashSet<string> Principals, (string, string)[] Session, (string, string)[] Bearer);
