using System.Collections.Immutable;
using System.Text.Json;
using Backend.Api.V2.Problems;
using Backend.Api.V2.Rows.Requests;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Rows;
using Backend.Data.Values;

namespace Backend.Api.V2.Rows.Planning;

/// <summary>Plans writes: members of a body become changes of fields, their types checked. A write never makes a table or field.</summary>
internal sealed class ChangePlanner(Table table)
{
    /// <summary>The changes of a body's object.</summary>
    /// <param name="row">The object.</param>
    /// <param name="columns">The members that count (<c>columns=</c>), or null: all.</param>
    /// <param name="isInsert">For an insert null is what a missing member is, unless the field has a default.</param>
    public ChangeSet Plan(BodyRow row, ImmutableArray<string>? columns, bool isInsert)
    {
        var set = new ChangeSet();
        foreach (var (name, json) in row.Members)
        {
            if (columns is { } wanted && !wanted.Contains(name))
                continue;
            if (name == Columns.Acl)
            {
                set.Acl = Acl(json.Span);
                continue;
            }

            var field = Writable(name);
            var value = WrittenValue.Read(field, json.Span);
            if (!value.IsNull)
                set.Add(new Change.Set(field, value));
            else if (!isInsert)
                set.Add(new Change.Unset(field));
            else if (field.Default is not null)
                set.Add(new Change.Set(field, value));
        }

        return set;
    }

    /// <summary>Checks the names of <c>columns=</c>.</summary>
    public void Check(ImmutableArray<string>? columns)
    {
        foreach (var name in columns ?? [])
        {
            if (name != Columns.Acl)
                Writable(name);
        }
    }

    private Field Writable(string name)
    {
        if (name is "id" or "createdAt" or "updatedAt")
            throw new Problem(400, "428C9", $"column \"{name}\" cannot be written", "The service gives it its value.");
        if (table.Find(name) is { Kind: FieldKind.Relation, Secret: false })
            throw new Problem(400, ProblemCodes.NotImplemented, "Feature not implemented", $"{table.Name}.{name} is a relation; relations are not served by /rows yet.");
        return Columns.Find(table, name)
            ?? throw new Problem(400, ProblemCodes.PayloadColumn, $"Could not find the '{name}' column of '{table.Name}' in the schema cache", null, "Columns are made through the schema, never by writing a row.");
    }

    /// <summary><c>{"read": […], "write": […]}</c>; a missing list is an empty one (nobody), null for a list or the whole: no restriction.</summary>
    private static RowAcl Acl(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        if (reader.TokenType == JsonTokenType.Null)
            return new RowAcl(default, default);
        if (reader.TokenType != JsonTokenType.StartObject)
            throw Bad("An object with the lists read and write is expected.");
        ImmutableArray<string> read = [], write = [];
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            switch (NestedJson.ReadString(ref reader))
            {
                case "read":
                    read = Principals(ref reader);
                    break;
                case "write":
                    write = Principals(ref reader);
                    break;
                case var other:
                    throw Bad($"Unknown member {other}: an acl has the lists read and write.");
            }
        }

        return new RowAcl(read, write);
    }

    private static ImmutableArray<string> Principals(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Null)
            return default;
        if (reader.TokenType != JsonTokenType.StartArray)
            throw Bad("read and write are arrays of principals.");
        var principals = ImmutableArray.CreateBuilder<string>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.String)
                throw Bad("A principal is a text: *, a user's id, or role:Name.");
            var principal = NestedJson.ReadString(ref reader);
            if (principal.Length is 0 or > Limits.MaxIdLength || principal == RowAcl.RolePrefix || !WrittenValue.IsPlain(principal))
                throw Bad("A principal is *, a user's id, or role:Name.");
            if (!principals.Contains(principal))
                principals.Add(principal);
            if (principals.Count > Limits.MaxPrincipals)
                throw new Problem(400, ProblemCodes.Limit, $"A list of an acl may hold {Limits.MaxPrincipals} principals.");
        }

        return principals.ToImmutable();
    }

    private static Problem Bad(string details) => new(400, ProblemCodes.Value, "invalid acl", details);
}
