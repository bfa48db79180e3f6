using System.Text.Json;
using Backend.Data;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Query;
using Backend.Data.Rows;
using Backend.ParseCompat.Schemas.Definitions;
using Backend.ParseCompat.Wire;
using Microsoft.Extensions.Options;

namespace Backend.ParseCompat.Schemas;

/// <summary><c>/schemas</c> and <c>/purge</c> (contract section 23), for the master key.</summary>
internal sealed class SchemaRoutes(LiveCatalog catalog, RowStore rows, SchemaWriter schemas, Data.Accounts.Sessions sessions, SchemaSetup setup, ClassMarks marks, IOptions<ParseCompatOptions> options) : IRouteSource
{
    private readonly bool _allowAnyUserId = options.Value.AllowCustomObjectId;

    public void AddRoutes(RouteList routes)
    {
        routes.Map("GET", "/schemas", ListAsync, RouteRules.Master);
        routes.Map("GET", "/schemas/:className", GetAsync, RouteRules.Master);
        routes.Map("POST", "/schemas", CreateAsync, RouteRules.Master);
        routes.Map("POST", "/schemas/:className", CreateAsync, RouteRules.Master);
        routes.Map("PUT", "/schemas/:className", ChangeAsync, RouteRules.Master);
        routes.Map("DELETE", "/schemas/:className", DropAsync, RouteRules.Master);
        routes.Map("DELETE", "/purge/:className", PurgeAsync, RouteRules.Master);
    }

