using System.Text.Json;
using Backend.Data;
using Backend.Data.Access;
using Backend.Data.Accounts;
using Backend.Data.Query;
using Backend.Data.Rows;
using Backend.Data.Values;
using Backend.ParseCompat.Classes;
using Backend.ParseCompat.Users;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Sessions;

/// <summary>The class <c>_Session</c> (contract section 15): a user sees and ends his own sessions.</summary>
internal sealed class SessionHandler(ClassServices services, Data.Accounts.Sessions sessions) : ClassHandler(services)
{
    // What a new session is made of is the server's to say.
    private static readonly string[] NotGiven = ["objectId", "user", "sessionToken", "expiresAt", "createdWith"];

    /// <inheritdoc/>
    public override string ClassName => Wire.ClassName.Session;

    /// <inheritdoc/>
    public override async ValueTask<ParseResponse> CreateAsync(ParseRequest request, string className)
    {
        RequireUser(request, "Session token required.");
        if (HasAcl(request))
            throw AclRefused();
        var userId = request.Caller.UserId;
        if (userId is null && request.Body.Get("user") is { } user && ValueReader.Read(user) is { Target: Wire.ClassName.User } pointer)
            userId = pointer.Value.AsReference.Id;
        if (userId is null)
            throw new ParseError(ErrorCode.InvalidSessionToken, "Session token required.");
        var draft = new WriteDraft { Request = request, ClassName = className, IsCreate = false, Body = Read(request, className, isCreate: true) };
        foreach (var name in NotGiven)
            draft.Body.Take(name);
        await PlanWriteAsync(draft);
        await Services.Rows.PrepareAsync(draft.Table, draft.Changes, request.Aborted);
        NewSession session;
        await using (var own = request.Shared is null ? await Services.Rows.BeginAsync(request.Aborted) : null)
        {
            var transaction = own ?? await request.Shared!.EnterAsync();
            session = await sessions.CreateAsync(transaction, userId, new SessionRequest
            {
                InstallationId = draft.Body.Text("installationId"),
                CreatedWith = UserHandler.CreatedWith("create", null),
            }, request.Aborted);
            if (draft.Changes.Changes.Count > 0)
                await Services.Rows.ChangeAsync(draft.Table, session.Id, draft.Changes, Caller.Administrator, transaction, request.Aborted);
            await (own is null ? request.Shared!.CommitAsync() : own.CommitAsync(CancellationToken.None));
        }

        var row = await Services.Rows.GetAsync(draft.Table, session.Id, Caller.Administrator, null, request.Aborted) ?? throw ParseError.ObjectNotFound();
        return ParseResponse.Json(201, writer => WriteRow(writer, row, null, null, null, null), Services.Location(className, session.Id));
    }

    /// <inheritdoc/>
    public override ValueTask<ParseResponse> GetAsync(ParseRequest request, string className, string id)
    {
        RequireUser(request, "Invalid session token");
        return base.GetAsync(request, className, id);
    }

    /// <inheritdoc/>
    public override ValueTask<ParseResponse> FindAsync(ParseRequest request, string className)
    {
        RequireUser(request, "Invalid session token");
        return base.FindAsync(request, className);
    }

    /// <inheritdoc/>
    public override async ValueTask<ParseResponse> DeleteAsync(ParseRequest request, string className, string id)
    {
        RequireUser(request, "Invalid session token");
        try
        {
            var answer = await base.DeleteAsync(request, className, id);
            sessions.ForgetAll();
            return answer;
        }
        catch (Refusal refusal) when (refusal.Kind == RefusalKind.NotFound)
        {
            throw new ParseError(ErrorCode.ObjectNotFound, "Object not found for delete.");
        }
    }

    /// <inheritdoc/>
    protected override ValueTask BeforeWriteAsync(WriteDraft draft)
    {
        var (request, body) = (draft.Request, draft.Body);
        RequireUser(request, "Session token required.");
        if (HasAcl(request))
            throw AclRefused();
        foreach (var field in body.Fields.ToList())
        {
            var own = field.Name == "user" && field.Value.Kind == ValueKind.Reference && field.Value.AsReference.Id == request.Caller.UserId;
            if (own)
                body.Take(field.Key);
            else if (field.Name is "installationId" or "sessionToken" || (field.Name is "user" or "expiresAt" or "createdWith" && !request.IsMaster))
                throw new ParseError(ErrorCode.InvalidKeyName, $"Invalid key name: {field.Name}");
        }

        return default;
    }

    /// <inheritdoc/>
    protected override async ValueTask<WriteResult> StoreAsync(WriteDraft draft)
    {
        var result = await base.StoreAsync(draft);
        if (draft.Request.IsMaster)
            sessions.ForgetAll();
        return result;
    }

    /// <inheritdoc/>
    protected override ValueTask<RowQuery> BeforeFindAsync(ParseRequest request, RowQuery query)
    {
        if (request.IsMaster)
            return new(query);
        var own = new Filter.Equal(query.Table.Find("user")!, Value.Reference(Wire.ClassName.User, request.Caller.UserId!));
        return new(query with { Filter = new Filter.AllOf([own, query.Filter]) });
    }

    private static bool HasAcl(ParseRequest request) => request.Body.Get("ACL") is { ValueKind: not (JsonValueKind.Null or JsonValueKind.False) };

    private static ParseError AclRefused() => new(ErrorCode.InvalidKeyName, "Cannot set ACL on a Session.");

    private static void RequireUser(ParseRequest request, string message)
    {
        if (request.Caller.UserId is null && !request.IsMaster)
            throw new ParseError(ErrorCode.InvalidSessionToken, message);
    }
}
