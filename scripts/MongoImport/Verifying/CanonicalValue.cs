using System.Text.Unicode;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Restoring;
using Backend.MongoImport.Values;

namespace Backend.MongoImport.Verifying;

/// <summary>
/// The canonical form of a value, as its hash: equal for values that no client could tell apart, and different for all others.
/// <list type="bullet">
/// <item>numbers of all four types are equal when their doubles are; -0 is 0, NaN is NaN;</item>
/// <item>the order of keys does not count, the order of items does; of equal keys the last counts;</item>
/// <item>an undefined member is a missing one;</item>
/// <item><c>{"__type":"Date"}</c> is the date, and <c>{"__type":"Bytes"}</c> the bytes, where the text is the one that stands for it;</item>
/// <item>an ObjectId is its 24 digits; text is its characters, whatever way surrogates were encoded;</item>
/// <item>types that Parse does not have are equal when their bytes are.</item>
/// </list>
/// </summary>
internal static class CanonicalValue
{
    /// <summary>What is nested deeper is compared by its bytes.</summary>
    private const int MaxDepth = 1_500;

    private const int SmallDocument = 16;

    /// <summary>Of JSON as an object or array column holds it.</summary>
    public static UInt128 OfJson(ReadOnlySpan<byte> json)
    {
        var writer = new BsonWriter();
        writer.Begin();
        NestedToBson.Write("v"u8, json, writer);
        writer.End();
        var reader = new BsonReader(writer.Written);
        reader.Read();
        return Of(reader.Value);
    }

    /// <summary>Of a value.</summary>
    public static UInt128 Of(BsonValue value) => Of(value, null, 0);

    /// <summary>Of a value of the source, whose forms that are not kept as such are counted.</summary>
    public static UInt128 Of(BsonValue value, RuleCounts? rules) => Of(value, rules, 0);

    public static UInt128 OfText(ReadOnlySpan<byte> text) => Utf8.IsValid(text) || !BsonText.TryDecode(text, out var decoded)
        ? Hash128.Of(text, (ulong)BsonType.Text)
        : Hash128.Of(BsonText.Encode(decoded), (ulong)BsonType.Text);

    public static UInt128 OfDate(long milliseconds) => Hash128.Of((ulong)milliseconds, 0, (ulong)BsonType.Date);

    public static UInt128 OfBytes(ReadOnlySpan<byte> bytes) => Hash128.Of(bytes, (ulong)BsonType.Binary);

    public static UInt128 OfNumber(double number) =>
        Hash128.Of(double.IsNaN(number) ? ulong.MaxValue : BitConverter.DoubleToUInt64Bits(number == 0 ? 0 : number), 0, (ulong)BsonType.Double);

    private static UInt128 Of(BsonValue value, RuleCounts? rules, int depth)
    {
        switch (value.Type)
        {
            case BsonType.Double:
                return OfNumber(value.Double);
            case BsonType.Int32:
                return OfNumber(value.Int32);
            case BsonType.Int64:
                rules?.CountInexact(value);
                return OfNumber(value.Int64);
            case BsonType.Decimal128:
                rules?.CountInexact(value);
                return OfNumber(value.Decimal128.ToDouble());
            case BsonType.Text:
                return OfText(value.Text);
            case BsonType.ObjectId:
                rules?.Count(Rule.ObjectIdIsText);
                Span<byte> digits = stackalloc byte[24];
                Convert.TryToHexStringLower(value.ObjectId, digits, out _);
                return Hash128.Of(digits, (ulong)BsonType.Text);
            case BsonType.Date:
                return OfDate(value.Milliseconds);
            case BsonType.Binary when value.BinarySubtype == 0:
                return OfBytes(value.Binary);
            case BsonType.Boolean:
                return Hash128.Of(value.Boolean ? 1UL : 0, 0, (ulong)BsonType.Boolean);
            case BsonType.Document when depth < MaxDepth:
                return OfDocument(value, rules, depth);
            case BsonType.Array when depth < MaxDepth:
                return OfArray(value, rules, depth);
            default:
                if (value.Type is not (BsonType.Null or BsonType.Document or BsonType.Array))
                {
                    rules?.Count(Rule.ForeignType);
                }
                return Hash128.Of(value.Raw, (ulong)value.Type);
        }
    }

