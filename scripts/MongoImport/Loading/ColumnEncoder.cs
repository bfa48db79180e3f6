using System.Text;
using Backend.Data.Catalog;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Json;
using Backend.MongoImport.Planning;
using Backend.MongoImport.Values;
using Buffer = Backend.MongoImport.Values.Buffer;

namespace Backend.MongoImport.Loading;

/// <summary>Writes the values of one column as binary COPY wants them, if they are of its type.</summary>
internal sealed class ColumnEncoder(ColumnPlan plan, byte[] target)
{
    private const int TextOid = 25;

    public ColumnPlan Plan => plan;

    /// <summary>Numbers of the names that documents have this column under.</summary>
    public List<int> Sources { get; } = [];

    /// <summary>Where a malformed or null pointer goes: an app never saw it, and must not see a text where a pointer should be.</summary>
    public string? HiddenKey { get; } = plan.Kind == ColumnKind.Reference && plan.Sources[0].StartsWith("_p_", StringComparison.Ordinal) ? plan.Sources[0] : null;

    /// <summary>Whether what was written last shows the value as the old server did, but does not say everything that it does.</summary>
    public bool IsNearly { get; private set; }

    /// <summary>Writes a missing value.</summary>
    public void WriteMissing(Buffer to)
    {
        switch (plan.Kind)
        {
            case ColumnKind.Integer:
                to.Int32(4);
                to.Int32(0);
                break;
            case ColumnKind.TextArray:
                var start = to.BeginSized();
                BeginTextArray(0, to);
                to.EndSized(start);
                break;
            default:
                to.Int32(-1);
                break;
        }
    }

    /// <summary>Writes the value, its length in front; false, and nothing written, when the column cannot hold it.</summary>
    public bool TryWrite(BsonValue value, Buffer to, out Reason reason)
    {
        if (value.Type == BsonType.Null)
        {
            reason = Reason.Null;
            return false;
        }
        IsNearly = false;
        var before = to.Length;
        var start = to.BeginSized();
        if (TryWriteContent(value, to, out reason))
        {
            to.EndSized(start);
            return true;
        }
        to.CutBack(before);
        return false;
    }

    /// <summary>The id that a pointer leads to.</summary>
    public bool TryReference(BsonValue value, out ReadOnlySpan<byte> id, out Reason reason)
    {
        id = default;
        reason = Reason.MalformedPointer;
        switch (value.Type)
        {
            case BsonType.Text:
                var dollar = value.Text.IndexOf((byte)'$');
                if (dollar <= 0 || dollar == value.Text.Length - 1)
                {
                    return false;
                }
                id = value.Text[(dollar + 1)..];
                return IsTarget(value.Text[..dollar], ref reason) && Fits(id, ref reason);
            case BsonType.Document when ParseForms.Is(value, ParseForms.Pointer) || ParseForms.Is(value, "Object"):
                return ParseForms.TryText(value, "className"u8, out var className) && ParseForms.TryText(value, "objectId"u8, out id) && !id.IsEmpty
                    && IsTarget(className, ref reason) && Fits(id, ref reason);
            default:
                reason = Reason.OtherType;
                return false;
        }
    }

    public static void BeginTextArray(int count, Buffer to)
    {
        to.Int32(count == 0 ? 0 : 1);
        to.Int32(0);
        to.Int32(TextOid);
        if (count > 0)
        {
            to.Int32(count);
            to.Int32(1);
        }
    }

    private bool TryWriteContent(BsonValue value, Buffer to, out Reason reason)
    {
        reason = Reason.OtherType;
        switch (plan.Kind)
        {
            case ColumnKind.Text:
                return value.Type == BsonType.ObjectId ? WriteObjectId(value, to) : value.Type == BsonType.Text && TryWriteText(value.Text, to, ref reason);
            case ColumnKind.File:
                return value.Type == BsonType.Text ? TryWriteText(value.Text, to, ref reason)
                    : ParseForms.Is(value, ParseForms.File) && ParseForms.TryText(value, "name"u8, out var name) && TryWriteText(name, to, ref reason);
            case ColumnKind.Number:
                return value.IsNumber && TryWriteNumber(value, to, ref reason);
            case ColumnKind.Integer:
                if (!value.IsNumber || !Numbers.TryExact(value, out var integer) || integer is not (>= 0 and <= int.MaxValue) || integer != Math.Floor(integer))
                {
                    return false;
                }
                to.Int32((int)integer);
                return true;
            case ColumnKind.Boolean:
                if (value.Type != BsonType.Boolean)
                {
                    return false;
                }
                to.Byte(value.Boolean ? (byte)1 : (byte)0);
                return true;
            case ColumnKind.Timestamp:
                return TryWriteTimestamp(value, to, ref reason);
            case ColumnKind.Bytes:
                return TryWriteBytes(value, to);
            case ColumnKind.Object:
                return value.Type == BsonType.Document && TryWriteJson(value, to, ref reason);
            case ColumnKind.Array:
                return value.Type == BsonType.Array && TryWriteJson(value, to, ref reason);
            case ColumnKind.Reference:
                if (!TryReference(value, out var id, out reason))
                {
                    return false;
                }
                to.Bytes(id);
                return true;
            case ColumnKind.Point:
                if (Geometry.TryWritePoint(value, to))
                {
                    return true;
                }
                reason = Geometry.TryPair(value, out _, out _) ? Reason.NotFinite : Reason.OtherType;
                return false;
            case ColumnKind.Polygon:
                reason = value.Type == BsonType.Document ? Reason.NoRing : Reason.OtherType;
                return Geometry.TryWritePolygon(value, to);
            default:
                return TryWriteTexts(value, to);
        }
    }

