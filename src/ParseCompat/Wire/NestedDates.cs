using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Backend.Data.Values;

namespace Backend.ParseCompat.Wire;

/// <summary>
/// Dates inside arrays and objects (contract 5.1). MongoDB kept them as dates and so answered each of them with exactly three fraction digits, in UTC,
/// whatever had been sent; old SDKs parse no other form. Here they are JSON, which is brought to that form: equal dates are equal JSON, and the order
/// of their texts is that of time.
/// </summary>
internal static class NestedDates
{
    /// <summary>Brings every date in normalised JSON (<see cref="NestedJson"/>) to the one form.</summary>
    /// <returns>The same bytes, if there is nothing to change.</returns>
    /// <exception cref="ParseError">111: a date that cannot be read.</exception>
    public static byte[] Normalize(byte[] json)
    {
        // Normalised JSON has no blanks, and no escapes in names like these.
        if (json.AsSpan().IndexOf("\"__type\":\"Date\""u8) < 0)
            return json;
        var dates = Find(json);
        var output = new ArrayBufferWriter<byte>(json.Length + (4 * dates.Count));
        var copied = 0;
        foreach (var (start, end, milliseconds) in dates)
        {
            output.Write(json.AsSpan(copied, start - copied));
            output.Write("{\"__type\":\"Date\",\"iso\":"u8);
            NestedJson.WriteString(output, WireDate.Format(milliseconds));
            output.Write("}"u8);
            copied = end;
        }

        output.Write(json.AsSpan(copied));
        return output.WrittenSpan.ToArray();
    }

    /// <summary>The outermost dates, in order; what else such an object holds is dropped, as MongoDB had no place for it.</summary>
    private static List<(int Start, int End, long Milliseconds)> Find(byte[] json)
    {
        var dates = new List<(int Start, int End, long Milliseconds)>();
        var open = new List<OpenObject>();
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = NestedJson.MaxDepth + 1 });
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject:
                    open.Add(new OpenObject { Start = (int)reader.TokenStartIndex });
                    break;
                case JsonTokenType.PropertyName:
                    ref var current = ref CollectionsMarshal.AsSpan(open)[^1];
                    current.Name = reader.ValueSpan.SequenceEqual("__type"u8) ? Name.Type : reader.ValueSpan.SequenceEqual("iso"u8) ? Name.Iso : Name.Other;
                    break;
                case JsonTokenType.String when open.Count > 0:
                    ref var owner = ref CollectionsMarshal.AsSpan(open)[^1];
                    if (owner.Name == Name.Type)
                        owner.IsDate = reader.ValueSpan.SequenceEqual("Date"u8);
                    else if (owner.Name == Name.Iso)
                        owner.Iso = new Range((int)reader.TokenStartIndex + 1, (int)reader.BytesConsumed - 1);
                    break;
                case JsonTokenType.StartArray when open.Count > 0:
                    CollectionsMarshal.AsSpan(open)[^1].Name = Name.Other;
                    break;
                case JsonTokenType.EndObject:
                    var ended = open[^1];
                    open.RemoveAt(open.Count - 1);
                    if (!ended.IsDate)
                        break;
                    while (dates.Count > 0 && dates[^1].Start > ended.Start)
                        dates.RemoveAt(dates.Count - 1);
                    dates.Add((ended.Start, (int)reader.BytesConsumed,
                        WireDate.Parse(Encoding.UTF8.GetString(json.AsSpan()[ended.Iso])) ?? throw ValueReader.NotValid("Date")));
                    break;
            }
        }

        return dates;
    }

    private enum Name : byte
    {
        Other,
        Type,
        Iso,
    }

    /// <summary>An object that the reader is in, the last name read in it, and what makes it a date.</summary>
    private struct OpenObject
    {
        public int Start;
        public Name Name;
        public bool IsDate;
        public Range Iso;
    }
}
