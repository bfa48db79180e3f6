using System.Collections.Frozen;
using System.Text.Json;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Query;
using Backend.Data.Rows;
using Backend.ParseCompat.Drafts;
using Backend.ParseCompat.Queries;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Classes;

/// <summary>Writes keys of a row that stand in none of its columns (a user's <c>authData</c>).</summary>
internal delegate void RowExtras(Utf8JsonWriter writer, Row row);

/// <summary>
/// Reads and writes the rows of a class over its routes (contract sections 7 to 9). A system class derives from it, overrides what is
/// different, and is registered as <see cref="ClassHandler"/>: then <c>/classes/_X</c> goes to it as well as its own routes.
/// </summary>
internal partial class ClassHandler(ClassServices services)
{
    private readonly DraftPlanner _planner = new(services.Catalog, services.Options);

    /// <summary>The class that it stands for; null: every class without a handler of its own.</summary>
    public virtual string? ClassName => null;

    /// <summary>What it works with.</summary>
    protected ClassServices Services { get; } = services;

    /// <summary><c>POST</c>: makes a row.</summary>
    public virtual ValueTask<ParseResponse> CreateAsync(ParseRequest request, string className) => CreateAsync(request, className, null);

    /// <summary>The same with what a system class has found out before.</summary>
    protected async ValueTask<ParseResponse> CreateAsync(ParseRequest request, string className, object? outcome)
    {
        var draft = new WriteDraft { Request = request, ClassName = className, IsCreate = true, Body = Read(request, className, isCreate: true), Outcome = outcome };
        draft.Id = ReadId(draft.Body);
        await BeforeTriggersAsync(draft);
        await BeforeWriteAsync(draft);
        var result = await PlanAndStoreAsync(draft);
        return await AfterTriggersAsync(draft, result, Created(draft, result));
    }

    /// <summary><c>PUT</c> with an id: changes a row.</summary>
    public virtual ValueTask<ParseResponse> UpdateAsync(ParseRequest request, string className, string id) => UpdateAsync(request, className, id, null);

    /// <summary>The same with what a system class has found out before.</summary>
    protected async ValueTask<ParseResponse> UpdateAsync(ParseRequest request, string className, string id, object? outcome)
    {
        // An objectId in the body is ignored: Android always sends it (contract 7.3).
        var draft = new WriteDraft { Request = request, ClassName = className, Id = id, IsCreate = false, Body = Read(request, className, isCreate: false), Outcome = outcome };
        await BeforeTriggersAsync(draft);
        await BeforeWriteAsync(draft);
        var result = await PlanAndStoreAsync(draft);
        return await AfterTriggersAsync(draft, result, ParseResponse.Json(200, writer =>
        {
            writer.WriteStartObject();
            writer.WritePropertyName("updatedAt"u8);
            WireDate.Write(writer, result.UpdatedAt);
            var hidden = HiddenAfterWrite(draft, result);
            WriteComputed(writer, result, hidden);
            WriteTold(writer, draft, result, hidden);
            WriteExtraKeys(writer, draft, result);
            writer.WriteEndObject();
        }));
    }

    /// <summary><c>DELETE</c> with an id.</summary>
    public virtual async ValueTask<ParseResponse> DeleteAsync(ParseRequest request, string className, string id)
    {
        var table = await FindTableAsync(request, className);
        if (request.Caller.IsReadOnly)
            throw new Data.Refusal(Data.RefusalKind.ReadOnly, "The caller may only read.", className) { Operation = Operation.Delete };
        if (table is null)
            throw ParseError.ObjectNotFound();
        if (Services.Triggers.Concerns(className))
            return await DeleteWithTriggersAsync(request, table, id);
        try
        {
            await DeleteRowAsync(request, table, id);
        }
        catch (Data.Refusal refusal) when (IsOvertaken(refusal, request, className))
        {
            await Services.Catalog.CheckAsync(request.Aborted);
            table = await FindTableAsync(request, className) ?? throw ParseError.ObjectNotFound();
            await Services.Rows.DeleteAsync(table, id, request.Caller, null, request.Aborted);
        }

        return ParseResponse.Empty;
    }

    /// <summary><c>GET</c> with an id: one row.</summary>
    public virtual async ValueTask<ParseResponse> GetAsync(ParseRequest request, string className, string id)
    {
        var options = FindOptions.ReadGet(request);
        Services.Complexity.Check(request, options);
        await Services.Catalog.GetAsync(request.Aborted); // the triggers are as new as the catalog, which looks after itself
        if (!Services.Triggers.Any)
            return await GetRowAsync(request, className, id, options);
        var find = await BeginFindAsync(request, className, id);
        return await Services.Triggers.AfterFindAsync(className, await GetRowAsync(request, className, id, options), find, request.Aborted);
    }

