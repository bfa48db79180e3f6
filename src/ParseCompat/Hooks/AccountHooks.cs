using Backend.Data.Access;
using Backend.Data.Accounts;
using Backend.Data.Rows;
using Backend.ParseCompat.Wire;
using Microsoft.Extensions.DependencyInjection;

namespace Backend.ParseCompat.Hooks;

/// <summary>
/// Triggers about accounts below the dialects: log-ins and log-outs of another dialect (this one's meet theirs in its routes) and the resets of both.
/// </summary>
internal sealed class AccountHooks(HookRegistry registry, IServiceProvider provider) : IAccountInterceptor
{
    // The runner needs the row store, which accounts are made with.
    private readonly Lazy<TriggerRunner> _runner = new(provider.GetRequiredService<TriggerRunner>);

    /// <inheritdoc/>
    public bool ConcernsLogIns => HookScope.Current is { Request: null } && (Has(Triggers.BeforeLogin) || Has(Triggers.AfterLogin));

    /// <inheritdoc/>
    public bool ConcernsResets => HookScope.Current is not null && Has(Triggers.BeforePasswordResetRequest);

    /// <inheritdoc/>
    public bool ConcernsLogOuts => HookScope.Current is { Request: null } && registry.Current.Trigger(ClassName.Session, Triggers.AfterLogout) is not null;

    /// <inheritdoc/>
    public async ValueTask BeforeLogInAsync(Row user, CancellationToken cancellation) =>
        await _runner.Value.ObjectAsync(ClassName.User, Triggers.BeforeLogin, _runner.Value.Show(user), await FactsAsync(cancellation), cancellation);

    /// <inheritdoc/>
    public async ValueTask AfterLogInAsync(Row user, NewSession session, CancellationToken cancellation)
    {
        var shown = _runner.Value.Show(user);
        shown["sessionToken"] = session.Token;
        shown["className"] = ClassName.User;
        var facts = new CallFacts(HookScope.Current!.Http, false, null, null, HookJson.Write(writer => shown.WriteTo(writer)));
        await _runner.Value.ObjectAsync(ClassName.User, Triggers.AfterLogin, shown, facts, cancellation);
    }

    /// <inheritdoc/>
    public async ValueTask BeforeResetAsync(Row user, CancellationToken cancellation) =>
        await _runner.Value.ObjectAsync(ClassName.User, Triggers.BeforePasswordResetRequest, _runner.Value.Show(user), await FactsAsync(cancellation), cancellation);

    /// <inheritdoc/>
    public async ValueTask AfterLogOutAsync(Row session, CancellationToken cancellation) =>
        await _runner.Value.ObjectAsync(ClassName.Session, Triggers.AfterLogout, _runner.Value.Show(session), await FactsAsync(cancellation), cancellation);

    private bool Has(string trigger) => registry.Current.Trigger(ClassName.User, trigger) is not null;

    private ValueTask<CallFacts> FactsAsync(CancellationToken cancellation)
    {
        var scope = HookScope.Current!;
        return scope.Request is { } request ? _runner.Value.Facts.OfAsync(request) : _runner.Value.Facts.OfAsync(Caller.Anonymous, scope.Http, cancellation);
    }
}
