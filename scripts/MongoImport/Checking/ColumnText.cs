using Backend.Data.Catalog;

namespace Backend.MongoImport.Checking;

/// <summary>How a field's type and column are told to people.</summary>
internal static class ColumnText
{
    /// <summary>The type as Parse calls it.</summary>
    public static string TypeName(Field field) => field.Kind switch
    {
        FieldKind.Text => "String",
        FieldKind.Timestamp => "Date",
        FieldKind.Reference => $"Pointer<{field.Target}>",
        FieldKind.Relation => $"Relation<{field.Target}>",
        FieldKind.Point => "GeoPoint",
        _ => field.Kind.ToString(),
    };

    /// <summary>What it becomes.</summary>
    public static string Becomes(Field field) => field switch
    {
        { Column: null } => "rest (the class has more than 320 fields)",
        { Kind: FieldKind.Relation } => $"join table {field.Column}",
        _ => $"{field.Column} {Type(field.Kind)}",
    };

    private static string Type(FieldKind kind) => kind switch
    {
        FieldKind.Number => "double precision",
        FieldKind.Boolean => "boolean",
        FieldKind.Timestamp => "timestamptz",
        FieldKind.Bytes => "bytea",
        FieldKind.Object or FieldKind.Array => "jsonb",
        FieldKind.Point or FieldKind.Polygon => "geometry",
        _ => "text",
    };
}