    private static UInt128 OfArray(BsonValue array, RuleCounts? rules, int depth)
    {
        var hash = Hash128.Of(0, 0, (ulong)BsonType.Array);
        var reader = new BsonReader(array.Raw);
        while (reader.Read())
        {
            hash = Hash128.Of(hash, Of(reader.Value, rules, depth + 1));
        }
        return hash;
    }

    private static UInt128 OfDocument(BsonValue document, RuleCounts? rules, int depth)
    {
        if (TryForm(document, rules, out var form))
        {
            return form;
        }
        Span<UInt128> keys = stackalloc UInt128[SmallDocument];
        Span<UInt128> members = stackalloc UInt128[SmallDocument];
        Dictionary<UInt128, UInt128>? many = null;
        var count = 0;
        var dateInDate = ParseForms.TypeOf(document).SequenceEqual("Date"u8);
        var reader = new BsonReader(document.Raw);
        while (reader.Read())
        {
            if (reader.Type == BsonType.Undefined)
            {
                continue;
            }
            var key = OfText(reader.Name);
            var isDate = dateInDate && reader.Type == BsonType.Date && reader.Name.SequenceEqual("iso"u8);
            var member = Hash128.Of(key, isDate ? OfIso(reader.Value) : Of(reader.Value, rules, depth + 1));
            if (many is not null)
            {
                rules?.Count(Rule.DuplicateKey, many.ContainsKey(key));
                many[key] = member;
                continue;
            }
            var at = keys[..count].IndexOf(key);
            if (at >= 0)
            {
                rules?.Count(Rule.DuplicateKey);
                members[at] = member;
            }
            else if (count < SmallDocument)
            {
                keys[count] = key;
                members[count++] = member;
            }
            else
            {
                many = new Dictionary<UInt128, UInt128>(SmallDocument * 4);
                for (var i = 0; i < count; i++)
                {
                    many[keys[i]] = members[i];
                }
                many[key] = member;
            }
        }
        UInt128 sum = 0;
        if (many is not null)
        {
            foreach (var (_, member) in many)
            {
                sum += member;
            }
        }
        else
        {
            for (var i = 0; i < count; i++)
            {
                sum += members[i];
            }
        }
        return Hash128.Of(sum, (UInt128)(ulong)BsonType.Document);
    }

    // {__type: "Date", iso} and {__type: "Bytes", base64} and nothing else in it.
    private static bool TryForm(BsonValue document, RuleCounts? rules, out UInt128 hash)
    {
        hash = default;
        var type = ParseForms.TypeOf(document);
        if (type.IsEmpty || !(type.SequenceEqual("Date"u8) || type.SequenceEqual("Bytes"u8)) || CountOf(document) != 2)
        {
            return false;
        }
        if (type[0] == 'D' && document.TryFind("iso"u8, out var iso))
        {
            if (iso.Type == BsonType.Date && Instants.TryWriteIso(iso.Milliseconds, new Values.Buffer(32)))
            {
                hash = OfDate(iso.Milliseconds);
            }
            else if (iso.Type == BsonType.Text && Forms.TryDate(iso.Text, out var milliseconds))
            {
                hash = OfDate(milliseconds);
            }
            else
            {
                return false;
            }
            rules?.Count(Rule.DateForm);
            return true;
        }
        if (type[0] == 'B' && document.TryFind("base64"u8, out var base64) && base64.Type == BsonType.Text && Forms.TryBytes(base64.Text) is { } bytes)
        {
            hash = OfBytes(bytes);
            rules?.Count(Rule.BytesForm);
            return true;
        }
        return false;
    }

    private static UInt128 OfIso(BsonValue date)
    {
        var text = new Values.Buffer(32);
        return Instants.TryWriteIso(date.Milliseconds, text) ? OfText(text.Written) : OfDate(date.Milliseconds);
    }

    private static int CountOf(BsonValue document)
    {
        var count = 0;
        var reader = new BsonReader(document.Raw);
        while (reader.Read())
        {
            count++;
        }
        return count;
    }
}
