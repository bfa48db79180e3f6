using Backend.Data;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Query;
using Backend.Data.Rows;
using Backend.Data.Values;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Drafts;

/// <summary>
/// Turns what a body says into changes of a table, making the class and the fields that are missing (contract 5.2, 6). This is where schema
/// is made on write: before the write, in transactions of the catalog's own.
/// </summary>
internal sealed class DraftPlanner(LiveCatalog catalog, ParseCompatOptions options)
{
    /// <summary>Plans a write of this dialect; notes in the request whether it adds fields.</summary>
    /// <param name="request">The request.</param>
    /// <param name="className">The class.</param>
    /// <param name="body">What its body says.</param>
    /// <param name="isCreate">Whether a row is made.</param>
    /// <exception cref="ParseError">111: a type mismatch; 107, 119: the class must not be made.</exception>
    /// <exception cref="Refusal">The caller may not write or not add fields.</exception>
    public async ValueTask<(Table Table, ChangeSet Changes)> PlanAsync(ParseRequest request, string className, Draft body, bool isCreate)
    {
        var caller = request.Caller;
        if (caller.IsReadOnly)
            throw new Refusal(RefusalKind.ReadOnly, "The caller may only read.", className) { Operation = isCreate ? Operation.Create : Operation.Update };
        var snapshot = await catalog.GetAsync(request.Aborted);
        var table = snapshot.FindByOrigin(className);
        if (table is null)
        {
            RequireCreation(className, caller);
            if (!isCreate)
                throw ParseError.ObjectNotFound();
        }

        // Who may not add fields learns that first, whatever else is wrong with them.
        if (table is not null && NamesUnknown(body, table))
        {
            AccessRules.RequireAddField(table, caller, isCreate);
            request.AddsFields = true;
            if (!caller.IsAdministrator && table.Fields.Length + table.Untyped.Count + CountNew(body, table) > options.MaxClientFields)
                throw LiveCatalog.TooManyFields(table.Origin, options.MaxClientFields);
        }

        var missing = Missing(className, body, table);
        if (missing is not null || table is null)
        {
            if (table is not null && isCreate)
                AccessRules.Require(table, Operation.Create, caller);
            snapshot = await catalog.EnsureAsync(className, missing ?? [], request.Aborted, caller.IsAdministrator ? int.MaxValue : options.MaxClientFields);
            table = snapshot.FindByOrigin(className)!;
        }

        var changes = Changes(body, isCreate, table);
        changes.AddsFields = request.AddsFields;
        changes.Guard = request.Guard;
        if (isCreate && request.IsMaintenance && body.CreatedAt is { } createdAt)
            (changes.CreatedAt, changes.UpdatedAt) = Times(createdAt, body.UpdatedAt ?? createdAt);
        return (table, changes);
    }

    /// <summary>Plans what a trigger wants written to a row of another dialect; a trigger may add fields.</summary>
    /// <exception cref="ParseError">111: a type mismatch.</exception>
    public async ValueTask<ChangeSet> PlanAsync(Table table, Draft body, bool isCreate, CancellationToken cancellation)
    {
        if (Missing(table.Origin, body, table) is { } missing)
            table = (await catalog.EnsureAsync(table.Origin, missing, cancellation)).FindByOrigin(table.Origin)!;
        return Changes(body, isCreate, table);
    }

    /// <summary>Refuses to make a class by using it, unless the settings or the master key allow it.</summary>
    public void RequireCreation(string className, Caller caller)
    {
        if (!caller.IsAdministrator && !options.AllowClientClassCreation)
            throw NonExistent(className);
        if (!ClassName.IsValid(className))
            throw new ParseError(ErrorCode.InvalidJson, "schema class name does not revalidate");
    }

    /// <summary>A class that is not there and may not be made.</summary>
    public static ParseError NonExistent(string className) =>
        new(ErrorCode.OperationForbidden, $"This user is not allowed to access non-existent class: {className}");

    /// <summary>The fields that the class lacks; null: none.</summary>
    private static List<FieldSpec>? Missing(string className, Draft body, Table? table)
    {
        Dictionary<string, FieldSpec>? missing = null;
        foreach (var field in body.Fields)
        {
            if (field.Kind is not { } kind)
                continue;
            if (table?.Find(field.Name) is { } existing)
            {
                if (!Fits(existing, field, kind))
                    throw Mismatch(className, field.Name, existing.Kind, existing.Target, kind, field.Target);
                continue;
            }

            missing ??= new Dictionary<string, FieldSpec>(StringComparer.Ordinal);
            if (!missing.TryGetValue(field.Name, out var other))
                missing.Add(field.Name, new FieldSpec(field.Name, kind, field.Target));
            else if (other.Kind != kind || other.Target != field.Target)
                throw Mismatch(className, field.Name, other.Kind, other.Target, kind, field.Target);
            if (kind == FieldKind.Point && table is not null && HasPoint(table))
                throw new ParseError(ErrorCode.IncorrectType, "MongoDB only supports one GeoPoint field in a class.");
        }

        return missing is null ? null : [.. missing.Values];
    }