    private async ValueTask<ParseResponse> ListAsync(ParseRequest request)
    {
        var snapshot = await catalog.GetAsync(request.Aborted);
        var marked = await marks.ReadAsync(request.Aborted);
        var shown = new List<Table>();
        foreach (var table in snapshot.Tables)
        {
            if (await IsShownAsync(table, marked, request.Aborted))
                shown.Add(table);
        }

        return ParseResponse.Json(200, writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartArray("results"u8);
            foreach (var table in shown)
                schemas.Write(writer, table, SchemaMoment.Read);
            writer.WriteEndArray();
            writer.WriteEndObject();
        });
    }

    private async ValueTask<ParseResponse> GetAsync(ParseRequest request)
    {
        var name = request["className"];
        var snapshot = await catalog.GetAsync(request.Aborted);
        return snapshot.FindByOrigin(name) is { } table ? Answer(table, SchemaMoment.Read) : throw SchemaErrors.NoSuchClass(name);
    }

    private async ValueTask<ParseResponse> CreateAsync(ParseRequest request)
    {
        RequireUnlocked();
        RequireWrite(request, "create a schema");
        var name = NameOf(request) ?? throw new ParseError(ErrorCode.MissingRequiredField, $"POST /{string.Join('/', request.Segments)} needs a class name.");
        var snapshot = await catalog.GetAsync(request.Aborted);
        if (snapshot.FindByOrigin(name) is { } existing && await IsShownAsync(existing, request.Aborted))
            throw SchemaErrors.ClassExists(name);
        if (!ClassName.IsValid(name) || ClassName.IsJoin(name))
            throw SchemaErrors.InvalidClassName(name);
        var plan = Plan(name, snapshot.FindByOrigin(name), isCreate: true, request);
        if (snapshot.FindByOrigin(name) is not null)
        {
            // A system class that was not in use: its table is there from the start.
            snapshot = await catalog.AlterAsync(name, table => Plan(name, table, isCreate: true, request), request.Aborted);
            await marks.ShowAsync(name, request.Aborted);
            return Answer(snapshot.FindByOrigin(name)!, SchemaMoment.Created);
        }

        try
        {
            snapshot = await catalog.CreateTableAsync(name, plan.Set, plan.Permissions, request.Aborted, plan.AddIndexes);
        }
        catch (Refusal refusal) when (refusal.Kind == RefusalKind.Duplicate)
        {
            throw SchemaErrors.ClassExists(name);
        }

        return Answer(snapshot.FindByOrigin(name) ?? throw SchemaErrors.NoSuchClass(name), SchemaMoment.Created);
    }

    private async ValueTask<ParseResponse> ChangeAsync(ParseRequest request)
    {
        RequireUnlocked();
        RequireWrite(request, "update a schema");
        var name = NameOf(request)!;
        var snapshot = await catalog.GetAsync(request.Aborted);
        // Most faults are found without the catalog's lock; under it the class is looked at once more, as others may have left it.
        _ = Plan(name, snapshot.FindByOrigin(name) ?? throw SchemaErrors.NoSuchClass(name), isCreate: false, request);
        try
        {
            snapshot = await catalog.AlterAsync(name, table => Plan(name, table, isCreate: false, request), request.Aborted);
        }
        catch (Refusal refusal) when (refusal.Kind == RefusalKind.NotFound)
        {
            throw SchemaErrors.NoSuchClass(name);
        }

        return Answer(snapshot.FindByOrigin(name) ?? throw SchemaErrors.NoSuchClass(name), SchemaMoment.Changed);
    }

    private async ValueTask<ParseResponse> DropAsync(ParseRequest request)
    {
        RequireWrite(request, "delete a schema");
        var name = request["className"];
        if (!ClassName.IsValid(name))
            throw SchemaErrors.InvalidClassName(name);
        var snapshot = await catalog.GetAsync(request.Aborted);
        if (snapshot.FindByOrigin(name) is not { } table)
            return ParseResponse.Empty;
        await RequireEmptyAsync(table, request.Aborted);
        if (table.System)
        {
            // The table stays; what was declared on top of it goes.
            await catalog.AlterAsync(name, declared => new TableAlteration
            {
                Drop = [.. declared.Fields.Where(f => !f.System).Select(f => f.Name)],
                DropIndexes = [.. declared.Indexes.Select(i => i.Name)],
            }, request.Aborted);
            await marks.HideAsync(name, request.Aborted);
        }
        else
        {
            try
            {
                await catalog.DropTableAsync(name, onlyEmpty: true, request.Aborted);
            }
            catch (Refusal refusal) when (refusal.Kind == RefusalKind.Conflict)
            {
                // A row came at the last moment.
                await RequireEmptyAsync(table, request.Aborted);
                throw;
            }
        }

        return ParseResponse.Empty;
    }

    private async Task RequireEmptyAsync(Table table, CancellationToken cancellation)
    {
        var count = await rows.CountAsync(new RowQuery { Table = table }, Caller.Administrator, cancellation);
        if (count > 0)
            throw new ParseError(ErrorCode.InvalidSchemaOperation, $"Class {table.Origin} is not empty, contains {count} objects, cannot drop schema.");
    }

    private async ValueTask<ParseResponse> PurgeAsync(ParseRequest request)
    {
        RequireWrite(request, "purge a schema");
        var snapshot = await catalog.GetAsync(request.Aborted);
        if (snapshot.FindByOrigin(request["className"]) is { } table)
        {
            // A class that is emptied stays: only its rows go.
            if (table.System && await IsShownAsync(table, request.Aborted))
                await marks.ShowAsync(table.Origin, request.Aborted);
            await rows.PurgeAsync(table, request.Aborted);
            if (table.Origin is ClassName.User or ClassName.Role or ClassName.Session)
                sessions.ForgetAll();
        }

        return ParseResponse.Empty;
    }

    private TableAlteration Plan(string name, Table? table, bool isCreate, ParseRequest request) =>
        new SchemaPlan(name, table, isCreate, _allowAnyUserId).Make(request.Body.Get("fields"), request.Body.Get("classLevelPermissions"), request.Body.Get("indexes"));

    /// <summary>The class that the path or the body names, which must not differ.</summary>
    private static string? NameOf(ParseRequest request)
    {
        var inPath = request.Route.IndexOf("className") >= 0 ? request["className"] : null;
        var inBody = request.Body.Get("className") is { ValueKind: not (JsonValueKind.Null or JsonValueKind.False) } element ? JavaScriptText.Of(element) : null;
        if (inBody is "")
            inBody = null;
        if (inPath is not null && inBody is not null && inPath != inBody)
            throw SchemaErrors.NameMismatch(inBody, inPath);
        return inPath ?? inBody;
    }

    private async Task<bool> IsShownAsync(Table table, CancellationToken cancellation) => await IsShownAsync(table, await marks.ReadAsync(cancellation), cancellation);

    /// <summary>A system class is there for a client once somebody used it; users and roles always are. The config, which is a row of one, never counts as used.</summary>
    private async Task<bool> IsShownAsync(Table table, IReadOnlyDictionary<string, bool> marked, CancellationToken cancellation)
    {
        if (!table.System || table.Fields.Any(f => !f.System))
            return true;
        if (table.Origin == ClassName.GlobalConfig)
            return false;
        var isShownUnused = table.Origin is ClassName.User or ClassName.Role || (table.Origin == ClassName.Session && setup.HasDefinitions);
        if (marked.GetValueOrDefault(table.Origin, isShownUnused))
            return true;
        await using var cursor = await rows.OpenAsync(new RowQuery { Table = table, Fields = [], Limit = 1 }, Caller.Administrator, cancellation);
        return await cursor.ReadAsync(cancellation);
    }

    private void RequireUnlocked()
    {
        if (setup.IsLocked)
            throw new ParseError(ErrorCode.OperationForbidden, "Cannot perform this operation when schemas options is used.");
    }

    private static void RequireWrite(ParseRequest request, string operation)
    {
        if (request.Caller.IsReadOnly)
            throw new ParseError(ErrorCode.OperationForbidden, $"read-only masterKey isn't allowed to {operation}.");
    }

    private ParseResponse Answer(Table table, SchemaMoment moment) => ParseResponse.Json(200, writer => schemas.Write(writer, table, moment));
}
