using System.Text.Json;
using Backend.Data.Catalog;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Schemas;

/// <summary>Checks a schema's body against what the class is now and makes one alteration of it (contract section 23).</summary>
internal sealed class SchemaPlan(string className, Table? table, bool isCreate, bool allowAnyUserId)
{
    /// <summary>The fields as they will be, the columns of system classes among them, without those of every class.</summary>
    private readonly Dictionary<string, FieldSpec> _fields = Existing(className, table);

    /// <summary>What to do.</summary>
    /// <exception cref="ParseError">The first fault.</exception>
    public TableAlteration Make(JsonElement? fields, JsonElement? permissions, JsonElement? indexes)
    {
        var declared = FieldDeclaration.Read(fields);
        CheckAgainstExisting(declared);
        var drop = declared.Where(f => f.IsDelete).Select(f => f.Name).ToList();
        foreach (var name in drop)
            _fields.Remove(name);
        var set = new List<FieldSpec>();
        foreach (var declaration in declared.Where(f => !f.IsDelete))
        {
            if (isCreate && ClassName.IsValidField(declaration.Name, className) && SystemColumns.IsDefault(className, declaration.Name))
                throw SchemaErrors.CannotBeAdded(declaration.Name);
            if (SystemColumns.IsImplicit(declaration.Name))
                continue;
            if (Set(declaration) is { } spec)
                set.Add(spec);
        }

        var points = _fields.Values.Where(f => f.Kind == FieldKind.Point).Take(2).ToList();
        if (points.Count > 1)
            throw SchemaErrors.SecondPoint(points[1].Name, points[0].Name);
        var setPermissions = permissions is { ValueKind: not JsonValueKind.Undefined };
        var alteration = new TableAlteration
        {
            Drop = drop,
            Set = set,
            SetPermissions = setPermissions,
            Permissions = setPermissions ? new PermissionsReader(_fields.GetValueOrDefault, allowAnyUserId).Read(permissions!.Value) : null,
        };
        foreach (var name in drop)
        {
            if (!ClassName.IsValidField(name, className))
                throw SchemaErrors.InvalidFieldName(name);
            if (SystemColumns.IsDefault(className, name))
                throw SchemaErrors.CannotBeChanged(name);
        }

        return IndexPlan.Add(alteration, table, indexes, name => SystemColumns.IsImplicit(name) || _fields.ContainsKey(name));
    }

    private static Dictionary<string, FieldSpec> Existing(string className, Table? table)
    {
        var fields = new Dictionary<string, FieldSpec>(StringComparer.Ordinal);
        foreach (var column in SystemColumns.Of(className))
            fields[column.Name] = column;
        foreach (var field in table?.Fields ?? [])
            fields[field.Name] = new FieldSpec(field.Name, field.Kind, field.Target) { Required = field.Required, OptionalStated = field.OptionalStated, Default = field.Default };
        return fields;
    }

    private void CheckAgainstExisting(List<FieldDeclaration> declared)
    {
        foreach (var declaration in declared)
        {
            var name = declaration.Name;
            if (isCreate)
                continue;
            if (declaration.IsDelete)
            {
                if (!SystemColumns.IsImplicit(name) && !_fields.ContainsKey(name))
                    throw SchemaErrors.NoSuchField(name);
            }
            else if (SystemColumns.IsImplicit(name) ? declaration.Type != ImplicitType(name) : _fields.TryGetValue(name, out var field) && !declaration.HasTypeOf(field))
            {
                throw SchemaErrors.FieldExists(name);
            }
        }
    }

    /// <summary>Notes a field that stays, is added or gets other options; null when there is nothing to store.</summary>
    private FieldSpec? Set(FieldDeclaration declaration)
    {
        var name = declaration.Name;
        if (!_fields.TryGetValue(name, out var field))
        {
            if (!ClassName.IsValidField(name, className))
                throw SchemaErrors.InvalidFieldName(name);
            var added = declaration.ToSpec(className);
            _fields[name] = added;
            return added;
        }

        var spec = declaration.ToSpec(className);
        if (spec.Target != field.Target)
        {
            throw new ParseError(ErrorCode.IncorrectType,
                $"schema mismatch for {className}.{name}; expected {ErrorMapping.TypeName(field.Kind, field.Target)} but got {ErrorMapping.TypeName(spec.Kind, spec.Target)}");
        }

        _fields[name] = spec;
        // Columns that come with a system class are not the client's to change, and some of them are none of the table's.
        return table?.Find(name) is { System: false } ? spec : null;
    }

    private static string ImplicitType(string name) => name switch { "objectId" => "String", "ACL" => "ACL", _ => "Date" };
}
