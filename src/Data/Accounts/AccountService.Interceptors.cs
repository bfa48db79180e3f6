using System.Collections.Immutable;
using Backend.Data.Access;
using Backend.Data.Rows;
using Dapper;

namespace Backend.Data.Accounts;

/// <content>Where business rules about accounts come in.</content>
public sealed partial class AccountService
{
    private readonly ImmutableArray<IAccountInterceptor> _interceptors;

    /// <summary>Begins the session of a user whose password was right, past those who want to hear of it.</summary>
    private async Task<NewSession> BeginSessionAsync(string userId, SessionRequest wanted, CancellationToken cancellation)
    {
        var concerned = _interceptors.IsEmpty ? [] : _interceptors.Where(i => i.ConcernsLogIns).ToImmutableArray();
        if (concerned.IsEmpty)
            return await _sessions.CreateAsync(userId, wanted, cancellation);
        var user = await ReadUserAsync(userId, cancellation) ?? throw new Refusal(RefusalKind.InvalidCredentials, "The account is gone.");
        foreach (var interceptor in concerned)
            await interceptor.BeforeLogInAsync(user, cancellation);
        var session = await _sessions.CreateAsync(userId, wanted, cancellation);
        foreach (var interceptor in concerned)
            await interceptor.AfterLogInAsync(user, session, CancellationToken.None);
        return session;
    }

    /// <summary>Ends the caller's session, as <see cref="Sessions.LogOutAsync"/>, past those who want to hear of it.</summary>
    public Task LogOutAsync(Caller caller, CancellationToken cancellation = default) =>
        EndSessionAsync(caller.SessionId, () => _sessions.LogOutAsync(caller, cancellation), cancellation);

    /// <summary>Ends a session with <paramref name="end"/>, past those who want to hear of it.</summary>
    internal async Task EndSessionAsync(string? sessionId, Func<Task> end, CancellationToken cancellation)
    {
        var concerned = _interceptors.IsEmpty || sessionId is null ? [] : _interceptors.Where(i => i.ConcernsLogOuts).ToImmutableArray();
        var session = concerned.IsEmpty ? null : await _rows.GetUninterceptedAsync((await _catalog.GetAsync(cancellation)).Sessions!, sessionId!, cancellation);
        await end();
        if (session is null)
            return;
        foreach (var interceptor in concerned)
            await interceptor.AfterLogOutAsync(session, CancellationToken.None);
    }

    /// <summary>Asks whether the user whom a reset is asked for may have one, before anything is locked for it.</summary>
    private async Task AskBeforeResetAsync(string address, CancellationToken cancellation)
    {
        var concerned = _interceptors.IsEmpty ? [] : _interceptors.Where(i => i.ConcernsResets).ToImmutableArray();
        if (concerned.IsEmpty)
            return;
        string? id;
        await using (var connection = await _database.OpenConnectionAsync(cancellation))
            id = (await connection.QueryFirstOrDefaultAsync<Addressee>(new CommandDefinition(AddresseeSql, AddresseeValues(address), cancellationToken: cancellation)))?.Id;
        if (id is null || await ReadUserAsync(id, cancellation) is not { } user)
            return;
        foreach (var interceptor in concerned)
            await interceptor.BeforeResetAsync(user, cancellation);
    }

    private async Task<Row?> ReadUserAsync(string id, CancellationToken cancellation) => await _rows.GetUninterceptedAsync(await UsersAsync(cancellation), id, cancellation);
}
