using System.Collections.Immutable;
using System.Text.Json;
using Backend.Data.Catalog;
using Backend.Data.Query;
using Backend.Data.Values;
using Npgsql;

namespace Backend.Data.Rows;

/// <summary>
/// Prints a change set as column expressions, so that every change is atomic in the database. Several changes of one column nest.
/// </summary>
internal sealed class ChangeCompiler
{
    private readonly Statement _sql;
    private readonly bool _isInsert;
    private readonly List<(Field Field, string Expression)> _columns = [];
    private readonly List<(FieldPath Path, string Expression)> _returned = [];
    private Dictionary<string, Value>? _insertedRest;
    private string? _rest;

    public ChangeCompiler(Statement sql, IEnumerable<Change> changes, bool isInsert)
    {
        _sql = sql;
        _isInsert = isInsert;
        foreach (var change in changes)
            Apply(change);
    }

    /// <summary>The columns that change, with their expressions.</summary>
    public IReadOnlyList<(Field Field, string Expression)> Columns => _columns;

    /// <summary>The places whose new values the statement gives back.</summary>
    public IReadOnlyList<(FieldPath Path, string Expression)> Returned => _returned;

    /// <summary>Links to make.</summary>
    public List<Change.Link> Links { get; } = [];

    /// <summary>Links to remove.</summary>
    public List<Change.Unlink> Unlinks { get; } = [];

    /// <summary>The new value of <c>rest</c>; null: it stays as it is.</summary>
    public string? Rest
    {
        get
        {
            var given = _insertedRest is not { Count: > 0 } ? null : _sql.Fragment(s => s.Json(RestJson.ObjectToBytes(_insertedRest)));
            return _rest is null ? given : $"nullif({_rest}{(given is null ? "" : $" || {given}")}, '{{}}')";
        }
    }

    /// <summary>Fields that this change set puts into <c>rest</c> and whose readers do not look there yet.</summary>
    public static List<string> NewInRest(IEnumerable<Change> changes)
    {
        var fields = new List<string>();
        foreach (var change in changes)
        {
            if (change is Change.Set { Path: { Steps.IsEmpty: true, Field: var field }, Value: var value }
                && field is { HasRest: false } or { Promotion: FieldPromotion.Closing } && (value.IsNull || !Storage.Fits(field, value)))
            {
                fields.Add(field.Name);
            }
        }

        return fields;
    }

    /// <summary>Reads the values that the statement gave back, from <paramref name="first"/> on.</summary>
    public List<KeyValuePair<FieldPath, Value>> ReadReturned(NpgsqlDataReader reader, int first)
    {
        var values = new List<KeyValuePair<FieldPath, Value>>(_returned.Count);
        for (var i = 0; i < _returned.Count; i++)
        {
            if (reader.IsDBNull(first + i))
                continue;
            var path = _returned[i].Path;
            if (path.Steps.IsEmpty && path.Field.Kind == FieldKind.Number && !IsInRest(path.Field))
            {
                values.Add(new(path, Value.Of(reader.GetDouble(first + i))));
                continue;
            }

            using var document = JsonDocument.Parse(reader.GetFieldValue<ReadOnlyMemory<byte>>(first + i), new JsonDocumentOptions { MaxDepth = NestedJson.MaxDepth + 10 });
            values.Add(new(path, FromJson(document.RootElement)));
        }

        return values;
    }

    /// <summary>A value as it stands inside JSON.</summary>
    public static Value FromJson(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => Value.Object(NestedJson.Normalize(System.Text.Encoding.UTF8.GetBytes(json.GetRawText()))),
        JsonValueKind.Array => Value.Array(NestedJson.Normalize(System.Text.Encoding.UTF8.GetBytes(json.GetRawText()))),
        _ => RestJson.Read(json),
    };

