using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Backend.Data.Catalog;
using Backend.Data.Values;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Values;
using Buffer = Backend.MongoImport.Values.Buffer;

namespace Backend.MongoImport.Loading;

/// <summary>The ids of rows: a document's <c>_id</c> as text, as parse-server prints it where it is none (contract/mongo-storage 3.14).</summary>
internal static class RowIds
{
    /// <summary>Writes the row's id; false when that does not say everything that <paramref name="value"/> does.</summary>
    public static bool Write(BsonValue value, Buffer to)
    {
        if (value.Type == BsonType.Text && value.Text.Length is > 0 and <= Storage.MaxIndexedBytes && BsonText.IsStorable(value.Text))
        {
            to.Bytes(value.Text);
            return true;
        }
        WriteOdd(value, to);
        return false;
    }

    /// <summary>The id of a document that has none: the same at every import.</summary>
    public static void WriteMade(ReadOnlySpan<byte> document, long number, Buffer to)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(document, hash);
        to.Bytes(Encoding.ASCII.GetBytes($"{Convert.ToHexStringLower(hash[..8])}-{number.ToString(CultureInfo.InvariantCulture)}"));
    }

    private static void WriteOdd(BsonValue value, Buffer to)
    {
        switch (value.Type)
        {
            case BsonType.ObjectId:
                Convert.TryToHexStringLower(value.ObjectId, to.Take(24), out _);
                return;
            case BsonType.Int32 or BsonType.Int64:
                var integer = value.Type == BsonType.Int32 ? value.Int32 : value.Int64;
                to.Bytes(Encoding.ASCII.GetBytes(integer.ToString(CultureInfo.InvariantCulture)));
                return;
            case BsonType.Double:
                to.Bytes(Encoding.ASCII.GetBytes(double.IsFinite(value.Double) ? JavaScriptNumber.Format(value.Double) : value.Double.ToString(CultureInfo.InvariantCulture)));
                return;
            case BsonType.Document:
                var start = to.Length;
                if (NestedWriter.TryWriteExactly(value, to, out var storable) && storable && to.Length - start <= Storage.MaxIndexedBytes)
                {
                    return;
                }
                to.CutBack(start);
                break;
            default:
                break;
        }
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(value.Raw, hash);
        to.Bytes(Encoding.ASCII.GetBytes("id-" + Convert.ToHexStringLower(hash[..12])));
    }
}