    private async ValueTask<ParseResponse> GetRowAsync(ParseRequest request, string className, string id, FindOptions options)
    {
        if (await FindTableAsync(request, className) is not { } table)
            throw ParseError.ObjectNotFound();
        AddAllIncludes(options, table);
        var shape = new RowQuery { Table = table, MayLag = options.RowsMayLag, Fields = options.Include.FieldsOf(table) };
        var (query, isWhole) = await PlanIncludesAsync(RowStore.ById(table, id, shape), options.Include, request);
        if (isWhole && query.Joins.IsEmpty)
        {
            var alone = await Services.Rows.GetAsync(table, id, request.Caller, query, request.Aborted, request.Transaction) ?? throw ParseError.ObjectNotFound();
            return ParseResponse.Json(200, writer => WriteRow(writer, alone, options.Include, null, null, null));
        }

        var cursor = await Services.Rows.OpenAsync(query, request.Caller, request.Aborted, request.Transaction);
        Row row;
        var isWritten = false;
        try
        {
            if (!await cursor.ReadAsync(request.Aborted))
                throw ParseError.ObjectNotFound();
            if (isWhole)
            {
                isWritten = true;
                return ParseResponse.Stream((output, _) => WriteAndDisposeAsync(cursor, options.Include, output));
            }

            row = cursor.Keep();
        }
        finally
        {
            if (!isWritten)
                await cursor.DisposeAsync();
        }

        var included = await IncludeAsync([row], options, request);
        var extras = WantsExtras(request) ? await LoadExtrasAsync([row], request, isGet: true) : null;
        return ParseResponse.Json(200, writer => WriteRow(writer, row, options.Include, included, extras, null));
    }

    /// <summary><c>GET</c>: finds rows.</summary>
    public virtual async ValueTask<ParseResponse> FindAsync(ParseRequest request, string className)
    {
        var options = FindOptions.ReadFind(request, Services.Options);
        Services.Complexity.Check(request, options);
        await Services.Catalog.GetAsync(request.Aborted); // for the triggers
        if (!Services.Triggers.Any)
            return await FindRowsAsync(request, className, options);
        var find = await BeginFindAsync(request, className, null);
        return await Services.Triggers.AfterFindAsync(className, await FindRowsAsync(request, className, options), find, request.Aborted);
    }

    private async ValueTask<ParseResponse> FindRowsAsync(ParseRequest request, string className, FindOptions options)
    {
        var table = await FindTableAsync(request, className);
        string? redirected = null;
        if (options.RedirectKey is { Length: > 0 } key)
        {
            // Where there is nothing to redirect to, rows say of which class they are all the same.
            redirected = className;
            if (table?.Find(key) is { Kind: FieldKind.Relation, Target: { } target })
            {
                ClassAccess.RequireFind(target, request.Caller);
                redirected = target;
                table = await FindTableAsync(request, target);
            }
        }

        // A class that is not there is planned as an empty one: what is wrong with the query is still said.
        var query = await PlanAsync(request, options, table ?? new Table(0, className, className, "none", false, []));
        if (table is null)
            return ParseResponse.Json(200, writer => WriteNone(writer, options.Count));
        query = await BeforeFindAsync(request, query);
        if (options.Explain is { } explain)
        {
            var plan = await Services.Rows.ExplainAsync(query with { Fields = options.Include.FieldsOf(table) }, request.Caller, explain.Runs, request.Aborted);
            return ParseResponse.Json(200, writer =>
            {
                writer.WriteStartObject();
                writer.WritePropertyName("results"u8);
                explain.Write(writer, plan, table.Origin);
                writer.WriteEndObject();
            });
        }

        AddAllIncludes(options, table);
        (query, var isWhole) = await PlanIncludesAsync(query with { Fields = options.Include.FieldsOf(table) }, options.Include, request);
        var cursor = await Services.Rows.OpenAsync(query, request.Caller, request.Aborted, request.Transaction);
        if (isWhole)
            return ParseResponse.Stream((output, cancellation) => StreamAsync(cursor, options.Include, redirected, output, cancellation));
        return await AnswerAsync(cursor, request, options, redirected);
    }

    /// <summary>The class's table; null when there is none and the caller may see it as empty.</summary>
    /// <exception cref="ParseError">119: no such class, and clients may not make classes; or a class for the master key alone.</exception>
    protected virtual async ValueTask<Table?> FindTableAsync(ParseRequest request, string className)
    {
        var table = (await Services.Catalog.GetAsync(request.Aborted)).FindByOrigin(className);
        if (table is null && !request.IsMaster && !Services.Options.AllowClientClassCreation && !Wire.ClassName.IsSystem(className))
            throw DraftPlanner.NonExistent(className);
        return table;
    }

    /// <summary>Called with the body of a create or update before any name is looked up: checks, takes keys out, adds some.</summary>
    protected virtual ValueTask BeforeWriteAsync(WriteDraft draft) => default;

    /// <summary>
    /// Reads and plans a create (no id) or update and makes what it needs of the catalog, without writing: before a transaction that it will run in.
    /// </summary>
    public async ValueTask<WriteDraft> PrepareAsync(ParseRequest request, string className, string? id)
    {
        var draft = new WriteDraft { Request = request, ClassName = className, Id = id, IsCreate = id is null, Body = Read(request, className, id is null) };
        if (draft.IsCreate)
            draft.Id = ReadId(draft.Body);
        await CheckSentAsync(draft);
        await BeforeWriteAsync(draft);
        await PlanWriteAsync(draft);
        await Services.Rows.PrepareAsync(draft.Table, draft.Changes, request.Aborted);
        return draft;
    }

