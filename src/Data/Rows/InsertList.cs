using System.Text;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Query;
using Backend.Data.Values;

namespace Backend.Data.Rows;

/// <summary>
/// Rows that one statement inserts, as one array per column: the text of the statement depends on the columns alone, so it stays prepared
/// however many rows there are.
/// </summary>
internal sealed class InsertList
{
    /// <summary>So many changes of a row are looked through for a later one of the same field; more are found by name.</summary>
    private const int Few = 16;

    private readonly SortedDictionary<string, (Field Field, List<KeyValuePair<int, Value>> Values)> _columns = new(StringComparer.Ordinal);
    private readonly List<string> _ids = [];
    private readonly List<RowAcl?> _acls = [];
    private readonly List<byte[]?> _rests = [];
    private bool _hasAcl;
    private bool _hasRest;

    /// <summary>How many rows.</summary>
    public int Count => _ids.Count;

    /// <summary>Whether a row can be in a list: all its values are known beforehand, it has no links, and the list's instant is its own.</summary>
    public static bool Takes(ChangeSet set)
    {
        if (set.CreatedAt is not null || set.Guard is not null)
            return false;
        foreach (var change in set.Changes)
        {
            if (change is not (Change.Set { Path.Steps.IsEmpty: true } or Change.Unset { Path.Steps.IsEmpty: true }))
                return false;
        }

        return true;
    }

    /// <summary>Adds a row that <see cref="Takes"/> allows.</summary>
    public void Add(string id, IReadOnlyList<Change> changes, RowAcl? acl)
    {
        var row = _ids.Count;
        var last = changes.Count > Few ? LastWrites(changes) : null;
        List<KeyValuePair<string, Value>>? rest = null;
        for (var i = 0; i < changes.Count; i++)
        {
            if (changes[i] is not Change.Set { Path.Field: var field, Value: var value } || (last is null ? IsWrittenAgain(changes, i, field) : last[field.Name] != i))
                continue;
            if (!value.IsNull && Storage.Fits(field, value))
            {
                if (!_columns.TryGetValue(field.Column!, out var column))
                    _columns.Add(field.Column!, column = (field, new List<KeyValuePair<int, Value>>()));
                column.Values.Add(new(row, value));
            }
            else
            {
                (rest ??= []).Add(new(field.Name, value));
            }
        }

        _ids.Add(id);
        _acls.Add(acl);
        _hasAcl |= acl is not null;
        _rests.Add(rest is null ? null : RestJson.ObjectToBytes(rest));
        _hasRest |= rest is not null;
    }

    /// <summary>Prints the statement; it gives back the instant and the version of each row.</summary>
    public void Print(Statement sql, Table table, string now)
    {
        sql.Sql("insert into ").Sql(table.Quoted).Sql(" as t (id, created_at, updated_at");
        if (_hasAcl)
            sql.Sql(", acl_read, acl_write");
        if (_hasRest)
            sql.Sql(", rest");
        foreach (var (field, _) in _columns.Values)
            sql.Sql(", ").Sql(field.QuotedColumn);

        sql.Sql(") select r.id, ").Sql(now).Sql(", ").Sql(now);
        // A list of lists would have to be a rectangle, and JSON has no array type in the driver: both travel as text.
        if (_hasAcl)
            sql.Sql(", r.acl_read::text[], r.acl_write::text[]");
        if (_hasRest)
            sql.Sql(", r.rest::jsonb");
        var n = 0;
        foreach (var (field, _) in _columns.Values)
            sql.Sql(", r.c").Sql(Text(n++)).Sql(CastOf(field.Kind));

        sql.Sql(" from unnest(").Texts([.. _ids]);
        if (_hasAcl)
            sql.Sql(", ").NullableTextList([.. _acls.Select(a => Literal(a?.Read))]).Sql(", ").NullableTextList([.. _acls.Select(a => Literal(a?.Write))]);
        if (_hasRest)
            sql.Sql(", ").NullableTextList([.. _rests.Select(r => r is null ? null : Encoding.UTF8.GetString(r))]);
        foreach (var (field, values) in _columns.Values)
        {
            sql.Sql(", ");
            PrintColumn(sql, field.Kind, values, _ids.Count);
        }

        sql.Sql(") as r(id");
        if (_hasAcl)
            sql.Sql(", acl_read, acl_write");
        if (_hasRest)
            sql.Sql(", rest");
        for (n = 0; n < _columns.Count; n++)
            sql.Sql(", c").Sql(Text(n));
        sql.Sql(") returning t.created_at, t.xmin");
    }

    private static bool IsWrittenAgain(IReadOnlyList<Change> changes, int i, Field field)
    {
        for (var later = i + 1; later < changes.Count; later++)
        {
            if (FieldOf(changes[later]).Name == field.Name)
                return true;
        }

        return false;
    }

    /// <summary>The position of the last change of each field.</summary>
    private static Dictionary<string, int> LastWrites(IReadOnlyList<Change> changes)
    {
        var last = new Dictionary<string, int>(changes.Count, StringComparer.Ordinal);
        for (var i = 0; i < changes.Count; i++)
            last[FieldOf(changes[i]).Name] = i;
        return last;
    }

    private static Field FieldOf(Change change) => change is Change.Set set ? set.Path.Field : ((Change.Unset)change).Path.Field;

    /// <summary>What a value that travelled as <see cref="PrintColumn"/> has it is cast with.</summary>
    internal static string CastOf(FieldKind kind) => kind switch
    {
        FieldKind.Object or FieldKind.Array => "::jsonb",
        FieldKind.Point or FieldKind.Polygon => "::geometry",
        _ => "",
    };

    /// <summary>Prints the values of a column as an array parameter of <paramref name="count"/> rows; a row without a value has null.</summary>
    internal static void PrintColumn(Statement sql, FieldKind kind, List<KeyValuePair<int, Value>> values, int count)
    {
        switch (kind)
        {
            case FieldKind.Number:
                sql.NullableNumbers(Spread<double?>(values, count, v => v.AsNumber));
                break;
            case FieldKind.Boolean:
                sql.NullableBooleans(Spread<bool?>(values, count, v => v.AsBoolean));
                break;
            case FieldKind.Timestamp:
                sql.NullableTimestamps(Spread<DateTime?>(values, count, v => FilterCompiler.ToDateTime(v.AsMilliseconds)));
                break;
            case FieldKind.Bytes:
                sql.NullableByteStrings(Spread(values, count, v => v.AsBytes));
                break;
            case FieldKind.Point:
                sql.NullableByteStrings(Spread(values, count, v => Ewkb.Point(v.AsPoint)));
                break;
            case FieldKind.Polygon:
                sql.NullableByteStrings(Spread(values, count, v => Ewkb.Polygon(v.AsRing)));
                break;
            case FieldKind.Object or FieldKind.Array:
                sql.NullableTextList(Spread(values, count, v => Encoding.UTF8.GetString(v.AsBytes)));
                break;
            case FieldKind.Reference:
                sql.NullableTextList(Spread(values, count, v => v.AsReference.Id));
                break;
            default:
                sql.NullableTextList(Spread(values, count, v => v.AsText));
                break;
        }
    }

    private static T?[] Spread<T>(List<KeyValuePair<int, Value>> values, int count, Func<Value, T> convert)
    {
        var list = new T?[count];
        foreach (var (row, value) in values)
            list[row] = convert(value);
        return list;
    }

    private static string? Literal(System.Collections.Immutable.ImmutableArray<string>? principals) =>
        principals is { IsDefault: false } list ? ValueList.ArrayText(list) : null;

    private static string Text(int number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
