using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Backend.Data.Values;

namespace Backend.Api.V2.Rows.Writing;

/// <summary>Finds a place inside JSON: keys of objects, positions of arrays (from the end when negative), as PostgreSQL's arrows do.</summary>
internal static class JsonPlace
{
    /// <summary>The bytes of the value there; empty when there is none.</summary>
    public static ReadOnlySpan<byte> Find(ReadOnlySpan<byte> utf8, ImmutableArray<string> steps)
    {
        foreach (var step in steps)
        {
            utf8 = Find(utf8, step);
            if (utf8.IsEmpty)
                return default;
        }

        return utf8;
    }

    private static ReadOnlySpan<byte> Find(ReadOnlySpan<byte> utf8, string step)
    {
        if (utf8.IsEmpty)
            return default;
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = NestedJson.MaxDepth + 1 });
        reader.Read();
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var here = NestedJson.ReadString(ref reader) == step;
                reader.Read();
                var value = Value(utf8, ref reader);
                if (here)
                    return value;
            }

            return default;
        }

        if (reader.TokenType != JsonTokenType.StartArray || !int.TryParse(step, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var position))
            return default;
        if (position < 0)
            position += Length(utf8);
        for (var at = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; at++)
        {
            var value = Value(utf8, ref reader);
            if (at == position)
                return value;
        }

        return default;
    }

    private static ReadOnlySpan<byte> Value(ReadOnlySpan<byte> utf8, scoped ref Utf8JsonReader reader)
    {
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        return utf8[start..(int)reader.BytesConsumed];
    }

    private static int Length(ReadOnlySpan<byte> array)
    {
        var reader = new Utf8JsonReader(array, new JsonReaderOptions { MaxDepth = NestedJson.MaxDepth + 1 });
        reader.Read();
        var length = 0;
        for (; reader.Read() && reader.TokenType != JsonTokenType.EndArray; length++)
            reader.Skip();
        return length;
    }
}
