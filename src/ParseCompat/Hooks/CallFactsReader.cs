using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.Data.Rows;
using Backend.ParseCompat.Queries;
using Backend.ParseCompat.Wire;
using Microsoft.AspNetCore.Http;

namespace Backend.ParseCompat.Hooks;

/// <summary>Collects <see cref="CallFacts"/>: reads the row of the user who calls.</summary>
internal sealed class CallFactsReader(LiveCatalog catalog, RowStore rows, ValueWriter values)
{
    private readonly RowWriter _rowWriter = new(values);

    /// <summary>The facts of a request of this dialect.</summary>
    public async ValueTask<CallFacts> OfAsync(ParseRequest request)
    {
        request.IsTold = true;
        return new(request.Http, request is { IsMaster: true, IsMaintenance: false }, request.InstallationId, request.Credentials.Context,
            await ReadUserAsync(request.Caller.UserId, request.SessionToken, request.Aborted));
    }

    /// <summary>The facts of a call of another dialect.</summary>
    public async ValueTask<CallFacts> OfAsync(Caller caller, HttpContext http, CancellationToken cancellation) =>
        new(http, caller.IsAdministrator, null, null, await ReadUserAsync(caller.UserId, null, cancellation));

    /// <summary>The facts of a request in which somebody has logged in just now.</summary>
    public static CallFacts Of(ParseRequest request, byte[]? user) =>
        new(request.Http, request is { IsMaster: true, IsMaintenance: false }, request.InstallationId, request.Credentials.Context, user);

    private async ValueTask<byte[]?> ReadUserAsync(string? id, string? token, CancellationToken cancellation)
    {
        if (id is null || (await catalog.GetAsync(cancellation)).Users is not { } users)
            return null;
        return await rows.GetUninterceptedAsync(users, id, cancellation) is { } row
            ? HookJson.Write(writer =>
            {
                writer.WriteStartObject();
                writer.WriteString("className"u8, ClassName.User);
                _rowWriter.WriteKeys(writer, row);
                if (token is not null)
                    writer.WriteString("sessionToken"u8, token);
                writer.WriteEndObject();
            })
            : null;
    }
}