    private static (DateTime CreatedAt, DateTime UpdatedAt) Times(Value createdAt, Value updatedAt)
    {
        if (updatedAt.AsMilliseconds < createdAt.AsMilliseconds)
            throw new ParseError(ErrorCode.ValidationError, "updatedAt cannot occur before createdAt");
        if (createdAt.AsMilliseconds < Storage.MinMilliseconds || updatedAt.AsMilliseconds > Storage.MaxMilliseconds)
            throw new ParseError(ErrorCode.ValidationError, "createdAt and updatedAt must be of the years 1 to 9999");
        return (DateTimeOffset.FromUnixTimeMilliseconds(createdAt.AsMilliseconds).UtcDateTime, DateTimeOffset.FromUnixTimeMilliseconds(updatedAt.AsMilliseconds).UtcDateTime);
    }

    /// <summary>Whether the body has a key that is no field of the class and not about to be removed; a null counts, though it makes no field.</summary>
    private static bool NamesUnknown(Draft body, Table table)
    {
        foreach (var field in body.Fields)
        {
            if (field.Action != DraftAction.Delete && table.Find(field.Name) is null)
                return true;
        }

        return false;
    }

    /// <summary>How many names the body brings that the class does not know; a null brings one too.</summary>
    private static int CountNew(Draft body, Table table)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var field in body.Fields)
        {
            if (field.Action != DraftAction.Delete && table.Find(field.Name) is null && !table.Untyped.Contains(field.Name))
                names.Add(field.Name);
        }

        return names.Count;
    }

    private static bool Fits(Field existing, DraftField field, FieldKind kind)
    {
        if (field.Steps.Length > 0)
            return existing.Kind is FieldKind.Object or FieldKind.Array;
        if (field.Nested is not null && existing.Kind == FieldKind.Object)
            return true;
        return existing.Kind == kind && (kind is not (FieldKind.Reference or FieldKind.Relation) || existing.Target == field.Target);
    }

    private static bool HasPoint(Table table)
    {
        foreach (var field in table.Fields)
        {
            if (field.Kind == FieldKind.Point)
                return true;
        }

        return false;
    }

    private static ParseError Mismatch(string className, string name, FieldKind expected, string? expectedTarget, FieldKind actual, string? actualTarget) =>
        new(ErrorCode.IncorrectType,
            $"schema mismatch for {className}.{name}; expected {ErrorMapping.TypeName(expected, expectedTarget)} but got {ErrorMapping.TypeName(actual, actualTarget)}");

    private static Field? Untyped(Table table, DraftField field)
    {
        if (!field.Steps.IsEmpty)
            return null;
        return table.FindUntyped(field.Name) ?? (field is { Action: DraftAction.Set, Kind: null } ? Field.WithoutType(field.Name) : null);
    }

    private static ChangeSet Changes(Draft body, bool isCreate, Table table)
    {
        var changes = new ChangeSet { Acl = body.Acl };
        foreach (var field in body.Fields)
        {
            // A null of a field that nobody has is stored and makes no field; a Delete of one finds nothing.
            if ((table.Find(field.Name) ?? Untyped(table, field)) is not { } column)
                continue;
            var path = new FieldPath(column, field.Steps);
            switch (field.Action)
            {
                case DraftAction.Set when column.Kind == FieldKind.Relation:
                    break; // a null for a relation
                case DraftAction.Set when field.Nested is not null && column.Kind == FieldKind.Object:
                    changes.Add(new Change.Set(path, Value.Object(field.Nested)));
                    break;
                case DraftAction.Set: changes.Add(new Change.Set(path, field.Value)); break;
                case DraftAction.Increment: changes.Add(new Change.Increment(path, field.Amount)); break;
                case DraftAction.Add: changes.Add(new Change.Append(path, field.Elements!)); break;
                case DraftAction.AddUnique: changes.Add(new Change.AppendUnique(path, field.Elements!)); break;
                case DraftAction.Remove: changes.Add(new Change.RemoveElements(path, field.Elements!)); break;
                case DraftAction.Delete: changes.Add(new Change.Unset(path)); break;
                case DraftAction.Relate:
                    if (field.Linked.Length > 0)
                        changes.Add(new Change.Link(column, field.Linked));
                    if (field.Unlinked.Length > 0 && !isCreate)
                        changes.Add(new Change.Unlink(column, field.Unlinked));
                    break;
                default:
                    break;
            }
        }

        return changes;
    }
}
