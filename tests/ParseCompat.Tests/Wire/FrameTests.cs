using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Backend.Data.Access;
using Backend.ParseCompat.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Backend.ParseCompat.Tests.Wire;

/// <summary>The frame alone, with a few routes of the test's own, over a real socket.</summary>
[TestFixture]
public sealed class FrameTests
{
    private WebApplication _app = null!;
    private HttpClient _client = null!;
    private Uri _address = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["ParseCompat:ApplicationId"] = "app",
            ["ParseCompat:MasterKey"] = "mk",
            ["ParseCompat:ReadOnlyMasterKey"] = "ro",
            ["ParseCompat:RestApiKey"] = "rest",
            ["ParseCompat:JavaScriptKey"] = "js",
            ["ParseCompat:MaxBodyBytes"] = "100000",
        });
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddParseCompatFrame(builder.Configuration);
        builder.Services.AddSingleton<ICallerSource, OneUser>();
        builder.Services.AddSingleton<IRouteSource, EchoRoutes>();
        _app = builder.Build();
        _app.MapParseCompat();
        _app.Run(http => http.Response.WriteAsync("elsewhere"));
        await _app.StartAsync();
        _address = new Uri(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        _client = new HttpClient { BaseAddress = _address };
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        _client.Dispose();
        await _app.DisposeAsync();
    }

    [Test]
    public async Task A_chunk_of_a_size_that_no_number_holds_is_the_client_s_mistake()
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, _address.Port);
        await using var stream = client.GetStream();
        await stream.WriteAsync("POST /parse/classes/A HTTP/1.1\r\nHost: x\r\nX-Parse-Application-Id: app\r\nX-Parse-REST-API-Key: rest\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n{"u8.ToArray());
        using var reader = new StreamReader(stream);
        Assert.That(await reader.ReadLineAsync(), Is.EqualTo("HTTP/1.1 400 Bad Request"));
    }

    [TestCase("HTTP/1.1", "Connection: close\r\nTransfer-Encoding: chunked", "4\r\n{\"a\"\r\n3\r\n:1}\r\n0\r\n\r\n")]
    [TestCase("HTTP/1.0", "Content-Length: 7", "{\"a\":1}")]
    [TestCase("HTTP/1.1", "Connection: close\r\nExpect: 100-continue\r\nContent-Length: 7", "{\"a\":1}")]
    [TestCase("HTTP/1.1", "connection: close\r\ncontent-length: 7\r\ncontent-type: html/text", "{\"a\":1}")]
    public async Task A_body_is_read_however_an_old_client_brings_it(string protocol, string headers, string body)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, _address.Port);
        await using var stream = client.GetStream();
        using var reader = new StreamReader(stream);
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"POST /parse/echo/x {protocol}\r\nHost: x\r\nx-parse-application-id: app\r\nX-PARSE-REST-API-KEY: rest\r\n{headers}\r\n\r\n"));
        if (headers.Contains("Expect", StringComparison.Ordinal))
            Assert.That(await reader.ReadLineAsync(), Is.EqualTo("HTTP/1.1 100 Continue"));
        await stream.WriteAsync(Encoding.ASCII.GetBytes(body));
        Assert.That(await reader.ReadToEndAsync(), Does.Match("HTTP/1.1 200 ").And.Contain("{\"id\":\"x\",\"body\":{\"a\":1}"));
    }

    [Test]
    public async Task An_empty_part_of_a_path_is_no_parameter() =>
        Assert.That(await Answer(Request("POST", "/parse/echo//")), Does.StartWith("404 <!DOCTYPE html>"));

    [Test]
    public async Task A_form_of_more_keys_than_a_form_may_have_is_the_client_s_mistake()
    {
        using var content = new StringContent(string.Join('&', Enumerable.Range(0, 5_000).Select(i => $"k{i}=1")), Encoding.UTF8, "application/x-www-form-urlencoded");
        content.Headers.Add("X-Parse-Application-Id", "app");
        using var answer = await _client.PostAsync("/parse/classes/A", content);
        Assert.That((int)answer.StatusCode, Is.EqualTo(400));
    }

    [Test]
    public async Task Health_needs_no_key() =>
        Assert.That(await Send("GET", "/parse/health", keys: false), Is.EqualTo("200 {\"status\":\"ok\"}"));

    [TestCase("/parse/echo/Foo", "200 {\"id\":\"Foo\",\"body\":{},\"user\":null,\"master\":false}")]
    [TestCase("/1/echo/Foo/", "200 {\"id\":\"Foo\",\"body\":{},\"user\":null,\"master\":false}")]
    [TestCase("/PARSE//ECHO/Foo", "200 {\"id\":\"Foo\",\"body\":{},\"user\":null,\"master\":false}")]
    [TestCase("/parse/echo/a%2Fb", "200 {\"id\":\"a/b\",\"body\":{},\"user\":null,\"master\":false}")]
    [TestCase("/parse/echo/%zz", "400 {\"error\":\"Failed to decode param '%zz'\"}")]
    [TestCase("/parsed", "200 elsewhere")]
    public async Task Paths_are_matched_as_Express_does(string path, string answer) => Assert.That(await Send("GET", path), Is.EqualTo(answer));

    [Test]
    public async Task An_unknown_route_is_a_page()
    {
        var answer = await Send("DELETE", "/parse/nothing/<here>");
        Assert.That(answer, Does.StartWith("404 <!DOCTYPE html>").And.Contains("<pre>Cannot DELETE /parse/nothing/%3Chere%3E</pre>"));
        Assert.That(await Send("GET", "/parse/nothing", keys: false), Is.EqualTo("403 {\"error\":\"unauthorized\"}"));
    }

    [Test]
    public async Task HEAD_is_answered_like_GET_without_a_body()
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, "/parse/echo/Foo");
        request.Headers.Add("X-Parse-Application-Id", "app");
        request.Headers.Add("X-Parse-REST-API-Key", "rest");
        using var response = await _client.SendAsync(request);
        Assert.That((int)response.StatusCode, Is.EqualTo(200));
        Assert.That(await response.Content.ReadAsStringAsync(), Is.Empty);
    }

    [Test]
    public async Task OPTIONS_is_answered_without_a_key()
    {
        using var response = await _client.SendAsync(new HttpRequestMessage(HttpMethod.Options, "/parse/any"));
        Assert.That(await response.Content.ReadAsStringAsync(), Is.EqualTo("OK"));
        Assert.That(response.Headers.GetValues("Access-Control-Allow-Origin").Single(), Is.EqualTo("*"));
    }

    [TestCase("""{"_method":"PUT","_ApplicationId":"app","_JavaScriptKey":"js","_ClientVersion":"js1","_InstallationId":"i","a":1}""", "200 {\"id\":\"x\",\"put\":{\"a\":1}}")]
    [TestCase("""{"_method":"put","_ApplicationId":"app","_MasterKey":"mk","_noBody":true}""", "200 {\"id\":\"x\",\"put\":{}}")]
    [TestCase("""{"_method":"PUT","_ApplicationId":"app","_JavaScriptKey":"rest"}""", "403 {\"error\":\"unauthorized\"}")]
    [TestCase("""{"_method":"PUT","_ApplicationId":"other","_JavaScriptKey":"js"}""", "403 {\"error\":\"unauthorized\"}")]
    [TestCase("""{"_method":"PUT","_ApplicationId":"app","_JavaScriptKey":"js","_SessionToken":1}""", "400 {\"code\":209,\"error\":\"Invalid session token\"}")]
    [TestCase("""{"_method":"PUT","_ApplicationId":"app","_JavaScriptKey":"js","_context":"[]"}""", "400 {\"code\":107,\"error\":\"Invalid object for context.\"}")]
    [TestCase("""{"_method":5,"_ApplicationId":"app","_JavaScriptKey":"js"}""", "200 {\"id\":\"x\",\"body\":{},\"user\":null,\"master\":false}")]
    public async Task The_JavaScript_form_carries_everything_in_the_body(string body, string answer) =>
        Assert.That(await Send("POST", "/parse/echo/x", body, keys: false, type: "text/plain"), Is.EqualTo(answer));

    [Test]
    public async Task Underscore_keys_are_stripped_when_the_headers_speak_as_well() =>
        Assert.That(await Send("POST", "/parse/echo/x", """{"_ApplicationId":"other","_SessionToken":"r:bad","a":{"_method":1}}"""),
            Is.EqualTo("200 {\"id\":\"x\",\"body\":{\"a\":{\"_method\":1}},\"user\":null,\"master\":false}"));

    [TestCase("{\"a\":", "400 {\"error\":")]
    [TestCase("1", "400 {\"error\":")]
    [TestCase("\"x\"", "400 {\"error\":")]
    [TestCase("{} {}", "400 {\"error\":")]
    [TestCase("[1]", "200 {\"id\":\"x\",\"body\":{},")]
    [TestCase("", "200 {\"id\":\"x\",\"body\":{},")]
    public async Task A_body_is_JSON_or_refused_without_a_code(string body, string beginning) =>
        Assert.That(await Send("POST", "/parse/echo/x", body), Does.StartWith(beginning));

    [Test]
    public async Task Deep_nesting_is_refused()
    {
        var deep = string.Concat(Enumerable.Repeat("{\"a\":", 5000)) + "1" + new string('}', 5000);
        Assert.That(await Send("POST", "/parse/echo/x", deep), Is.EqualTo("400 {\"error\":\"JSON is nested too deeply\"}"));
    }

    [Test]
    public async Task A_body_over_the_limit_is_refused_packed_or_not()
    {
        var large = "{\"a\":\"" + new string('x', 100_000) + "\"}";
        Assert.That(await Send("POST", "/parse/echo/x", large), Is.EqualTo("413 {\"error\":\"request entity too large\"}"));
        Assert.That(await SendPacked(large), Is.EqualTo("413 {\"error\":\"request entity too large\"}"));
        Assert.That(await SendPacked("{\"a\":1}"), Does.StartWith("200 {\"id\":\"x\",\"body\":{\"a\":1}"));
    }

    [TestCase("gzip", "400 {\"error\":\"incorrect header check\"}")]
    [TestCase("deflate", "400 {\"error\":\"incorrect header check\"}")]
    [TestCase("lzw", "415 {\"error\":\"unsupported content encoding \\\"lzw\\\"\"}")]
    public async Task A_damaged_or_unknown_packing_is_refused(string encoding, string answer)
    {
        using var request = Request("POST", "/parse/echo/x");
        request.Content = new ByteArrayContent("{\"a\":1}"u8.ToArray());
        request.Content.Headers.ContentEncoding.Add(encoding);
        Assert.That(await Answer(request), Is.EqualTo(answer));
    }

    [Test]
    public async Task A_form_is_read_as_texts() =>
        Assert.That(await Send("POST", "/parse/echo/x", "a=1&b=x+y", type: "application/x-www-form-urlencoded"),
            Does.StartWith("200 {\"id\":\"x\",\"body\":{\"a\":\"1\",\"b\":\"x y\"}"));

    [Test]
    public async Task Invalid_UTF8_becomes_replacement_characters()
    {
        using var request = Request("POST", "/parse/echo/x");
        request.Content = new ByteArrayContent([.. "{\"a\":\""u8, 0xff, .. "\"}"u8]);
        Assert.That(await Answer(request), Does.StartWith("200 {\"id\":\"x\",\"body\":{\"a\":\"\uFFFD\"}"));
    }

    [TestCase("mk", "200 {\"id\":\"x\",\"body\":{},\"user\":null,\"master\":true}")]
    [TestCase("ro", "200 {\"id\":\"x\",\"body\":{},\"user\":null,\"master\":true}")]
    [TestCase("wrong", "403 {\"error\":\"unauthorized\"}")]
    public async Task The_master_key_opens(string key, string answer)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/parse/echo/x");
        request.Headers.Add("X-Parse-Application-Id", "app");
        request.Headers.Add("X-Parse-Master-Key", key);
        Assert.That(await Answer(request), Is.EqualTo(answer));
    }

    [Test]
    public async Task The_master_key_is_closed_to_other_addresses()
    {
        using var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (context, cancellation) =>
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                socket.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.2"), 0));
                await socket.ConnectAsync(context.DnsEndPoint, cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        using var client = new HttpClient(handler) { BaseAddress = _address };
        using var request = new HttpRequestMessage(HttpMethod.Get, "/parse/echo/x");
        request.Headers.Add("X-Parse-Application-Id", "app");
        request.Headers.Add("X-Parse-Master-Key", "mk");
        using var response = await client.SendAsync(request);
        Assert.That((int)response.StatusCode, Is.EqualTo(403));
    }

    [Test]
    public async Task Basic_auth_names_application_and_key()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/parse/echo/x");
        request.Headers.Add("Authorization", "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("app:javascript-key=js")));
        Assert.That(await Answer(request), Does.StartWith("200"));
    }

    [Test]
    public async Task A_session_token_is_resolved_but_not_for_the_master_key()
    {
        using var known = Request("GET", "/parse/echo/x");
        known.Headers.Add("X-Parse-Session-Token", "r:good");
        Assert.That(await Answer(known), Is.EqualTo("200 {\"id\":\"x\",\"body\":{},\"user\":\"ann\",\"master\":false}"));
        using var unknown = Request("GET", "/parse/echo/x");
        unknown.Headers.Add("X-Parse-Session-Token", "r:bad");
        Assert.That(await Answer(unknown), Is.EqualTo("400 {\"code\":209,\"error\":\"Invalid session token\"}"));
        using var master = Request("GET", "/parse/echo/x");
        master.Headers.Add("X-Parse-Session-Token", "r:bad");
        master.Headers.Add("X-Parse-Master-Key", "mk");
        Assert.That(await Answer(master), Does.StartWith("200"));
    }

    [Test]
    public async Task A_master_route_says_what_is_missing() =>
        Assert.That(await Send("GET", "/parse/serverInfo"), Is.EqualTo("403 {\"error\":\"unauthorized: master key is required\"}"));

    [Test]
    public async Task An_unexpected_failure_is_code_1() =>
        Assert.That(await Send("GET", "/parse/fail/early"), Is.EqualTo("500 {\"code\":1,\"error\":\"Internal server error.\"}"));

    [Test]
    public async Task A_failure_within_the_held_back_part_keeps_its_status() =>
        Assert.That(await Send("GET", "/parse/fail/held"), Is.EqualTo("400 {\"code\":102,\"error\":\"late\"}"));

    [Test]
    public void A_failure_after_that_cuts_the_connection() =>
        Assert.That(async () => await Send("GET", "/parse/fail/late"), Throws.InstanceOf<HttpRequestException>().Or.InstanceOf<HttpIOException>());

    [Test]
    public async Task A_large_answer_arrives_whole()
    {
        var answer = await Send("GET", "/parse/large/1");
        Assert.That(answer, Has.Length.EqualTo("200 ".Length + 2 + (5000 * 103) + 4999));
    }

    private HttpRequestMessage Request(string method, string path)
    {
        var request = new HttpRequestMessage(new HttpMethod(method), new Uri(_address.OriginalString.TrimEnd('/') + path,
            new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        request.Headers.Add("X-Parse-Application-Id", "app");
        request.Headers.Add("X-Parse-REST-API-Key", "rest");
        return request;
    }

    private async Task<string> Send(string method, string path, string? body = null, bool keys = true, string type = "application/json")
    {
        using var request = Request(method, path.Replace("<", "%3C", StringComparison.Ordinal).Replace(">", "%3E", StringComparison.Ordinal));
        if (!keys)
            request.Headers.Clear();
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, type);
        return await Answer(request);
    }

    private async Task<string> SendPacked(string body)
    {
        using var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            await gzip.WriteAsync(Encoding.UTF8.GetBytes(body));
        using var request = Request("POST", "/parse/echo/x");
        request.Content = new ByteArrayContent(packed.ToArray());
        request.Content.Headers.ContentEncoding.Add("gzip");
        return await Answer(request);
    }

    private async Task<string> Answer(HttpRequestMessage request)
    {
        using var response = await _client.SendAsync(request);
        return $"{(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}";
    }

    private sealed class OneUser : ICallerSource
    {
        public ValueTask<Caller> ResolveAsync(string sessionToken, CancellationToken cancellation) =>
            sessionToken == "r:good" ? new(Caller.User("ann", [])) : throw ParseError.InvalidSessionToken();
    }

    private sealed class EchoRoutes : IRouteSource
    {
        public void AddRoutes(RouteList routes)
        {
            routes.Map("GET", "/echo/:id", Echo);
            routes.Map("POST", "/echo/:id", Echo);
            routes.Map("PUT", "/echo/:id", request => new(ParseResponse.Json(200, writer =>
            {
                writer.WriteStartObject();
                writer.WriteString("id", request["id"]);
                writer.WritePropertyName("put");
                WriteBody(writer, request);
                writer.WriteEndObject();
            })));
            routes.Map("GET", "/fail/early", _ => throw new InvalidOperationException("broken"));
            routes.Map("GET", "/fail/held", _ => new(ParseResponse.Stream((output, _) =>
            {
                output.Json.WriteStartArray();
                throw new ParseError(ErrorCode.InvalidQuery, "late");
            })));
            routes.Map("GET", "/fail/late", _ => new(ParseResponse.Stream(async (output, cancellation) =>
            {
                await WriteMany(output, cancellation);
                throw new ParseError(ErrorCode.InvalidQuery, "late");
            })));
            routes.Map("GET", "/large/:n", _ => new(ParseResponse.Stream(async (output, cancellation) =>
            {
                await WriteMany(output, cancellation);
                output.Json.WriteEndArray();
            })));
        }

        private static async Task WriteMany(JsonOutput output, CancellationToken cancellation)
        {
            output.Json.WriteStartArray();
            for (var i = 0; i < 5000; i++)
            {
                output.Json.WriteStringValue(new string('x', 101));
                await output.BreatheAsync(cancellation);
            }
        }

        private static ValueTask<ParseResponse> Echo(ParseRequest request) => new(ParseResponse.Json(200, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("id", request["id"]);
            writer.WritePropertyName("body");
            WriteBody(writer, request);
            writer.WriteString("user", request.Caller.UserId);
            writer.WriteBoolean("master", request.IsMaster);
            writer.WriteEndObject();
        }));

        private static void WriteBody(System.Text.Json.Utf8JsonWriter writer, ParseRequest request)
        {
            writer.WriteStartObject();
            foreach (var property in request.Body.Properties())
                property.WriteTo(writer);
            writer.WriteEndObject();
        }
    }
}
