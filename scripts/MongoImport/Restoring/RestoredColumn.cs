using System.Text;
using Backend.Data.Catalog;
using Backend.Data.Values;
using Backend.MongoImport.Bson;
using Backend.MongoImport.Planning;
using Backend.MongoImport.Values;
using Backend.MongoImport.Verifying;
using Npgsql;
using Buffer = Backend.MongoImport.Values.Buffer;

namespace Backend.MongoImport.Restoring;

/// <summary>One column on its way back: where it stands in the reader, and how its values are written.</summary>
internal sealed class RestoredColumn
{
    private const long PostgresEpoch = 946_684_800_000;

    private readonly int _ordinal;
    private readonly byte[] _target = [];

    /// <summary>A field's column.</summary>
    /// <param name="field">The field.</param>
    /// <param name="plan">Knows the keys that the class's documents use.</param>
    /// <param name="ordinal">Its place in the reader; -1 when the field has no column and all its values are in <c>rest</c>.</param>
    public RestoredColumn(Field field, ClassPlan plan, int ordinal)
    {
        _ordinal = ordinal;
        Kind = ColumnPlan.KindOf(field.Kind);
        RestKey = field.Name;
        HiddenKey = "_" + field.Name;
        Sources = plan.SourcesOf(field.Name, field.Kind);
        Name = Encoding.UTF8.GetBytes(Sources[0]);
        PlainName = Encoding.UTF8.GetBytes(Sources[^1]);
        IsAuthData = plan.IsDerived(field.Name);
        _target = Encoding.UTF8.GetBytes((field.Target ?? "") + "$");
    }

    /// <summary>An internal column of the accounts.</summary>
    public RestoredColumn(ColumnPlan plan, int ordinal)
    {
        _ordinal = ordinal;
        Kind = plan.Kind;
        RestKey = HiddenKey = plan.RestKey;
        Sources = plan.Sources;
        Name = PlainName = Encoding.UTF8.GetBytes(plan.Sources[0]);
        IsInternal = true;
    }

    public ColumnKind Kind { get; }

    /// <summary>The keys that documents may have it under; the first is the one that parse-server writes.</summary>
    public IReadOnlyList<string> Sources { get; }

    /// <summary>The key of a value that did not fit.</summary>
    public string RestKey { get; }

    /// <summary>The key of a value that the column shows only nearly.</summary>
    public string HiddenKey { get; }

    /// <summary>The key that parse-server writes.</summary>
    public byte[] Name { get; }

    /// <summary>The key without parse-server's mark of a pointer.</summary>
    public byte[] PlainName { get; }

    public bool IsInternal { get; }

    /// <summary>What all identity providers say of a user, by provider.</summary>
    public bool IsAuthData { get; }

    /// <summary>Whether the column says anything. No failed log-ins, and no earlier passwords, is what every user begins with.</summary>
    public bool IsSet(NpgsqlDataReader reader) => _ordinal >= 0 && !reader.IsDBNull(_ordinal) && Kind switch
    {
        ColumnKind.Integer => reader.GetInt32(_ordinal) != 0,
        ColumnKind.TextArray => reader.GetFieldValue<string[]>(_ordinal).Length > 0,
        _ => true,
    };

    /// <summary>The column's bytes; of text in UTF-8, of jsonb its text.</summary>
    public ReadOnlySpan<byte> Bytes(NpgsqlDataReader reader) => reader.GetFieldValue<ReadOnlyMemory<byte>>(_ordinal).Span;

    /// <summary>Whether the column is what an import made of this value: then nobody has written to it since.</summary>
    public bool Shows(NpgsqlDataReader reader, BsonType type, byte[] raw)
    {
        var shown = new Buffer(raw.Length * 2);
        if (type is not (BsonType.Document or BsonType.Array) || !NestedWriter.TryWrite(new BsonValue(type, raw), shown, out _, out _))
        {
            return false;
        }
        return CanonicalValue.OfJson(shown.Written) == CanonicalValue.OfJson(Bytes(reader));
    }

    /// <summary>Writes the value as an element.</summary>
    public void Write(NpgsqlDataReader reader, BsonWriter to)
    {
        switch (Kind)
        {
            case ColumnKind.Text or ColumnKind.File:
                to.Element(BsonType.Text, Name);
                to.Text(Bytes(reader));
                break;
            case ColumnKind.Reference:
                var id = Bytes(reader);
                to.Element(BsonType.Text, Name);
                to.Int32(_target.Length + id.Length + 1);
                to.Bytes(_target);
                to.Bytes(id);
                to.Byte(0);
                break;
            case ColumnKind.Number:
                NestedToBson.WriteNumber(Name, reader.GetDouble(_ordinal), to);
                break;
            case ColumnKind.Integer:
                to.Element(BsonType.Int32, Name);
                to.Int32(reader.GetInt32(_ordinal));
                break;
            case ColumnKind.Boolean:
                to.Element(BsonType.Boolean, Name);
                to.Byte(reader.GetBoolean(_ordinal) ? (byte)1 : (byte)0);
                break;
            case ColumnKind.Timestamp:
                to.Element(BsonType.Date, Name);
                to.Int64(Milliseconds(reader, _ordinal));
                break;
            case ColumnKind.Bytes:
                to.Element(BsonType.Binary, Name);
                to.Binary(0, Bytes(reader));
                break;
            case ColumnKind.Object or ColumnKind.Array:
                NestedToBson.Write(Name, Bytes(reader), to);
                break;
            case ColumnKind.Point:
                StoredForms.WritePoint(Name, Ewkb.ReadPoint(Bytes(reader)), to);
                break;
            case ColumnKind.Polygon:
                StoredForms.WritePolygon(Name, Ewkb.ReadRing(Bytes(reader)), to);
                break;
            default:
                to.Element(BsonType.Array, Name);
                StoredForms.WriteTexts(reader.GetFieldValue<string[]>(_ordinal), to);
                break;
        }
    }

    /// <summary>Milliseconds since 1970 of a timestamptz.</summary>
    public static long Milliseconds(NpgsqlDataReader reader, int ordinal) => (reader.GetFieldValue<long>(ordinal) / 1000) + PostgresEpoch;
}
