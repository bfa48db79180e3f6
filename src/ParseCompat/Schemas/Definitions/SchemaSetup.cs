using Backend.Data;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.ParseCompat.Wire;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Backend.ParseCompat.Schemas.Definitions;

/// <summary>
/// Makes classes as they are defined when the process starts, as the old server did with its option <c>schema</c>: classes are made and changed, never
/// dropped; of classes that nobody defined only the right to add fields by writing them is taken back.
/// </summary>
internal sealed class SchemaSetup(LiveCatalog catalog, IOptions<ParseCompatOptions> options, ILogger<SchemaSetup> logger) : IHostedService
{
    private readonly SchemaDefinitions? _definitions = SchemaDefinitions.Read(options.Value);

    /// <summary>Whether the schemas API makes and changes no classes.</summary>
    public bool IsLocked => _definitions is { LockSchemas: true };

    /// <summary>Whether there are definitions: sessions are then shown among the classes from the start.</summary>
    public bool HasDefinitions => _definitions is not null;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (_definitions is not { } definitions)
            return;
        // The old server still makes the classes, and they come with the rows; the next start after the cut-over applies what is defined.
        if ((await catalog.GetAsync(cancellationToken)).WritesClosed)
        {
            Log.DefinitionsPutOff(logger);
            return;
        }

        foreach (var (className, schema) in definitions.Classes)
        {
            try
            {
                await ApplyAsync(new DefinedClass(definitions, className, schema), className, cancellationToken);
            }
            catch (ParseError e)
            {
                throw new InvalidOperationException($"ParseCompat:SchemaFile: the class {className} cannot be made as it is defined: {e.Message}", e);
            }
        }

        foreach (var table in (await catalog.GetAsync(cancellationToken)).Tables)
        {
            if (definitions.Classes.Exists(c => c.ClassName == table.Origin))
                continue;
            if (definitions.Strict && !table.System)
                Log.ClassNotDefined(logger, table.Origin);
            await SetPermissionsAsync(table, table.Permissions with { AddField = PermissionRule.Nobody }, cancellationToken);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task ApplyAsync(DefinedClass defined, string className, CancellationToken cancellation)
    {
        if (!ClassName.IsValid(className) || ClassName.IsJoin(className))
            throw SchemaErrors.InvalidClassName(className);
        if ((await catalog.GetAsync(cancellation)).FindByOrigin(className) is null)
        {
            var made = Plan(className, null, defined, isCreate: true);
            try
            {
                await catalog.CreateTableAsync(className, made.Set, made.Permissions, cancellation);
            }
            catch (Refusal refusal) when (refusal.Kind == RefusalKind.Duplicate)
            {
                // Another process that starts at the same time made it.
            }
        }

        var table = (await catalog.GetAsync(cancellation)).FindByOrigin(className)!;
        // What is missing is found out again under the catalog's lock: another process may be starting with the same definitions.
        if (Before(table) is { } before && before.Drop.Count + before.DropIndexes.Count > 0)
            table = (await catalog.AlterAsync(className, Before, cancellation)).FindByOrigin(className)!;
        var plan = Plan(className, table, defined, isCreate: false);
        if (plan.Drop.Count + plan.Set.Count + plan.AddIndexes.Count > 0)
        {
            table = (await catalog.AlterAsync(className, now => Plan(className, now, defined.Again(), isCreate: false) with { SetPermissions = false }, cancellation))
                .FindByOrigin(className)!;
        }

        await SetPermissionsAsync(table, plan.Permissions, cancellation);
        if (defined.Extra.Count > 0 && _definitions!.Strict)
            Log.FieldsNotDefined(logger, className, string.Join(", ", defined.Extra));
        if (defined.Different.Count > 0 && _definitions!.Strict)
            Log.FieldsDefinedOtherwise(logger, className, string.Join(", ", defined.Different));

        TableAlteration Before(Table now) => new() { Drop = defined.Recreated(now), DropIndexes = defined.IndexesToDrop(now) };
    }

    private async Task SetPermissionsAsync(Table table, TablePermissions? permissions, CancellationToken cancellation)
    {
        if (!table.HasPermissions || PermissionsJson.Write(table.Permissions) != PermissionsJson.Write(permissions ?? TablePermissions.Public))
            await catalog.SetPermissionsAsync(table.Origin, permissions, cancellation);
    }

    private TableAlteration Plan(string className, Table? table, DefinedClass defined, bool isCreate) =>
        new SchemaPlan(className, table, isCreate, options.Value.AllowCustomObjectId).Make(defined.Fields(table), defined.Permissions(), defined.Indexes(table));
}
