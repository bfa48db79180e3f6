using Backend.Data.Rows;

namespace Backend.Data.Accounts;

/// <summary>A business rule about accounts (design section 5): asked before a log-in and a reset, told of a log-in and a log-out. It is called with nothing held.</summary>
public interface IAccountInterceptor
{
    /// <summary>Whether it has to do with log-ins of the request that runs; asked before each.</summary>
    bool ConcernsLogIns { get; }

    /// <summary>Whether it has to do with password resets of the request that runs; asked before each.</summary>
    bool ConcernsResets { get; }

    /// <summary>The password was right; no session has begun yet. To refuse, throw a <see cref="Refusal"/> of <see cref="RefusalKind.Rejected"/>.</summary>
    ValueTask BeforeLogInAsync(Row user, CancellationToken cancellation);

    /// <summary>The user is logged in.</summary>
    ValueTask AfterLogInAsync(Row user, NewSession session, CancellationToken cancellation);

    /// <summary>Whether it has to do with log-outs of the request that runs; asked before each.</summary>
    bool ConcernsLogOuts => false;

    /// <summary>The session has ended because its user said so. What it throws is the answer, and does not bring the session back.</summary>
    ValueTask AfterLogOutAsync(Row session, CancellationToken cancellation) => default;

    /// <summary>A reset mail is about to be sent to the user. To refuse, throw a <see cref="Refusal"/> of <see cref="RefusalKind.Rejected"/>.</summary>
    ValueTask BeforeResetAsync(Row user, CancellationToken cancellation);
}
