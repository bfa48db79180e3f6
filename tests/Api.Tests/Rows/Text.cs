using System.Globalization;
using Backend.Api.V2.Rows.Planning;
using Backend.Data.Query;
using Backend.Data.Values;

namespace Backend.Api.Tests.Rows;

/// <summary>Plans as short texts, so that a test reads as documentation.</summary>
internal static class Text
{
    public static string Of(Filter filter) => filter switch
    {
        Filter.AllOf all => $"({string.Join(" & ", all.Filters.Select(Of))})",
        Filter.AnyOf any => $"({string.Join(" | ", any.Filters.Select(Of))})",
        Filter.Not not => $"!{Of(not.Inner)}",
        Filter.Equal equal => $"{Of(equal.Path)} = {Of(equal.Value)}",
        Filter.In list => $"{Of(list.Path)} in [{string.Join(", ", list.Values.Select(Of))}]",
        Filter.Compare compare => $"{Of(compare.Path)} {compare.Comparison} {Of(compare.Value)}",
        Filter.HasValue has => $"{Of(has.Path)}?",
        Filter.Matches m => $"{Of(m.Path)} {(m.Pattern.IsLike ? "like" : "~")}{(m.Pattern.IgnoreCase ? "*" : "")} {m.Pattern.Expression}{(m.Pattern.Prefix is null ? "" : $" ^{m.Pattern.Prefix}")}",
        Filter.InQuery inner => $"{Of(inner.Path)} in {inner.Query.Table.Name}{Of(inner.Query.Filter)}",
        _ => throw new ArgumentException(filter.ToString()),
    };

    public static string Of(Value value) => value.Kind switch
    {
        ValueKind.Null => "null",
        ValueKind.Boolean => value.AsBoolean ? "true" : "false",
        ValueKind.Number => value.AsNumber.ToString(CultureInfo.InvariantCulture),
        ValueKind.Text => $"'{value.AsText}'",
        ValueKind.Timestamp => DateTimeOffset.FromUnixTimeMilliseconds(value.AsMilliseconds).ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture),
        ValueKind.Bytes => Convert.ToBase64String(value.AsBytes),
        ValueKind.File => $"file {value.AsText}",
        ValueKind.Reference => $"{value.AsReference.Target}:{value.AsReference.Id}",
        _ => System.Text.Encoding.UTF8.GetString(value.AsBytes),
    };

    public static string Of(Sort sort) => $"{Of(sort.Path)}{(sort.Descending ? " desc" : "")} {(sort.NullsFirst == true ? "first" : sort.NullsFirst == false ? "last" : "default")}";

    public static string Of(Output output) => output switch
    {
        Output.Embedded embedded => $"{embedded.Name}={embedded.Reference.Name}->{embedded.Target.Name}({string.Join(",", embedded.Outputs.Select(Of))})",
        Output.Inside inside => $"{inside.Name}={inside.Field.Name}/{string.Join("/", inside.Steps)}{(inside.AsText ? ":text" : "")}",
        Output.Column column when column.Name != column.Field.Name => $"{column.Name}={column.Field.Name}",
        Output.Id { Name: not "id" } id => $"{id.Name}=id",
        _ => output.Name,
    };

    private static string Of(FieldPath path) => path.Steps.IsEmpty ? path.Field.Name : $"{path.Field.Name}/{string.Join("/", path.Steps)}";
}