    private static bool WriteObjectId(BsonValue value, Buffer to)
    {
        Convert.TryToHexStringLower(value.ObjectId, to.Take(24), out _);
        return true;
    }

    private bool TryWriteText(ReadOnlySpan<byte> text, Buffer to, ref Reason reason)
    {
        if (plan.Indexed && text.Length > Storage.MaxIndexedBytes)
        {
            reason = Reason.TooLongForIndex;
            return false;
        }
        if (BsonText.IsStorable(text))
        {
            to.Bytes(text);
            return true;
        }
        if (!BsonText.TryDecode(text, out var decoded))
        {
            reason = Reason.NotUtf8;
            return false;
        }
        if (!Storage.IsStorable(decoded, plan.Indexed))
        {
            reason = Reason.NulOrSurrogate;
            return false;
        }
        // Surrogates that were encoded one by one: together they are a character.
        to.Bytes(Encoding.UTF8.GetBytes(decoded));
        return true;
    }

    private static bool TryWriteNumber(BsonValue value, Buffer to, ref Reason reason)
    {
        if (!Numbers.TryExact(value, out var number))
        {
            reason = Reason.NotExact;
            return false;
        }
        if (!double.IsFinite(number))
        {
            reason = Reason.NotFinite;
            return false;
        }
        to.Double(number);
        return true;
    }

    private static bool TryWriteTimestamp(BsonValue value, Buffer to, ref Reason reason)
    {
        long milliseconds;
        if (value.Type == BsonType.Date)
        {
            milliseconds = value.Milliseconds;
        }
        else if (!ParseForms.Is(value, ParseForms.Date) || !value.TryFind("iso"u8, out var iso))
        {
            return false;
        }
        else if (iso.Type == BsonType.Date)
        {
            milliseconds = iso.Milliseconds;
        }
        else if (iso.Type != BsonType.Text || !ExtendedJson.TryIso(Encoding.UTF8.GetString(iso.Text), out milliseconds))
        {
            return false;
        }
        if (!Instants.IsStorable(milliseconds))
        {
            reason = Reason.DateOutOfRange;
            return false;
        }
        to.Int64(Instants.ToPostgres(milliseconds));
        return true;
    }

    private static bool TryWriteBytes(BsonValue value, Buffer to)
    {
        if (value.Type == BsonType.Binary)
        {
            // Another subtype means something to somebody: kept as it is.
            if (value.BinarySubtype != 0)
            {
                return false;
            }
            to.Bytes(value.Binary);
            return true;
        }
        ReadOnlySpan<byte> base64;
        if (value.Type == BsonType.Text)
        {
            base64 = value.Text;
        }
        else if (!ParseForms.Is(value, ParseForms.Bytes) || !ParseForms.TryText(value, "base64"u8, out base64))
        {
            return false;
        }
        if (base64.Length % 4 != 0)
        {
            return false;
        }
        var room = to.Room(base64.Length);
        if (System.Buffers.Text.Base64.DecodeFromUtf8(base64, room, out var used, out var length) != System.Buffers.OperationStatus.Done || used != base64.Length)
        {
            return false;
        }
        to.Advance(length);
        return true;
    }

    private bool TryWriteJson(BsonValue value, Buffer to, ref Reason reason)
    {
        // The version of jsonb's binary form.
        to.Byte(1);
        if (!NestedWriter.TryWrite(value, to, out var storable, out var exact))
        {
            reason = Reason.NoJsonForm;
            return false;
        }
        reason = Reason.NulOrSurrogate;
        IsNearly = storable && !exact;
        return storable;
    }

    private static bool TryWriteTexts(BsonValue value, Buffer to)
    {
        if (value.Type != BsonType.Array)
        {
            return false;
        }
        var count = 0;
        var reader = new BsonReader(value.Raw);
        while (reader.Read())
        {
            if (reader.Type != BsonType.Text || !BsonText.IsStorable(reader.Value.Text))
            {
                return false;
            }
            count++;
        }
        BeginTextArray(count, to);
        reader = new BsonReader(value.Raw);
        while (reader.Read())
        {
            to.Int32(reader.Value.Text.Length);
            to.Bytes(reader.Value.Text);
        }
        return true;
    }

    private bool IsTarget(ReadOnlySpan<byte> className, ref Reason reason)
    {
        if (className.SequenceEqual(target))
        {
            return true;
        }
        reason = Reason.OtherClass;
        return false;
    }

    private static bool Fits(ReadOnlySpan<byte> id, ref Reason reason)
    {
        if (id.Length > Storage.MaxIndexedBytes)
        {
            reason = Reason.TooLongForIndex;
            return false;
        }
        reason = Reason.NulOrSurrogate;
        return BsonText.IsStorable(id);
    }
}
