using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Schemas;

/// <summary>Error texts of the schemas API (contract section 23).</summary>
internal static class SchemaErrors
{
    // The blank at the end is the old server's.
    public static ParseError InvalidClassName(string name) => new(ErrorCode.InvalidClassName,
        $"Invalid classname: {name}, classnames can only have alphanumeric characters and _, and must start with an alpha character ");

    public static ParseError NoSuchClass(string name) => new(ErrorCode.InvalidClassName, $"Class {name} does not exist.");

    public static ParseError ClassExists(string name) => new(ErrorCode.InvalidClassName, $"Class {name} already exists.");

    public static ParseError NameMismatch(string inBody, string inPath) => new(ErrorCode.InvalidClassName, $"Class name mismatch between {inBody} and {inPath}.");

    public static ParseError FieldExists(string field) => new(ErrorCode.InvalidSchemaOperation, $"Field {field} exists, cannot update.");

    public static ParseError NoSuchField(string field) => new(ErrorCode.InvalidSchemaOperation, $"Field {field} does not exist, cannot delete.");

    public static ParseError InvalidFieldName(string field) => new(ErrorCode.InvalidKeyName, $"invalid field name: {field}");

    public static ParseError CannotBeAdded(string field) => new(ErrorCode.ChangedImmutableField, $"field {field} cannot be added");

    public static ParseError CannotBeChanged(string field) => new(ErrorCode.ChangedImmutableField, $"field {field} cannot be changed");

    public static ParseError SecondPoint(string added, string existing) => new(ErrorCode.IncorrectType,
        $"currently, only one GeoPoint field may exist in an object. Adding {added} when {existing} already exists.");

    public static ParseError IndexExists(string index) => new(ErrorCode.InvalidQuery, $"Index {index} exists, cannot update.");

    public static ParseError NoSuchIndex(string index) => new(ErrorCode.InvalidQuery, $"Index {index} does not exist, cannot delete.");

    public static ParseError NoSuchIndexedField(string field) => new(ErrorCode.InvalidQuery, $"Field {field} does not exist, cannot add index.");
}
