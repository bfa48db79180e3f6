using System.Text.Json;
using System.Text.Json.Nodes;
using Backend.Data;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Query;
using Backend.Data.Rows;
using Backend.Data.Values;
using Backend.ParseCompat.Drafts;
using Backend.ParseCompat.Wire;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Backend.ParseCompat.Hooks;

/// <summary>
/// Triggers for reads and writes below the dialects: all of another dialect's, and of this one's the deletes and the rows that are included. Saves and
/// finds of this dialect meet their triggers in <see cref="Classes.ClassHandler"/>, where the request stands in its own words.
/// </summary>
internal sealed class HookInterceptor(HookRegistry registry, IServiceProvider provider) : IRowInterceptor
{
    // The row store, which this is a part of, cannot be asked for while it is made.
    private readonly Lazy<TriggerRunner> _runner = new(provider.GetRequiredService<TriggerRunner>);
    private readonly Lazy<DraftPlanner> _planner =
        new(() => new DraftPlanner(provider.GetRequiredService<LiveCatalog>(), provider.GetRequiredService<IOptions<ParseCompatOptions>>().Value));

    private TriggerRunner Runner => _runner.Value;

    /// <inheritdoc/>
    public bool Concerns(Table table) => registry.Current.Concerns(table.Origin);

    /// <inheritdoc/>
    public async ValueTask BeforeSaveAsync(SaveContext save, CancellationToken cancellation)
    {
        var name = save.Table.Origin;
        if (HookScope.Current is not { Request: null } scope || !Runner.ConcernsSaves(name))
            return;
        var hooked = new HookedSave
        {
            ClassName = name,
            IsCreate = save.Original is null,
            Id = save.Id,
            Body = DraftOf(save.Changes),
            Facts = await FactsAsync(scope, save.Caller, cancellation),
            Original = save.Original is { } original ? Runner.Show(original) : null,
        };
        scope.Saves[save] = hooked;
        if (save.NewPassword is { } password)
            hooked.Body.Set("password", new TypedValue(Value.Of(password), FieldKind.Text));
        ChangeSet? planned = null;
        try
        {
            var before = hooked.Body;
            await Runner.BeforeSaveAsync(hooked, cancellation);
            if (hooked.Body.Take("password") is { Action: DraftAction.Set, Value: { Kind: ValueKind.Text, AsText: { Length: > 0 } chosen } })
                save.NewPassword = chosen;
            if (!ReferenceEquals(before, hooked.Body))
                planned = await _planner.Value.PlanAsync(save.Table, hooked.Body, hooked.IsCreate, cancellation);
        }
        catch (ParseError error)
        {
            // What the trigger gave cannot be written; the other dialect has its own form for that.
            throw new Refusal(RefusalKind.Rejected, error.Message) { Code = error.Code };
        }

        if (planned is null)
            return;
        save.Changes.Changes.Clear();
        save.Changes.Changes.AddRange(planned.Changes);
        save.Changes.Acl = planned.Acl;
    }

    /// <inheritdoc/>
    public async ValueTask AfterSaveAsync(SaveContext save, WriteResult result, CancellationToken cancellation)
    {
        if (HookScope.Current is { } scope && scope.Saves.Remove(save, out var hooked))
            await Runner.AfterSaveAsync(hooked, save.Table, result.Id);
    }

    /// <inheritdoc/>
    public async ValueTask BeforeDeleteAsync(Table table, Row row, Caller caller, CancellationToken cancellation)
    {
        if (HookScope.Current is { } scope && Runner.Find(table.Origin, Triggers.BeforeDelete) is not null)
            await Runner.ObjectAsync(table.Origin, Triggers.BeforeDelete, Runner.Show(row), await FactsAsync(scope, caller, cancellation), cancellation);
    }

    /// <inheritdoc/>
    public async ValueTask AfterDeleteAsync(Table table, Row row, Caller caller, CancellationToken cancellation)
    {
        if (HookScope.Current is { } scope && Runner.Find(table.Origin, Triggers.AfterDelete) is not null)
            await Runner.ObjectAsync(table.Origin, Triggers.AfterDelete, Runner.Show(row), await FactsAsync(scope, caller, CancellationToken.None), CancellationToken.None);
    }