    private void Apply(Change change)
    {
        switch (change)
        {
            case Change.Set { Path.Steps.IsEmpty: true } set:
                Store(set.Path.Field, set.Value);
                break;
            case Change.Set set:
                PutNested(set.Path, _ => _sql.Fragment(s => s.Json(FilterCompiler.Nested(set.Value))), isReturned: false);
                break;
            case Change.Unset { Path.Steps.IsEmpty: true } unset:
                Clear(unset.Path.Field);
                break;
            case Change.Unset unset:
                RemoveNested(unset.Path);
                break;
            case Change.Increment increment:
                Compute(increment.Path, current => $"(coalesce({current}, 0) + {_sql.Fragment(s => s.Number(increment.Amount))})",
                    current => $"to_jsonb(coalesce((nullif({current}, 'null') #>> '{{}}')::double precision, 0) + {_sql.Fragment(s => s.Number(increment.Amount))})");
                break;
            case Change.Append append:
                Compute(append.Path, current => $"(coalesce({current}, '[]'::jsonb) || {Json(append.Elements)})",
                    current => $"(coalesce(nullif({current}, 'null'), '[]'::jsonb) || {Json(append.Elements)})");
                break;
            case Change.AppendUnique append:
                Compute(append.Path, current => $"catalog.array_add_unique({current}, {Json(append.Elements)})");
                break;
            case Change.RemoveElements remove:
                Compute(remove.Path, current => $"catalog.array_remove({current}, {Json(remove.Elements)})");
                break;
            case Change.Link link:
                Links.Add(link);
                break;
            case Change.Unlink unlink:
                Unlinks.Add(unlink);
                break;
            default:
                throw new InvalidOperationException($"Unknown change {change.GetType().Name}.");
        }
    }

    private void Store(Field field, in Value value)
    {
        if (!value.IsNull && Storage.Fits(field, value))
        {
            var stored = value;
            SetColumn(field, _sql.Fragment(s => FilterCompiler.PrintParameter(s, field.Kind, stored)));
            RemoveFromRest(field);
            return;
        }

        if (field.Column is not null && !_isInsert)
            SetColumn(field, "null");
        PutIntoRest(field, value);
    }

    private void Clear(Field field)
    {
        if (field.Column is not null && field.Kind != FieldKind.Relation)
            SetColumn(field, "null");
        RemoveFromRest(field);
    }

    private void Compute(FieldPath path, Func<string, string> json) => Compute(path, json, json);

    private void Compute(FieldPath path, Func<string, string> typed, Func<string, string> json)
    {
        if (!path.Steps.IsEmpty)
        {
            PutNested(path, json, isReturned: true);
            return;
        }

        var field = path.Field;
        if (!IsInRest(field))
        {
            SetColumn(field, typed(Current(field)));
            RemoveFromRest(field);
            _returned.Add((path, "t." + field.QuotedColumn));
            return;
        }

        SetInRest(field, json);
        _returned.Add((path, $"t.rest -> {_sql.Fragment(s => s.Text(field.Name))}"));
    }

    /// <summary>Whether a computed value of the field is stored in <c>rest</c>.</summary>
    private static bool IsInRest(Field field) => field.Column is null || field.Promotion == FieldPromotion.Prepared;

    /// <summary>Stores in <c>rest</c> what is computed from the field's value, wherever that stands.</summary>
    private void SetInRest(Field field, Func<string, string> json)
    {
        var name = _sql.Fragment(s => s.Text(field.Name));
        _rest = Reading(_rest ?? RestBefore, isComputed: _rest is not null, rest =>
        {
            var current = $"({rest} -> {name})";
            if (field.Column is not null && !_isInsert)
                current = $"coalesce({current}, to_jsonb(t.{field.QuotedColumn}))";
            return $"(coalesce({rest}, '{{}}'::jsonb) || jsonb_build_object({name}, {json(current)}))";
        });
        if (field.Column is not null && !_isInsert)
            SetColumn(field, "null");
    }

    /// <summary>
    /// Prints an expression that reads a value more than once. A value that is computed itself is computed first, under a name: printed at each place, it
    /// would double the statement with every further change of the same column. <c>offset 0</c> keeps the planner from putting it back.
    /// </summary>
    private string Reading(string value, bool isComputed, Func<string, string> expression)
    {
        if (!isComputed)
            return expression(value);
        var name = _sql.Alias();
        return $"(select {expression(name + ".v")} from (select {value} as v offset 0) as {name})";
    }

    private void RemoveNested(FieldPath path)
    {
        var field = path.Field;
        if (field.Kind is not (FieldKind.Object or FieldKind.Array))
            return;
        if (!IsInRest(field))
        {
            SetColumn(field, $"({Current(field)} #- {Path(path.Steps)})");
            if (field.Promotion != FieldPromotion.None)
                RemoveFromRest(field);
            else if (field.HasRest && !_isInsert)
                _rest = $"({_rest ?? RestBefore} #- {Path(path.Steps.Insert(0, field.Name))})";
        }
        else if (!_isInsert)
        {
            SetInRest(field, current => $"({current} #- {Path(path.Steps)})");
        }
    }

