using System.Collections.Immutable;
using System.Text.Json;
using Backend.Data.Access;
using Backend.Data.Rows;

namespace Backend.ParseCompat.Wire;

/// <summary>Access lists in the dialect's JSON (contract section 11).</summary>
internal static class AclJson
{
    /// <summary>Locked: nobody but the master key.</summary>
    public static RowAcl Nobody { get; } = new([], []);

    /// <summary>Reads an ACL that is not null. What is no object becomes <c>{}</c>; only flags that are true count.</summary>
    /// <exception cref="ParseError">123: an unsaved user in it.</exception>
    public static RowAcl Read(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return Nobody;
        }

        var read = ImmutableArray.CreateBuilder<string>();
        var write = ImmutableArray.CreateBuilder<string>();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var principal = JsonText.Read(ref reader);
            if (principal == "*unresolved")
                throw new ParseError(ErrorCode.InvalidAcl, "Invalid ACL.");
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                reader.Skip();
                continue;
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var list = reader.ValueTextEquals("read"u8) ? read : reader.ValueTextEquals("write"u8) ? write : null;
                reader.Read();
                if (list is not null && IsTruthy(ref reader))
                {
                    if (!list.Contains(principal))
                        list.Add(principal);
                }
                else
                {
                    reader.Skip();
                }
            }
        }

        return new RowAcl(read.ToImmutable(), write.ToImmutable());
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
