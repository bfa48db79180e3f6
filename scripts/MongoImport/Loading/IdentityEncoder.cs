using System.Text;
using Backend.Data.Catalog;
using Backend.Data.Values;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Values;
using Buffer = Backend.MongoImport.Values.Buffer;

namespace Backend.MongoImport.Loading;

/// <summary>Makes the rows of <c>identities</c>: how users are known to other providers, out of <c>_auth_data_…</c> or an export's <c>authData</c>.</summary>
internal sealed class IdentityEncoder(bool withSequence)
{
    private const int PrefixLength = 11;   // _auth_data_

    /// <summary>Where rows are written.</summary>
    public Buffer Rows { get; set; } = new(0);

    public long Count { get; private set; }

    /// <summary>The columns in COPY's order.</summary>
    public IEnumerable<string> ColumnNames => ["user_id", "provider", "subject", "data", "created_at", "updated_at", .. withSequence ? ["import_seq"] : Array.Empty<string>()];

    public void Encode(RowEncoder encoder, ReadOnlySpan<byte> document, Buffer id, long created, long updated, long number) =>
        encoder.VisitAuthData(document, this, id, (created, updated), number);

    public void Add(bool all, ReadOnlySpan<byte> name, BsonValue value, Buffer id, (long Created, long Updated) times, long number)
    {
        // Null was an unlinked provider.
        if (value.Type != BsonType.Document)
        {
            return;
        }
        if (!all)
        {
            Add(name[PrefixLength..], value, id, times, number);
            return;
        }
        var reader = new BsonReader(value.Raw);
        while (reader.Read())
        {
            if (reader.Type == BsonType.Document)
            {
                Add(reader.Name, reader.Value, id, times, number);
            }
        }
    }

    private void Add(ReadOnlySpan<byte> provider, BsonValue value, Buffer id, (long Created, long Updated) times, long number)
    {
        if (!BsonText.IsStorable(provider))
        {
            return;
        }
        Count++;
        var to = Rows;
        to.Int16((short)(withSequence ? 7 : 6));
        Sized(id.Written);
        Sized(provider);
        if (value.TryFind("id"u8, out var subject) && Subject(subject) is { } text && text.Length <= Storage.MaxIndexedBytes / 3 && Storage.IsStorable(text, true))
        {
            Sized(Encoding.UTF8.GetBytes(text));
        }
        else
        {
            to.Int32(-1);
        }
        var start = to.BeginSized();
        to.Byte(1);
        if (!NestedWriter.TryWriteExactly(value, to, out var storable) || !storable)
        {
            // Not to be had as plain JSON: the lossless form.
            to.CutBack(start + 1);
            to.Bytes(RestJson.ToBytes(RestValues.Of(value)));
        }
        to.EndSized(start);
        to.Int32(8);
        to.Int64(Instants.ToPostgres(times.Created));
        to.Int32(8);
        to.Int64(Instants.ToPostgres(times.Updated));
        if (withSequence)
        {
            to.Int32(8);
            to.Int64(number);
        }
    }

    // Old rows hold numbers: compared as text (contract/mongo-storage 1.5).
    private static string? Subject(BsonValue value) => value.Type switch
    {
        BsonType.Text when BsonText.TryDecode(value.Text, out var text) => text,
        BsonType.Int32 or BsonType.Int64 or BsonType.Double or BsonType.Decimal128 => Numbers.TryExact(value, out var number) ? JavaScriptNumber.Format(number) : Numbers.ExactText(value),
        _ => null,
    };

    private void Sized(ReadOnlySpan<byte> bytes)
    {
        Rows.Int32(bytes.Length);
        Rows.Bytes(bytes);
    }
}
