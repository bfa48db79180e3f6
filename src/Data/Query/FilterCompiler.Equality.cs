using System.Collections.Immutable;
using Backend.Data.Catalog;
using Backend.Data.Values;

namespace Backend.Data.Query;

/// <content>
/// Equality, presence, absence. A field may have values in its column and, where the catalog says so, in <c>rest</c>: each place is a branch of its own.
/// </content>
internal static partial class FilterCompiler
{
    private static void PrintIn(Statement sql, FieldPath path, ImmutableArray<Value> values, string alias)
    {
        var field = path.Field;
        var branches = new Branches(sql);
        if (values.Any(v => v.IsNull))
        {
            branches.Next();
            PrintMissing(sql, path, alias);
        }

        if (IsNested(path))
        {
            var wanted = values.Where(v => !v.IsNull && TryNested(v, out _)).ToList();
            if (wanted.Count > 0)
            {
                branches.Next();
                if (IndexedSource(path, alias) is { } indexed)
                    PrintIndexedAmong(sql, path, alias, indexed, wanted);
                else
                    PrintAmong(sql, path, Source(sql, path, alias, false), wanted);
            }
        }
        else if (field.Column is not null && field.Kind != FieldKind.Relation && path.Steps.IsEmpty)
        {
            PrintTypedIn(sql, field, values, alias, ref branches);
        }

        if (field.HasRest && !path.Steps.IsEmpty)
        {
            var wanted = values.Where(v => !v.IsNull && TryNested(v, out _)).ToList();
            if (wanted.Count > 0)
            {
                branches.Next();
                PrintAmong(sql, path, Source(sql, path, alias, true), wanted);
            }
        }
        else if (field.HasRest)
        {
            var stored = values.Where(v => !v.IsNull).Select(v => RestJson.ToBytes(v)).ToArray();
            if (stored.Length > 0)
            {
                branches.Next();
                PrintRestElements(sql, path, alias, element => sql.Sql(element).Sql(" = any(").Jsons(stored).Sql(")"));
            }
        }

        branches.End();
    }

    private static void PrintTypedIn(Statement sql, Field field, ImmutableArray<Value> values, string alias, ref Branches branches)
    {
        var matching = new List<Value>(values.Length);
        foreach (var value in values)
        {
            if (!value.IsNull && Storage.FitsColumn(field with { Indexed = false }, value))
                matching.Add(value);
        }

        if (matching.Count == 0)
            return;
        branches.Next();
        sql.Sql(alias).Sql(".").Sql(field.QuotedColumn);
        if (matching.Count == 1)
        {
            sql.Sql(" = ");
            PrintParameter(sql, field.Kind, matching[0]);
            return;
        }

        sql.Sql(" = any(");
        switch (field.Kind)
        {
            case FieldKind.Number:
                sql.Numbers([.. matching.Select(v => v.AsNumber)]);
                break;
            case FieldKind.Boolean:
                sql.Booleans([.. matching.Select(v => v.AsBoolean)]);
                break;
            case FieldKind.Timestamp:
                sql.Timestamps([.. matching.Select(v => ToDateTime(v.AsMilliseconds))]);
                break;
            case FieldKind.Bytes:
                sql.ByteStrings([.. matching.Select(v => v.AsBytes)]);
                break;
            case FieldKind.Point:
                sql.ByteStrings([.. matching.Select(v => Ewkb.Point(v.AsPoint))]).Sql("::geometry[]");
                break;
            case FieldKind.Polygon:
                sql.ByteStrings([.. matching.Select(v => Ewkb.Polygon(v.AsRing))]).Sql("::geometry[]");
                break;
            case FieldKind.Reference:
                sql.Texts([.. matching.Select(v => v.AsReference.Id)]);
                break;
            default:
                sql.Texts([.. matching.Select(v => v.AsText)]);
                break;
        }

        sql.Sql(")");
    }

    private static void PrintMissing(Statement sql, FieldPath path, string alias)
    {
        var field = path.Field;
        if (field.Kind == FieldKind.Relation)
        {
            sql.Sql("true");
            return;
        }

        if (!path.Steps.IsEmpty)
        {
            sql.Sql("(");
            PrintNestedMissing(sql, path, alias);
            sql.Sql(")");
            return;
        }

        sql.Sql("(");
        if (field.Column is not null)
            sql.Sql(alias).Sql(".").Sql(field.QuotedColumn).Sql(" is null");
        if (field.HasRest)
        {
            if (field.Column is not null)
                sql.Sql(" and ");
            sql.Sql("coalesce(").Sql(alias).Sql(".rest -> ").Text(field.Name).Sql(", 'null') = 'null'");
        }

        if (field is { Kind: FieldKind.Array, Column: not null })
            sql.Sql(" or ").Sql(alias).Sql(".").Sql(field.QuotedColumn).Sql(" @> 'null'");
        if (field.HasRest)
            sql.Sql(" or ").Sql(alias).Sql(".rest -> ").Text(field.Name).Sql(" @> '[null]'");
        sql.Sql(")");
    }

    private static void PrintExists(Statement sql, FieldPath path, string alias)
    {
        var field = path.Field;
        if (field.Kind == FieldKind.Relation)
        {
            sql.Sql("false");
            return;
        }

        if (!path.Steps.IsEmpty)
        {
            PrintNestedExists(sql, path, alias);
            return;
        }

        var branches = new Branches(sql);
        if (field.Column is not null)
        {
            branches.Next();
            sql.Sql(alias).Sql(".").Sql(field.QuotedColumn).Sql(" is not null");
        }

        if (field.HasRest)
        {
            branches.Next();
            sql.Sql(alias).Sql(".rest ? ").Text(field.Name);
        }

        branches.End();
    }

    private static void PrintHasValue(Statement sql, FieldPath path, string alias)
    {
        if (path.Field.Kind == FieldKind.Relation)
        {
            sql.Sql("false");
            return;
        }

        sql.Sql("(");
        PrintMissing(sql, path, alias);
        sql.Sql(") is not true");
    }
}
