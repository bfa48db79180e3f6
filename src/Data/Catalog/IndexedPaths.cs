using System.Collections.Immutable;
using System.Text.Json;

namespace Backend.Data.Catalog;

/// <summary>Finds the paths inside object columns that declared indexes hold.</summary>
internal static class IndexedPaths
{
    /// <summary>The fields, those with such an index marked.</summary>
    public static ImmutableArray<Field> Mark(IEnumerable<Field> fields, ImmutableArray<TableIndex> indexes)
    {
        var paths = new List<(string Root, string Path)>();
        foreach (var index in indexes)
        {
            if (index.Relation is null || !index.DefinitionJson.Contains('.', StringComparison.Ordinal))
                continue;
            using var definition = JsonDocument.Parse(index.DefinitionJson);
            if (definition.RootElement.ValueKind != JsonValueKind.Object)
                continue;
            foreach (var key in definition.RootElement.EnumerateObject())
            {
                if (key.Value.ValueKind == JsonValueKind.Number && key.Name.IndexOf('.', StringComparison.Ordinal) is > 0 and var dot)
                    paths.Add((key.Name[..dot], key.Name[(dot + 1)..]));
            }
        }

        return paths.Count == 0
            ? [.. fields]
            : [.. fields.Select(f => f.Kind == FieldKind.Object && paths.Any(p => p.Root == f.Name) ? f with { IndexedPaths = [.. paths.Where(p => p.Root == f.Name).Select(p => p.Path)] } : f)];
    }
}
