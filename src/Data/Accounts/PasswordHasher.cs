using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;

namespace Backend.Data.Accounts;

/// <summary>
/// Makes and checks bcrypt hashes (<c>$2a$</c>, <c>$2b$</c>, <c>$2y$</c>) with the system's libxcrypt. A hash takes a core for tens of milliseconds,
/// so only a few run at once, some wait, and the rest is refused as busy.
/// </summary>
public sealed class PasswordHasher : IDisposable
{
    /// <summary>Above this cost (16 doubles it six times) a stored hash is not tried: one imported hash of cost 31 would hold a core for a day.</summary>
    private const int MaxCost = 16;
    private const int MaxBytes = 72;
    private const int HashLength = 60;

    private readonly SemaphoreSlim _turns;
    private readonly int _cost;
    private readonly int _most;
    private readonly string _dummy;
    private int _present;

    /// <summary>Checks that libxcrypt is there.</summary>
    /// <exception cref="InvalidOperationException">It is not; the message names the package to install.</exception>
    public PasswordHasher(IOptions<PasswordOptions> options)
    {
        LibCrypt.Check();
        var parallel = options.Value.Parallel > 0 ? options.Value.Parallel : Environment.ProcessorCount;
        _turns = new SemaphoreSlim(parallel);
        _most = parallel + (options.Value.Waiting > 0 ? options.Value.Waiting : 64 * Environment.ProcessorCount);
        _cost = options.Value.Cost;
        _dummy = LibCrypt.Hash("nobody's password"u8, LibCrypt.NewSetting(_cost))!;
    }

    /// <summary>The hash to store for a new password. Bytes beyond the 72nd do not count, as everywhere with bcrypt.</summary>
    /// <exception cref="Refusal"><see cref="RefusalKind.InvalidValue"/>: the password holds a NUL; <see cref="RefusalKind.Busy"/>.</exception>
    public async Task<string> HashAsync(string password, CancellationToken cancellationToken)
    {
        if (password.Contains('\0', StringComparison.Ordinal))
            throw new Refusal(RefusalKind.InvalidValue, "A password cannot hold the character U+0000.", field: "password");
        return await RunAsync(password, LibCrypt.NewSetting(_cost), cancellationToken)
            ?? throw new InvalidOperationException("libxcrypt refused its own setting.");
    }

    /// <summary>
    /// Whether the password fits the stored hash. With no hash, or one that is not bcrypt's, the answer is no after the same time:
    /// timing does not tell whether an account exists.
    /// </summary>
    /// <exception cref="Refusal"><see cref="RefusalKind.Busy"/>.</exception>
    public async Task<bool> VerifyAsync(string password, string? hash, CancellationToken cancellationToken)
    {
        // bcrypt stops at a NUL: a password with one would match the hash of its beginning.
        var possible = IsBcrypt(hash) && !password.Contains('\0', StringComparison.Ordinal);
        var setting = possible ? hash! : _dummy;
        var computed = await RunAsync(password.Replace('\0', '?'), setting, cancellationToken);
        return CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(computed ?? ""), Encoding.ASCII.GetBytes(setting)) && possible;
    }

    /// <inheritdoc/>
    public void Dispose() => _turns.Dispose();

    /// <summary>Whether this is a bcrypt hash that <see cref="VerifyAsync"/> tries.</summary>
    public static bool IsBcrypt(string? hash) =>
        hash is { Length: HashLength } && hash[0] == '$' && hash[1] == '2' && hash[2] is 'a' or 'b' or 'y' && hash[3] == '$' && hash[6] == '$'
        && int.TryParse(hash.AsSpan(4, 2), System.Globalization.NumberStyles.None, null, out var cost) && cost is >= 4 and <= MaxCost
        && !hash.AsSpan(7).ContainsAnyExcept(Base64);

    private static readonly SearchValues<char> Base64 = SearchValues.Create("./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    private async Task<string?> RunAsync(string password, string setting, CancellationToken cancellationToken)
    {
        if (Interlocked.Increment(ref _present) > _most)
        {
            Interlocked.Decrement(ref _present);
            throw new Refusal(RefusalKind.Busy, "Too many passwords are being checked.");
        }

        try
        {
            await _turns.WaitAsync(cancellationToken);
            try
            {
                return await Task.Run(() => Run(password, setting), CancellationToken.None);
            }
            finally
            {
                _turns.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _present);
        }
    }

    private static string? Run(string password, string setting)
    {
        // Of a very long password only the beginning is encoded: 72 UTF-16 units make at least 72 bytes, and never cut a pair within the 72 bytes.
        Span<byte> utf8 = stackalloc byte[(MaxBytes + 1) * 3];
        var length = Encoding.UTF8.GetBytes(password.AsSpan(0, Math.Min(password.Length, MaxBytes + 1)), utf8);
        try
        {
            return LibCrypt.Hash(utf8[..Math.Min(length, MaxBytes)], setting);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(utf8);
        }
    }
}
