using Backend.Data.Rows;
using Dapper;

namespace Backend.Data.Accounts;

/// <summary>Uses up a token in the transaction of the change that it allows.</summary>
/// <param name="sql">Uses it up, if it still is the user's.</param>
/// <param name="values">Its parameters.</param>
internal sealed class TokenGuard(string sql, object values) : IWriteGuard
{
    private bool _isEntered;

    /// <exception cref="Refusal"><see cref="RefusalKind.InvalidToken"/>: it was used meanwhile.</exception>
    public async ValueTask EnterAsync(RowTransaction transaction, CancellationToken cancellation)
    {
        if (_isEntered)
            return;
        if (await transaction.Connection.ExecuteAsync(new CommandDefinition(sql, values, cancellationToken: cancellation)) == 0)
            throw new Refusal(RefusalKind.InvalidToken, "The token was used.");
        _isEntered = true;
    }

    public void Forget() => _isEntered = false;
}
