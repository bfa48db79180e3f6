using System.Text;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Json;
using Backend.MongoImport.Values;

namespace Backend.MongoImport.Loading;

/// <summary>The times of creation and of the last change, in any form that a source has them in.</summary>
internal static class RowTimes
{
    /// <summary>Reads one; false when the value is none, or none that a column can hold.</summary>
    public static bool TryRead(BsonValue value, out long milliseconds)
    {
        milliseconds = value.Type switch
        {
            BsonType.Date => value.Milliseconds,
            BsonType.Text when ExtendedJson.TryIso(Encoding.UTF8.GetString(value.Text), out var read) => read,
            BsonType.Document when ParseForms.Is(value, ParseForms.Date) && ParseForms.TryText(value, "iso"u8, out var iso)
                && ExtendedJson.TryIso(Encoding.UTF8.GetString(iso), out var read) => read,
            _ => long.MinValue,
        };
        return Instants.IsStorable(milliseconds);
    }
}