    private void PutNested(FieldPath path, Func<string, string> json, bool isReturned)
    {
        var field = path.Field;
        if (field.Kind is not (FieldKind.Object or FieldKind.Array))
            throw new Refusal(RefusalKind.InvalidValue, $"Field {field.Name} has no places inside.", field: field.Name);
        var steps = Path(path.Steps);
        if (IsInRest(field))
        {
            SetInRest(field, before => $"catalog.json_put({before}, {steps}, {json($"({before} #> {steps})")})");
            if (isReturned)
                Return(path, $"t.rest -> {_sql.Fragment(s => s.Text(field.Name))}", steps);
            return;
        }

        var current = field.HasRest && !_isInsert ? $"coalesce({Current(field)}, {PlacesInRest(field)})" : Current(field);
        // A value that is only set does not read what stood there.
        SetColumn(field, Reading(current, isComputed: isReturned && _columns.Exists(c => c.Field.Column == field.Column),
            before => $"catalog.json_put({before}, {steps}, {json($"({before} #> {steps})")})"));
        RemoveFromRest(field);
        if (isReturned)
            Return(path, "t." + field.QuotedColumn, steps);
    }

    // A client cannot merge a position into an array that it has: of an array the whole is given back.
    private void Return(FieldPath path, string field, string steps)
    {
        if (path.Field.Kind != FieldKind.Array)
            _returned.Add((path, $"{field} #> {steps}"));
        else if (!_returned.Exists(r => r.Path.Field == path.Field && r.Path.Steps.IsEmpty))
            _returned.Add((path.Field, field));
    }

    // What stands in rest under a mark of its form has no places that could be written: it counts as a scalar, which json_put refuses.
    private string PlacesInRest(Field field)
    {
        var value = $"({_rest ?? RestBefore} -> {_sql.Fragment(s => s.Text(field.Name))})";
        return $"case when {value} ?| array['$json', '$number', '$date', '$bytes', '$file', '$reference', '$point', '$polygon', '$foreign'] then '0' else nullif({value}, 'null') end";
    }

    private string RestBefore => _isInsert ? "null::jsonb" : "t.rest";

    private string Current(Field field)
    {
        foreach (var (known, expression) in _columns)
        {
            if (known.Column == field.Column)
                return expression;
        }

        return _isInsert ? $"null::{CatalogChange.TypeOf(field.Kind)}" : _sql.Fragment(s => RestValue.PrintCurrent(s, field, "t"));
    }

    private void SetColumn(Field field, string expression)
    {
        for (var i = 0; i < _columns.Count; i++)
        {
            if (_columns[i].Field.Column == field.Column)
            {
                _columns[i] = (field, expression);
                return;
            }
        }

        _columns.Add((field, expression));
    }

    private void PutIntoRest(Field field, in Value value)
    {
        if (_isInsert)
        {
            (_insertedRest ??= new Dictionary<string, Value>(StringComparer.Ordinal))[field.Name] = value;
            return;
        }

        var stored = RestJson.ToBytes(value);
        _rest = $"(coalesce({_rest ?? RestBefore}, '{{}}'::jsonb) || jsonb_build_object({_sql.Fragment(s => s.Text(field.Name))}, {_sql.Fragment(s => s.Json(stored))}))";
    }

    private void RemoveFromRest(Field field)
    {
        if (_isInsert)
            _insertedRest?.Remove(field.Name);
        else if (field.HasRest)
            _rest = $"({_rest ?? RestBefore} - {_sql.Fragment(s => s.Text(field.Name))})";
    }

    private string Json(byte[] utf8)
    {
        if (!NestedJson.IsStorable(utf8))
            throw new Refusal(RefusalKind.InvalidValue, "Elements with NUL or lone surrogates cannot be added to an array.");
        return _sql.Fragment(s => s.Json(utf8));
    }

    private string Path(ImmutableArray<string> steps) => _sql.Fragment(s => s.Texts([.. steps.Select(FilterCompiler.Clean)]));
}
