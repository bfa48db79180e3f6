using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Backend.Data.Rows;
using Backend.ParseCompat.Wire;
using Microsoft.Extensions.Options;
using Npgsql;
using NpgsqlTypes;

namespace Backend.ParseCompat.Limits;

/// <summary>
/// Takes a write that carries a request id once (contract section 26). Its hash is noted in the write's own transaction, so that a write that
/// failed may be sent again and one that was committed may not, whichever process it reaches. A function or job has no transaction: it is noted before it runs.
/// </summary>
internal sealed class RequestIds(NpgsqlDataSource database, IOptions<IdempotencyOptions> options) : IRequestRunner
{
    private const string Header = "X-Parse-Request-Id";
    private readonly Regex[] _paths = options.Value.Compile();

    /// <inheritdoc/>
    public bool IsOn => _paths.Length > 0;

    /// <inheritdoc/>
    /// <exception cref="ParseError">159.</exception>
    public ValueTask<ParseResponse> RunAsync(ParseRequest request, RouteHandler handler) =>
        request.Method is "POST" or "PUT" && request.Http.Request.Headers[Header].ToString() is { Length: > 0 } id && Concerns(request)
            ? RunOnceAsync(request, handler, id)
            : handler(request);

    private bool Concerns(ParseRequest request)
    {
        var isWrite = request.Route.Pattern is "/classes/:className" or "/classes/:className/:objectId" or "/users" or "/users/:objectId" or "/installations" or "/installations/:objectId";
        if (!isWrite && !IsCode(request.Route))
            return false;
        var path = string.Join('/', request.Segments);
        return Array.Exists(_paths, pattern => Patterns.Matches(pattern, path));
    }

    private async ValueTask<ParseResponse> RunOnceAsync(ParseRequest request, RouteHandler handler, string id)
    {
        var note = new RequestNote(Hash(request, id), options.Value.Ttl);
        if (IsCode(request.Route))
        {
            await NoteAsync(note, request.Aborted);
            return await handler(request);
        }

        // So that nothing is called, checked or hashed for a request that came before; which of two at once is first, the transaction decides.
        if (await IsNotedAsync(note, request.Aborted))
            throw Duplicate();
        request.Guard = note;
        var answer = await handler(request);
        // A request that wrote no row of its own (a log-in through POST /users).
        if (!note.IsEntered)
            await NoteAsync(note, CancellationToken.None);
        return answer;
    }

    private async Task NoteAsync(RequestNote note, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await note.EnterAsync(connection, null, cancellation);
    }

    private async Task<bool> IsNotedAsync(RequestNote note, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("""
            select exists (select from parse_compat.requests_0 where hash = $1 and noted_at > clock_timestamp() - $2)
                or exists (select from parse_compat.requests_1 where hash = $1 and noted_at > clock_timestamp() - $2)
            """);
        note.AddTo(command);
        return await command.ExecuteScalarAsync(cancellation) is true;
    }

    private static bool IsCode(Route route) => route.First is "functions" or "jobs";

    private static ParseError Duplicate() => new(ErrorCode.DuplicateRequest, "Duplicate request");

    /// <summary>Of who asks, for what, with which body and id; each part with its length before it.</summary>
    private static byte[] Hash(ParseRequest request, string id)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(hash, Encoding.UTF8.GetBytes(request.Caller.UserId ?? (request.IsMaster ? "master" : "")));
        Append(hash, Encoding.UTF8.GetBytes(request.InstallationId ?? ""));
        Append(hash, Encoding.UTF8.GetBytes(request.Method));
        foreach (var segment in request.Segments)
            Append(hash, Encoding.UTF8.GetBytes(segment));
        Append(hash, request.Body.Raw);
        Append(hash, Encoding.UTF8.GetBytes(id));
        return hash.GetHashAndReset();
    }

    private static void Append(IncrementalHash hash, ReadOnlySpan<byte> part)
    {
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, part.Length);
        hash.AppendData(length);
        hash.AppendData(part);
    }

    private sealed class RequestNote(byte[] hash, TimeSpan ttl) : IWriteGuard
    {
        /// <summary>Whether the request was noted. In a transaction that fails the request has failed as well.</summary>
        public bool IsEntered { get; private set; }

        public ValueTask EnterAsync(RowTransaction transaction, CancellationToken cancellation) => EnterAsync(transaction.Connection, transaction.Transaction, cancellation);

        public void Forget() => IsEntered = false;

        public async ValueTask EnterAsync(NpgsqlConnection connection, NpgsqlTransaction? transaction, CancellationToken cancellation)
        {
            if (IsEntered)
                return;
            await using var command = new NpgsqlCommand("select parse_compat.note_request($1, $2)", connection, transaction);
            AddTo(command);
            if (await command.ExecuteScalarAsync(cancellation) is not true)
                throw Duplicate();
            IsEntered = true;
        }

        public void AddTo(NpgsqlCommand command)
        {
            command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = hash, NpgsqlDbType = NpgsqlDbType.Bytea });
            command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = ttl, NpgsqlDbType = NpgsqlDbType.Interval });
        }
    }
}
