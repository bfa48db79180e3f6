using System.Net.Http.Headers;
using System.Text.Json;
using Backend.Data;
using Backend.ParseCompat.Wire;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Backend.ParseCompat.Hooks;

/// <summary>
/// Calls web hooks: one POST, sent once, whatever becomes of it. Never while a transaction or pooled connection is held (design section 3).
/// </summary>
internal sealed class HookClient(IHttpClientFactory clients, IOptions<ParseCompatOptions> server, IOptions<WebhookOptions> options, ILogger<HookClient> logger)
{
    /// <summary>The name of the HTTP client.</summary>
    public const string ClientName = "parse-webhooks";

    private const int BufferSize = 16 * 1024;

    private readonly WebhookOptions _options = options.Value;

    /// <summary>Calls a hook with a JSON body.</summary>
    /// <param name="hook">The hook.</param>
    /// <param name="body">Writes the body's properties, inside an object that has been started.</param>
    /// <param name="cancellation">Gives the call up.</param>
    /// <exception cref="Refusal"><see cref="RefusalKind.Rejected"/>: the hook said no, could not be reached, took too long, or answered what cannot be read.</exception>
    public async Task<HookAnswer> CallAsync(Hook hook, Action<Utf8JsonWriter> body, CancellationToken cancellation)
    {
        if (hook.Address is not { } address)
            throw Failed(hook, "its address cannot be called", "The web hook's address cannot be called.");
        using var content = new ByteArrayContent(HookJson.Write(writer =>
        {
            writer.WriteStartObject();
            body(writer);
            writer.WriteEndObject();
        }));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = content };
        request.Headers.Add("X-Parse-Application-Id", server.Value.ApplicationId);
        if (_options.WebhookKey is { } key)
            request.Headers.Add("X-Parse-Webhook-Key", key);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(_options.WebhookTimeout);
        try
        {
            using var client = clients.CreateClient(ClientName);
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            var answer = await ReadAsync(response.Content, limit.Token)
                ?? throw Failed(hook, "its answer is larger than ParseCompat:WebhookMaxAnswerBytes", "The web hook's answer is too large.");
            return HookAnswer.Read((int)response.StatusCode, answer, hook.TriggerName is null ? "Script failed." : "Script failed. Unknown error.");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw Failed(hook, "no answer within ParseCompat:WebhookTimeout", "The web hook did not answer in time.", ErrorCode.Timeout);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw Failed(hook, e.GetBaseException().GetType().Name + " while it was called", "The web hook could not be reached.");
        }
    }

    /// <summary>The whole answer; null: it is larger than it may be.</summary>
    private async Task<byte[]?> ReadAsync(HttpContent content, CancellationToken cancellation)
    {
        if (content.Headers.ContentLength > _options.WebhookMaxAnswerBytes)
            return null;
        await using var stream = await content.ReadAsStreamAsync(cancellation);
        using var answer = new MemoryStream();
        var buffer = new byte[BufferSize];
        while (await stream.ReadAsync(buffer, cancellation) is var read and > 0)
        {
            if (answer.Length + read > _options.WebhookMaxAnswerBytes)
                return null;
            answer.Write(buffer, 0, read);
        }

        return answer.ToArray();
    }

    private Refusal Failed(Hook hook, string reason, string message, int? code = null)
    {
        Log.HookFailed(logger, hook.FunctionName ?? $"{hook.TriggerName} of {hook.ClassName}", reason);
        return new Refusal(RefusalKind.Rejected, message) { Code = code };
    }
}
