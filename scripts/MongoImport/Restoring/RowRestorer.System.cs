using System.Text;
using System.Text.Json;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Loading;
using Backend.MongoImport.Values;
using Npgsql;
using Buffer = Backend.MongoImport.Values.Buffer;

namespace Backend.MongoImport.Restoring;

/// <content>What every document has: id, rights, times; and what providers say of users.</content>
internal sealed partial class RowRestorer
{
    private const string AuthDataPrefix = "_auth_data_";

    // parse-server looks for its configuration under the number 1.
    private bool IsConfig => Table.Origin is "_GlobalConfig" or "_GraphQLConfig";

    private void WriteId(NpgsqlDataReader reader, Dictionary<string, JsonElement> rest, BsonWriter to)
    {
        var id = reader.GetFieldValue<ReadOnlyMemory<byte>>(Id).Span;
        if (rest.TryGetValue("_id", out var kept))
        {
            var start = to.Length;
            RestToBson.Write("_id"u8, kept, to);
            // An exported object may have had an _id besides its own id: that one is not the row's.
            if (SameId(to.Buffer.AsSpan(start, to.Length - start), id))
            {
                return;
            }
            to.CutBack(start, to.Depth);
        }
        if (IsConfig && id.SequenceEqual("1"u8))
        {
            to.Element(BsonType.Int32, "_id"u8);
            to.Int32(1);
            return;
        }
        to.Element(BsonType.Text, "_id"u8);
        to.Text(id);
    }

    private static bool SameId(ReadOnlySpan<byte> element, ReadOnlySpan<byte> id)
    {
        const int head = 5;   // type, "_id", zero
        var text = new Buffer(64);
        RowIds.Write(new BsonValue((BsonType)element[0], element[head..]), text);
        return text.Written.SequenceEqual(id);
    }

    // An old session's rights are its user's, whatever a document says; parse-server writes none.
    private void WriteRights(NpgsqlDataReader reader, Dictionary<string, JsonElement> rest, BsonWriter to)
    {
        if (_class.IsSessions)
        {
            return;
        }
        var readers = reader.IsDBNull(Readers) ? null : reader.GetFieldValue<string[]>(Readers);
        var writers = reader.IsDBNull(Writers) ? null : reader.GetFieldValue<string[]>(Writers);
        WriteNames("_rperm", readers, rest, to);
        WriteNames("_wperm", writers, rest, to);
        if (readers is not null || writers is not null)
        {
            WriteLegacyAcl(readers ?? [], writers ?? [], to);
        }
    }

    private static void WriteNames(string key, string[]? names, Dictionary<string, JsonElement> rest, BsonWriter to)
    {
        var name = Encoding.ASCII.GetBytes(key);
        if (rest.TryGetValue(key, out var kept))
        {
            var start = to.Length;
            RestToBson.Write(name, kept, to);
            if (SameNames(to.Buffer.AsSpan(start, to.Length - start), name.Length + 2, names))
            {
                return;
            }
            to.CutBack(start, to.Depth);
        }
        if (names is not null)
        {
            to.Element(BsonType.Array, name);
            StoredForms.WriteTexts(names, to);
        }
    }

    // Whether the lists are still what was made of the odd one that rest keeps.
    private static bool SameNames(ReadOnlySpan<byte> element, int head, string[]? names)
    {
        var type = (BsonType)element[0];
        if (type == BsonType.Null || names is null)
        {
            return type == BsonType.Null && names is null;
        }
        var texts = new HashSet<string>(StringComparer.Ordinal);
        if (type == BsonType.Array)
        {
            var items = new BsonReader(element[head..]);
            while (items.Read())
            {
                if (items.Type == BsonType.Text && BsonText.IsStorable(items.Value.Text))
                {
                    texts.Add(Encoding.UTF8.GetString(items.Value.Text));
                }
            }
        }
        return texts.SetEquals(names);
    }

    private static void WriteLegacyAcl(string[] readers, string[] writers, BsonWriter to)
    {
        to.Element(BsonType.Document, "_acl"u8);
        to.Begin();
        foreach (var name in readers.Union(writers, StringComparer.Ordinal))
        {
            to.Element(BsonType.Document, Encoding.UTF8.GetBytes(name));
            to.Begin();
            Flag("r"u8, readers.Contains(name), to);
            Flag("w"u8, writers.Contains(name), to);
            to.End();
        }
        to.End();
    }

    private static void Flag(scoped ReadOnlySpan<byte> name, bool granted, BsonWriter to)
    {
        if (granted)
        {
            to.Element(BsonType.Boolean, name);
            to.Byte(1);
        }
    }

    private void WriteTimes(NpgsqlDataReader reader, Dictionary<string, JsonElement> rest, BsonWriter to)
    {
        var created = RestoredColumn.Milliseconds(reader, CreatedAt);
        var updated = RestoredColumn.Milliseconds(reader, UpdatedAt);
        bool createdMissing = false, updatedMissing = false;
        if (rest.TryGetValue("_missing", out var missing) && missing.ValueKind == JsonValueKind.Array)
        {
            foreach (var key in missing.EnumerateArray())
            {
                createdMissing |= key.ValueEquals("_created_at"u8);
                updatedMissing |= key.ValueEquals("_updated_at"u8);
            }
        }
        WriteTime("_created_at", created, createdMissing, rest, to);
        // A write gives every row a time; parse-server's own configuration never has one.
        WriteTime("_updated_at", updated, updatedMissing && (updated == created || IsConfig), rest, to);
    }

    private static void WriteTime(string key, long milliseconds, bool missing, Dictionary<string, JsonElement> rest, BsonWriter to)
    {
        var name = Encoding.ASCII.GetBytes(key);
        if (!missing)
        {
            to.Element(BsonType.Date, name);
            to.Int64(milliseconds);
        }
        else if (rest.TryGetValue(key, out var kept))
        {
            RestToBson.Write(name, kept, to);
        }
    }

    private static void WriteAuthData(NpgsqlDataReader reader, RestoredColumn column, BsonWriter to)
    {
        if (!column.IsSet(reader))
        {
            return;
        }
        using var providers = JsonDocument.Parse(column.Bytes(reader).ToArray(), RestToBson.Options);
        foreach (var provider in providers.RootElement.EnumerateObject())
        {
            // What plain JSON could not say is in the form of rest.
            RestToBson.Write(Encoding.UTF8.GetBytes(AuthDataPrefix + provider.Name), provider.Value, to);
        }
    }
}