    /// <summary>
    /// Plans and stores a write; again when the class was changed or dropped between the two, or another write came between: then nothing was
    /// written, and no trigger is called a second time.
    /// </summary>
    private async ValueTask<WriteResult> PlanAndStoreAsync(WriteDraft draft)
    {
        var request = draft.Request;
        for (Overtaking? overtaking = null; ;)
        {
            await PlanWriteAsync(draft);
            try
            {
                return await StoreAsync(draft);
            }
            catch (Data.Refusal refusal) when (IsOvertaken(refusal, request, draft.ClassName))
            {
                overtaking ??= Services.Catalog.Overtaken();
                if (!await overtaking.TryAgainAsync(request.Aborted))
                    throw;
                request.AddsFields = false;
                request.Guard?.Forget();
            }
        }
    }

    private static bool IsOvertaken(Data.Refusal refusal, ParseRequest request, string className) =>
        refusal.Kind == Data.RefusalKind.Conflict && refusal.Table == className && request is { Transaction: null, Shared: null };

    private Task DeleteRowAsync(ParseRequest request, Table table, string id) => request.Shared is { } shared
        ? Services.Rows.DeleteSharedAsync(table, id, request.Caller, shared, request.Aborted)
        : Services.Rows.DeleteAsync(table, id, request.Caller, request.Transaction, request.Aborted);

    /// <summary>Resolves the names of a draft, making the fields that are missing.</summary>
    protected async ValueTask PlanWriteAsync(WriteDraft draft) =>
        (draft.Table, draft.Changes) = await _planner.PlanAsync(draft.Request, draft.ClassName, draft.Body, draft.IsCreate);

    /// <summary>Writes the row. The draft is planned. When it returns, the write is committed, but for a batch's <see cref="ParseRequest.Transaction"/>.</summary>
    protected virtual ValueTask<WriteResult> StoreAsync(WriteDraft draft) => StoreRowAsync(draft, draft.Request.Shared);

    /// <summary>Writes the row and nothing else.</summary>
    protected async ValueTask<WriteResult> StoreRowAsync(WriteDraft draft, ISharedTransaction? shared)
    {
        var (rows, request) = (Services.Rows, draft.Request);
        if (shared is not null)
        {
            return draft.IsCreate
                ? await rows.InsertSharedAsync(draft.Table, draft.Changes, request.Caller, draft.Id, shared, request.Aborted)
                : await rows.ChangeSharedAsync(draft.Table, draft.Id!, draft.Changes, request.Caller, shared, request.Aborted);
        }

        return draft.IsCreate
            ? await rows.InsertAsync(draft.Table, draft.Changes, request.Caller, draft.Id, request.Transaction, request.Aborted)
            : await rows.ChangeAsync(draft.Table, draft.Id!, draft.Changes, request.Caller, request.Transaction, request.Aborted);
    }

    /// <summary>Changes or refuses a find.</summary>
    protected virtual ValueTask<RowQuery> BeforeFindAsync(ParseRequest request, RowQuery query) => new(query);

    /// <summary>Whether rows of this class have keys that stand in no column; they are then loaded for all rows of an answer at once.</summary>
    protected virtual bool WantsExtras(ParseRequest request) => false;

    /// <summary>Loads those keys.</summary>
    protected virtual ValueTask<RowExtras?> LoadExtrasAsync(IReadOnlyList<Row> rows, ParseRequest request, bool isGet) => default;

    /// <summary>A condition on a key that is no field; null: the key is an ordinary one.</summary>
    protected virtual ValueTask<Filter?> PlanSpecialAsync(Table table, string key, JsonElement condition) => default;

    /// <summary>Reads the body of a write.</summary>
    /// <exception cref="ParseError">105: a prohibited word.</exception>
    protected Draft Read(ParseRequest request, string className, bool isCreate)
    {
        Services.Denylist.Check(request.Body);
        return DraftReader.Read(request.Body, className, isCreate, WritableInternals(request));
    }

    /// <summary>Keys of the class that are no fields and that this request may write; null: none.</summary>
    protected virtual FrozenSet<string>? WritableInternals(ParseRequest request) => null;

    /// <summary>The id that a create's body asks for; null: a new one.</summary>
    private string? ReadId(Draft body)
    {
        if (!body.NamesObjectId)
            return null;
        if (Services.Options.AllowCustomObjectId)
        {
            return body.ObjectId is { } id && Wire.ClassName.IsValidId(id)
                ? id
                : throw new ParseError(ErrorCode.MissingObjectId, "objectId must not be empty, null or undefined");
        }

        return body.ObjectId is null ? null : throw new ParseError(ErrorCode.InvalidKeyName, "objectId is an invalid field name.");
    }
}
