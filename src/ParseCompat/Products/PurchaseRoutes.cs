using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Backend.Data.Query;
using Backend.Data.Values;
using Backend.ParseCompat.Classes;
using Backend.ParseCompat.Wire;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Backend.ParseCompat.Products;

/// <summary><c>POST /validate_purchase</c> (contract section 25): asks Apple whether a receipt is genuine and gives out what was bought.</summary>
internal sealed class PurchaseRoutes : IRouteSource, IDisposable
{
    private const int Genuine = 0;
    private const int Unavailable = 21005;
    private const int FromSandbox = 21007;
    private const int MaxAnswerBytes = 1024 * 1024;

    private static readonly Dictionary<int, string> Errors = new()
    {
        [21000] = "The App Store could not read the JSON object you provided.",
        [21002] = "The data in the receipt-data property was malformed or missing.",
        [21003] = "The receipt could not be authenticated.",
        [21004] = "The shared secret you provided does not match the shared secret on file for your account.",
        [Unavailable] = "The receipt server is not currently available.",
        [21006] = "This receipt is valid but the subscription has expired.",
        [FromSandbox] = "This receipt is from the test environment, but it was sent to the production environment for verification. Send it to the test environment instead.",
        [21008] = "This receipt is from the production environment, but it was sent to the test environment for verification. Send it to the production environment instead.",
    };

    private readonly ClassServices _services;
    private readonly ILogger<PurchaseRoutes> _logger;
    private readonly PurchaseOptions _options;
    private readonly HttpClient _store;

    public PurchaseRoutes(ClassServices services, IOptions<PurchaseOptions> options, ILogger<PurchaseRoutes> logger)
    {
        (_services, _logger, _options) = (services, logger, options.Value);
        _store = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = _options.Timeout, MaxResponseContentBufferSize = MaxAnswerBytes };
    }

    /// <inheritdoc/>
    public void AddRoutes(RouteList routes) => routes.Map("POST", "/validate_purchase", ValidateAsync);

    public void Dispose() => _store.Dispose();

    private async ValueTask<ParseResponse> ValidateAsync(ParseRequest request)
    {
        if (Receipt(request.Body.Get("receipt")) is not { Length: > 0 } receipt || request.Body.GetText("productIdentifier") is not { Length: > 0 } product)
            throw new ParseError(ErrorCode.InvalidJson, "missing receipt or productIdentifier");
        var status = await AskAsync(_options.Url, receipt, request);
        if (status == FromSandbox)
            status = await AskAsync(_options.SandboxUrl, receipt, request);
        if (status != Genuine)
            return Refusal(status);

        var table = (await _services.Catalog.GetAsync(request.Aborted)).FindByOrigin(ClassName.Product)!;
        var query = new RowQuery { Table = table, Filter = new Filter.Equal(table.Find("productIdentifier")!, Value.Of(product)), Limit = 2 };
        await using var rows = await _services.Rows.OpenAsync(query, request.Caller, request.Aborted);
        var found = await rows.ReadAsync(request.Aborted) ? rows.Keep() : throw ParseError.ObjectNotFound();
        if (await rows.ReadAsync(request.Aborted) || found.Get("download") is not { Kind: ValueKind.File } download)
            throw ParseError.ObjectNotFound();
        return ParseResponse.Json(200, writer => _services.Values.Write(writer, download));
    }

    /// <summary>The store's status for a receipt. An answer that is none counts as "not available".</summary>
    private async ValueTask<int> AskAsync(string url, string receipt, ParseRequest request)
    {
        try
        {
            using var answer = await _store.PostAsJsonAsync(url, new Dictionary<string, string> { ["receipt-data"] = receipt }, request.Aborted);
            var json = await answer.Content.ReadFromJsonAsync<JsonElement>(request.Aborted);
            if (json.ValueKind == JsonValueKind.Object && json.TryGetProperty("status", out var status))
            {
                var text = status.ValueKind == JsonValueKind.String ? status.GetString() : status.GetRawText();
                if (int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var number))
                    return number;
            }

            return Unavailable;
        }
        catch (Exception e) when (e is HttpRequestException or JsonException || (e is OperationCanceledException && !request.Aborted.IsCancellationRequested))
        {
            Log.StoreUnreachable(_logger, e);
            return Unavailable;
        }
    }

    private static string? Receipt(JsonElement? receipt) => receipt switch
    {
        { ValueKind: JsonValueKind.String } text => JsonText.Read(text),
        { ValueKind: JsonValueKind.Object } typed when typed.TryGetProperty("base64", out var base64) && base64.ValueKind == JsonValueKind.String => JsonText.Read(base64),
        _ => null,
    };

    private static ParseResponse Refusal(int status) => ParseResponse.Json(200, writer =>
    {
        writer.WriteStartObject();
        writer.WriteNumber("status"u8, status);
        writer.WriteString("error"u8, Errors.GetValueOrDefault(status, "unknown error."));
        writer.WriteEndObject();
    });
}