    /// <inheritdoc/>
    public async ValueTask<RowQuery> BeforeFindAsync(RowQuery query, Caller caller, CancellationToken cancellation)
    {
        if (HookScope.Current is { } scope && Runner.Find(query.Table.Origin, Triggers.BeforeFind) is not null)
            await Runner.BeforeFindAsync(query.Table.Origin, await FindOfAsync(query, scope, caller, cancellation), cancellation);
        return query;
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<Row>> AfterFindAsync(RowQuery query, IReadOnlyList<Row> rows, Caller caller, CancellationToken cancellation)
    {
        if (HookScope.Current is not { } scope || Runner.Find(query.Table.Origin, Triggers.AfterFind) is not { } hook)
            return rows;
        var found = new JsonArray([.. rows.Select(Runner.Show)]);
        var given = await Runner.AfterFindAsync(hook, found, await FindOfAsync(query, scope, caller, cancellation), cancellation);
        if (ReferenceEquals(given, found))
            return rows;
        var byId = rows.ToDictionary(r => r.Id, StringComparer.Ordinal);
        var changed = new List<Row>(given.Count);
        foreach (var json in given)
        {
            // Rows that a trigger makes up have no place among those of a table.
            if ((json!["objectId"] as JsonValue)?.ToString() is { } id && byId.TryGetValue(id, out var row))
                changed.Add(row.With(Values(json!.AsObject())));
        }

        return changed;
    }

    private async ValueTask<CallFacts> FactsAsync(HookScope scope, Caller caller, CancellationToken cancellation) => scope.Facts ??= scope.Request is { } request
        ? await Runner.Facts.OfAsync(request)
        : await Runner.Facts.OfAsync(caller, scope.Http, cancellation);

    /// <summary>A query by ids is told as such; another's conditions are of a form that hooks do not know.</summary>
    private async ValueTask<HookedFind> FindOfAsync(RowQuery query, HookScope scope, Caller caller, CancellationToken cancellation)
    {
        var facts = await FactsAsync(scope, caller, cancellation);
        return query.Filter switch
        {
            Filter.Equal { Path: { Steps.IsEmpty: true } path, Value: { Kind: ValueKind.Text } id } when path.Field == Field.Id => HookedFind.ByIds([id.AsText], facts),
            Filter.In { Path: { Steps.IsEmpty: true } path } ids when path.Field == Field.Id => HookedFind.ByIds([.. ids.Values.Select(v => v.AsText)], facts),
            _ => new HookedFind("""{"where":{}}"""u8.ToArray(), query.WithCount, query.Operation == Operation.Get, facts),
        };
    }

    private static Dictionary<string, Value> Values(JsonObject json)
    {
        var values = new Dictionary<string, Value>(StringComparer.Ordinal);
        foreach (var (key, node) in json)
        {
            if (key is "objectId" or "createdAt" or "updatedAt" or "ACL")
                continue;
            var element = JsonSerializer.SerializeToElement(node);
            if (ValueReader.Read(element) is { Kind: not FieldKind.Relation } typed)
                values[key] = typed.Value;
        }

        return values;
    }

    /// <summary>Changes as this dialect would have asked for them.</summary>
    private static Draft DraftOf(ChangeSet changes)
    {
        var draft = new Draft { Acl = changes.Acl };
        foreach (var change in changes.Changes)
        {
            draft.Fields.Add(change switch
            {
                Change.Set set => Of(set.Path) with { Value = set.Value },
                Change.Unset unset => Of(unset.Path) with { Action = DraftAction.Delete, Kind = null },
                Change.Increment increment => Of(increment.Path) with { Action = DraftAction.Increment, Amount = increment.Amount },
                Change.Append append => Of(append.Path) with { Action = DraftAction.Add, Elements = append.Elements },
                Change.AppendUnique append => Of(append.Path) with { Action = DraftAction.AddUnique, Elements = append.Elements },
                Change.RemoveElements remove => Of(remove.Path) with { Action = DraftAction.Remove, Elements = remove.Elements },
                Change.Link link => Of(link.Relation) with { Action = DraftAction.Relate, Linked = link.Ids },
                Change.Unlink unlink => Of(unlink.Relation) with { Action = DraftAction.Relate, Unlinked = unlink.Ids },
                _ => throw new InvalidOperationException($"{change.GetType().Name} has no form in this dialect."),
            });
        }

        return draft;
    }

    private static DraftField Of(FieldPath path) => new()
    {
        Key = path.Steps.IsEmpty ? path.Field.Name : $"{path.Field.Name}.{string.Join('.', path.Steps)}",
        Name = path.Field.Name,
        Steps = path.Steps,
        Kind = path.Field.Kind,
        Target = path.Field.Target,
    };
}
