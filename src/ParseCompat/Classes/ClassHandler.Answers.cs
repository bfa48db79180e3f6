using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;
using Backend.Data.Access;
using Backend.Data.Rows;
using Backend.Data.Values;
using Backend.ParseCompat.Drafts;
using Backend.ParseCompat.Queries;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Classes;

/// <content>What a client is told of a write, and how a row stands in an answer (contract 7.1, 7.3).</content>
internal partial class ClassHandler
{
    /// <summary>The answer to a create.</summary>
    public ParseResponse Created(WriteDraft draft, WriteResult result) => ParseResponse.Json(201, writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("objectId"u8, result.Id);
        writer.WritePropertyName("createdAt"u8);
        WireDate.Write(writer, result.CreatedAt);
        var hidden = HiddenAfterWrite(draft, result);
        List<DraftField>? places = null;
        foreach (var field in draft.Body.Fields)
        {
            if (field is not { IsOperation: true, Action: DraftAction.Set } || hidden.Contains(field.Name))
                continue;
            if (field.Steps.Length > 0)
            {
                (places ??= []).Add(field);
                continue;
            }

            writer.WritePropertyName(field.Name);
            Services.Values.Write(writer, field.Value);
        }

        foreach (var root in places?.GroupBy(f => f.Name) ?? [])
        {
            writer.WritePropertyName(root.Key);
            WritePlaces(writer, [.. root.Select(f => (f.Steps, f.Value))], 0);
        }

        WriteComputed(writer, result, hidden);
        if (result.Acl is { } acl)
        {
            writer.WritePropertyName("ACL"u8);
            AclJson.Write(writer, acl);
        }

        WriteTold(writer, draft, result, hidden);
        WriteExtraKeys(writer, draft, result);
        writer.WriteEndObject();
    }, Services.Location(draft.ClassName, result.Id));

    /// <summary>Writes a row as an object.</summary>
    protected void WriteRow(Utf8JsonWriter writer, Row row, IncludeNode? wanted, IncludedRows? included, RowExtras? extras, string? redirected)
    {
        writer.WriteStartObject();
        if (redirected is not null)
            writer.WriteString("className"u8, redirected);
        Services.RowWriter.WriteKeys(writer, row, wanted, included);
        extras?.Invoke(writer, row);
        writer.WriteEndObject();
    }

    private FrozenSet<string> HiddenAfterWrite(WriteDraft draft, WriteResult result) => Services.ShowsHiddenAfterWrite
        ? FrozenSet<string>.Empty
        : AccessRules.HiddenFields(draft.Table, draft.Request.Caller, result.Id);

    /// <summary>Adds keys to the answer of a create or update.</summary>
    protected virtual void WriteExtraKeys(Utf8JsonWriter writer, WriteDraft draft, WriteResult result)
    {
    }

    /// <summary>Results of operations; those of one field's places as one nested object, which SDKs merge.</summary>
    private void WriteComputed(Utf8JsonWriter writer, WriteResult result, FrozenSet<string> hidden)
    {
        var values = hidden.Count == 0 ? result.Values : [.. result.Values.Where(v => !hidden.Contains(v.Key.Field.Name))];
        for (var i = 0; i < values.Count; i++)
        {
            var (path, value) = values[i];
            if (path.Steps.IsEmpty)
            {
                writer.WritePropertyName(path.Field.Name);
                Services.Values.Write(writer, value);
            }
            else if (!values.Take(i).Any(v => v.Key.Field.Name == path.Field.Name))
            {
                writer.WritePropertyName(path.Field.Name);
                WritePlaces(writer, [.. values.Where(v => v.Key.Field.Name == path.Field.Name && !v.Key.Steps.IsEmpty).Select(v => (v.Key.Steps, v.Value))], 0);
            }
        }
    }

    private void WritePlaces(Utf8JsonWriter writer, List<(ImmutableArray<string> Steps, Value Value)> places, int depth)
    {
        writer.WriteStartObject();
        foreach (var group in places.GroupBy(p => p.Steps[depth]))
        {
            writer.WritePropertyName(group.Key);
            if (group.FirstOrDefault(p => p.Steps.Length == depth + 1) is { Steps.IsDefault: false } leaf)
                Services.Values.Write(writer, leaf.Value);
            else
                WritePlaces(writer, [.. group], depth + 1);
        }

        writer.WriteEndObject();
    }
}
