using System.Text.Json;
using Backend.Data.Access;
using Backend.Data.Values;

namespace Backend.ParseCompat.Wire;

/// <summary>Access lists in the dialect's JSON (contract section 11).</summary>
internal static class AclJson
{
    /// <summary>Locked: nobody but the master key.</summary>
    public static RowAcl Nobody { get; } = new([], []);

    /// <summary>Reads an ACL that is not null. What is no object becomes <c>{}</c>; only flags that are true count, and of a repeated key the last one.</summary>
    /// <exception cref="ParseError">123: an unsaved user in it.</exception>
    public static RowAcl Read(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return Nobody;
        }

        var rights = new KeyedList<(bool Read, bool Write)>();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var principal = JsonText.Read(ref reader);
            if (principal == "*unresolved")
                throw new ParseError(ErrorCode.InvalidAcl, "Invalid ACL.");
            reader.Read();
            rights.Put(principal, ReadRights(ref reader));
        }

        return new RowAcl([.. rights.Keys.Where((_, i) => rights.Values[i].Read)], [.. rights.Keys.Where((_, i) => rights.Values[i].Write)]);
    }

    private static (bool Read, bool Write) ReadRights(ref Utf8JsonReader reader)
    {
        var (read, write) = (false, false);
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return default;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var (isRead, isWrite) = (reader.ValueTextEquals("read"u8), reader.ValueTextEquals("write"u8));
            reader.Read();
            if (isRead)
                read = IsTruthy(ref reader);
            else if (isWrite)
                write = IsTruthy(ref reader);
            reader.Skip();
        }

        return (read, write);
    }

    /// <summary>Writes an access list.</summary>
    public static void Write(Utf8JsonWriter writer, RowAcl acl)
    {
        writer.WriteStartObject();
        foreach (var principal in acl.Read.IsDefault ? [RowAcl.Everybody] : acl.Read)
            WriteEntry(writer, principal, true, acl.Write.IsDefault ? principal == RowAcl.Everybody : acl.Write.Contains(principal));
        foreach (var principal in acl.Write.IsDefault ? [RowAcl.Everybody] : acl.Write)
        {
            if (!(acl.Read.IsDefault ? principal == RowAcl.Everybody : acl.Read.Contains(principal)))
                WriteEntry(writer, principal, false, true);
        }

        writer.WriteEndObject();
    }

    private static void WriteEntry(Utf8JsonWriter writer, string principal, bool read, bool write)
    {
        writer.WriteStartObject(principal);
        if (read)
            writer.WriteBoolean("read"u8, true);
        if (write)
            writer.WriteBoolean("write"u8, true);
        writer.WriteEndObject();
    }

    private static bool IsTruthy(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.True => true,
        JsonTokenType.Number => NestedJson.ReadNumber(ref reader) != 0,
        JsonTokenType.String => reader.ValueSpan.Length > 0,
        _ => false,
    };
}
