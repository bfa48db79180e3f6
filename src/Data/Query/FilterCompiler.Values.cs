using System.Buffers;
using System.Text;
using Backend.Data.Catalog;
using Backend.Data.Values;

namespace Backend.Data.Query;

/// <content>Values as parameters of a statement, and as they stand inside JSON.</content>
internal static partial class FilterCompiler
{
    /// <summary>Prints a value that fits a column of this kind as a parameter.</summary>
    internal static void PrintParameter(Statement sql, FieldKind kind, in Value value)
    {
        switch (kind)
        {
            case FieldKind.Number:
                sql.Number(value.AsNumber);
                break;
            case FieldKind.Boolean:
                sql.Boolean(value.AsBoolean);
                break;
            case FieldKind.Timestamp:
                sql.Timestamp(ToDateTime(value.AsMilliseconds));
                break;
            case FieldKind.Bytes:
                sql.Bytes(value.AsBytes);
                break;
            case FieldKind.Object or FieldKind.Array:
                sql.Json(value.AsBytes);
                break;
            case FieldKind.Point:
                sql.Bytes(Ewkb.Point(value.AsPoint)).Sql("::geometry");
                break;
            case FieldKind.Polygon:
                sql.Bytes(Ewkb.Polygon(value.AsRing)).Sql("::geometry");
                break;
            case FieldKind.Reference:
                sql.Text(value.AsReference.Id);
                break;
            default:
                sql.Text(value.AsText);
                break;
        }
    }

    /// <summary>A text as PostgreSQL takes it: NUL and lone surrogates, which no column holds, become U+FFFD, which keeps order and inequality.</summary>
    internal static string Clean(string text) => Storage.IsStorable(text, false) ? text : Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text.Replace('\0', '\ufffd')));

    /// <summary>An instant as a parameter; beyond what a column is given: the infinity on that side, which keeps order and inequality.</summary>
    internal static DateTime ToDateTime(long milliseconds) => milliseconds < Storage.MinMilliseconds ? DateTime.SpecifyKind(DateTime.MinValue, DateTimeKind.Utc)
        : milliseconds > Storage.MaxMilliseconds ? DateTime.SpecifyKind(DateTime.MaxValue, DateTimeKind.Utc)
        : DateTimeOffset.FromUnixTimeMilliseconds(milliseconds).UtcDateTime;

    /// <summary>A value as it stands inside JSON; false for what cannot stand there in this form.</summary>
    private static bool TryNested(in Value value, out byte[] json)
    {
        json = value.Kind switch
        {
            ValueKind.Object or ValueKind.Array => value.AsBytes,
            ValueKind.Boolean or ValueKind.Number or ValueKind.Text or ValueKind.ExactNumber => Plain(value),
            _ => [],
        };
        return json.Length > 0 && NestedJson.IsStorable(json);
    }

    /// <summary>A value as it stands inside JSON.</summary>
    /// <exception cref="Refusal">It cannot stand there.</exception>
    internal static byte[] Nested(Value value) => value.IsNull ? "null"u8.ToArray()
        : TryNested(value, out var json) ? json
        : throw new Refusal(RefusalKind.InvalidValue, $"A {value.Kind} with this content cannot stand inside JSON.");

    private static byte[] Plain(in Value value)
    {
        var output = new ArrayBufferWriter<byte>(32);
        switch (value.Kind)
        {
            case ValueKind.Boolean:
                output.Write(value.AsBoolean ? "true"u8 : "false"u8);
                break;
            case ValueKind.Text:
                NestedJson.WriteString(output, value.AsText);
                break;
            default:
                NestedJson.WriteNumber(output, value.AsNumber);
                break;
        }

        return output.WrittenSpan.ToArray();
    }
}
