using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Backend.ParseCompat.Tests.Files;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class FileTests
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), "files-" + Guid.NewGuid().ToString("N"));
    private ParseApp _app = null!;

    [OneTimeSetUp]
    public async Task Start() => _app = await ParseApp.StartAsync(("Files:Directory", _folder), ("Files:MaxBytes", "200000"),
        ("ParseCompat:FileUpload:EnableForPublic", "true"), ("ParseCompat:ReadOnlyMasterKey", "ro"), ("ParseCompat:JavaScriptKey", "js"));

    [OneTimeTearDown]
    public async Task Stop()
    {
        await _app.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Test]
    public async Task A_raw_upload_is_stored_under_a_name_that_cannot_be_guessed()
    {
        using var answer = await UploadAsync("a b@c.txt", "hello"u8.ToArray(), "text/plain");
        var json = JsonSerializer.Deserialize<JsonElement>(await answer.Content.ReadAsStringAsync());
        var (name, url) = (json.GetProperty("name").GetString()!, json.GetProperty("url").GetString()!);

        Assert.That((int)answer.StatusCode, Is.EqualTo(201));
        Assert.That(name, Does.Match("^[0-9a-f]{32}_a b@c\\.txt$"));
        Assert.That(url, Is.EqualTo($"http://host/parse/files/app/{name[..32]}_a%20b%40c.txt"));
        Assert.That(answer.Headers.Location!.OriginalString, Is.EqualTo(url));
        using var got = await GetAsync(name);
        Assert.That(await got.Content.ReadAsStringAsync(), Is.EqualTo("hello"));
        Assert.That(got.Content.Headers.ContentType!.ToString(), Is.EqualTo("text/plain; charset=utf-8"));
        Assert.That(got.Headers.GetValues("X-Content-Type-Options"), Is.EqualTo(["nosniff"]));
        Assert.That(got.Content.Headers.LastModified, Is.Null, "the .NET SDK would get a 304");
    }

    [Test]
    public async Task The_JSON_form_carries_credentials_type_and_metadata()
    {
        const string Body = """
            {"base64":"aGk=","_ContentType":"image/png","fileData":{"metadata":{"by":"Ann"},"tags":{"t":"1"}},"_ApplicationId":"app","_JavaScriptKey":"js"}
            """;
        using var answer = await _app.PostBareAsync("/parse/files/pic", Body);
        var json = JsonSerializer.Deserialize<JsonElement>(await answer.Content.ReadAsStringAsync());
        var name = json.GetProperty("name").GetString()!;

        Assert.That(name, Does.EndWith("_pic.png"), "a name without extension gets that of its type");
        using var got = await GetAsync(name);
        Assert.That(await got.Content.ReadAsStringAsync(), Is.EqualTo("hi"));
        Assert.That(await _app.SendAsync("GET", "/parse/files/app/metadata/" + name), Is.EqualTo("""200 {"metadata":{"by":"Ann"}}"""));
        Assert.That(await _app.SendAsync("GET", "/parse/files/other/metadata/" + name), Is.EqualTo("200 {}"));
        using var wrong = await _app.PostBareAsync("/parse/files/pic", "not json");
        Assert.That(await wrong.Content.ReadAsStringAsync(), Is.EqualTo("""{"error":"unauthorized"}"""));
        using var key = await _app.PostBareAsync("/parse/files/pic", """{"base64":"aGk=","fileData":{"metadata":{"__proto__":1}},"_ApplicationId":"app","_JavaScriptKey":"js"}""");
        Assert.That(await key.Content.ReadAsStringAsync(), Does.Contain("\"code\":105"));
    }

    [Test]
    public async Task With_an_application_id_in_the_header_the_text_itself_is_the_file()
    {
        const string Text = """{"base64":"aGk="}""";
        var name = await StoreAsync("a.json", Encoding.UTF8.GetBytes(Text), "application/json");
        using var got = await GetAsync(name);
        Assert.That(await got.Content.ReadAsStringAsync(), Is.EqualTo(Text));
    }

    [TestCase("", 122, "Filename not provided.")]
    [TestCase("a%2Fb.txt", 122, "Filename contains invalid characters.")]
    [TestCase("%2e%2e%2fb.txt", 122, "Filename contains invalid characters.")]
    [TestCase(".store", 122, "Filename contains invalid characters.")]
    [TestCase("page.html", 130, "File upload of extension html is disabled.")]
    [TestCase("page.HTM", 130, "File upload of extension HTM is disabled.")]
    [TestCase("pic.svg", 130, "File upload of extension svg is disabled.")]
    [TestCase("a.ht ml", 130, "File upload of extension html is disabled.")]
    public async Task Names_and_kinds_that_may_not_be_are_refused(string name, int code, string error)
    {
        using var answer = await UploadAsync(name, "x"u8.ToArray(), "text/plain");
        Assert.That(await answer.Content.ReadAsStringAsync(), Is.EqualTo($$"""{"code":{{code}},"error":"{{error}}"}"""));
    }

    [Test]
    public async Task Other_refusals_of_an_upload()
    {
        Assert.That(await RefusalAsync("a.txt", [], "text/plain"), Is.EqualTo("""400 {"code":130,"error":"Invalid file upload."}"""));
        Assert.That(await RefusalAsync("page", "x"u8.ToArray(), "text/html; charset=utf-8"), Is.EqualTo("""400 {"code":130,"error":"File upload of extension html is disabled."}"""));
        Assert.That(await RefusalAsync(new string('a', 129), "x"u8.ToArray(), "text/plain"), Is.EqualTo("""400 {"code":122,"error":"Filename too long."}"""));
        Assert.That(await RefusalAsync("a.bin", new byte[200_001], "text/plain"), Is.EqualTo("""413 {"error":"request entity too large"}"""));
        Assert.That(await RefusalAsync("a.txt", "x"u8.ToArray(), "text/plain", "X-Parse-Master-Key: ro"),
            Is.EqualTo("""403 {"code":119,"error":"read-only masterKey isn't allowed to create a file."}"""));
        Assert.That(await RefusalAsync("a.txt", "x"u8.ToArray(), "text/plain", "X-Parse-File-Directory: d"), Does.Contain("\"code\":119"));
        Assert.That(Directory.Exists(Path.Combine(_folder, ".incoming")) ? Directory.GetFiles(Path.Combine(_folder, ".incoming")) : [], Has.Length.LessThanOrEqualTo(1));
    }

    [Test]
    public async Task A_body_of_unknown_length_is_stopped_at_the_limit()
    {
        using var request = _app.Request("POST", "/parse/files/a.bin");
        request.Content = new StreamContent(new MemoryStream(new byte[200_001]));
        request.Headers.TransferEncodingChunked = true;
        using var answer = await _app.SendAsync(request);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.RequestEntityTooLarge));
    }

    [Test]
    public async Task A_packed_body_is_unpacked()
    {
        using var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            await gzip.WriteAsync("hello"u8.ToArray());
        using var request = _app.Request("POST", "/parse/files/a.txt");
        request.Content = new ByteArrayContent(packed.ToArray());
        request.Content.Headers.ContentEncoding.Add("gzip");
        using var answer = await _app.SendAsync(request);
        using var got = await GetAsync(JsonSerializer.Deserialize<JsonElement>(await answer.Content.ReadAsStringAsync()).GetProperty("name").GetString()!);
        Assert.That(await got.Content.ReadAsStringAsync(), Is.EqualTo("hello"));
    }

    [Test]
    public async Task The_master_key_uploads_what_it_wants_and_deletes()
    {
        var name = await StoreAsync("page.html", "<script></script>"u8.ToArray(), "text/html", ParseApp.Master, "X-Parse-File-Directory: pages/2024");
        Assert.That(name, Does.Match("^pages/2024/[0-9a-f]{32}_page\\.html$"));
        using (var got = await GetAsync(name))
        {
            Assert.That(got.Content.Headers.ContentType!.ToString(), Is.EqualTo("text/html; charset=utf-8"));
            Assert.That(got.Content.Headers.ContentDisposition!.ToString(), Is.EqualTo("attachment"), "a script in it must not run as a page of this server");
        }

        Assert.That(await _app.SendAsync("DELETE", "/parse/files/" + name), Is.EqualTo("""403 {"error":"unauthorized: master key is required"}"""));
        Assert.That(await _app.SendAsync("DELETE", "/parse/files/" + name, null, "X-Parse-Master-Key: ro"),
            Is.EqualTo("""403 {"code":119,"error":"read-only masterKey isn't allowed to delete a file."}"""));
        Assert.That(await _app.SendAsync("DELETE", "/parse/files/" + name, null, ParseApp.Master), Is.EqualTo("200 "));
        Assert.That(await _app.SendAsync("DELETE", "/parse/files/" + name, null, ParseApp.Master), Is.EqualTo("""400 {"code":153,"error":"FileNotFound"}"""));
        Assert.That(await _app.SendAsync("GET", "/parse/files/app/" + name), Is.EqualTo("404 File not found."));
    }

    [TestCase("bytes=0-2", 206, "bytes 0-2/10", "012")]
    [TestCase("bytes=5-", 206, "bytes 5-9/10", "56789")]
    [TestCase("bytes=-3", 206, "bytes 7-9/10", "789")]
    [TestCase("bytes=8-99", 206, "bytes 8-9/10", "89")]
    [TestCase("bytes=10-", 416, "bytes */10", "")]
    [TestCase("bytes=x", 200, null, "0123456789")]
    [TestCase("bytes=0-1,4-5", 200, null, "0123456789")]
    public async Task A_part_of_a_file_is_given_as_the_standard_says(string range, int status, string? contentRange, string body)
    {
        var name = await StoreAsync("n.txt", "0123456789"u8.ToArray(), "text/plain");
        using var got = await GetAsync(name, "Range: " + range);
        Assert.That((int)got.StatusCode, Is.EqualTo(status));
        Assert.That(got.Content.Headers.ContentRange?.ToString(), Is.EqualTo(contentRange));
        Assert.That(await got.Content.ReadAsStringAsync(), Is.EqualTo(body));
        if (status != 416)
            Assert.That(got.Headers.AcceptRanges, Is.EqualTo(["bytes"]));
    }

    [Test]
    public async Task Only_a_matching_etag_saves_the_body()
    {
        var name = await StoreAsync("n.txt", "0123456789"u8.ToArray(), "text/plain");
        using var first = await GetAsync(name);
        var etag = first.Headers.ETag!.ToString();

        using var same = await GetAsync(name, "If-None-Match: " + etag);
        Assert.That((int)same.StatusCode, Is.EqualTo(304));
        using var since = await GetAsync(name, "If-Modified-Since: " + DateTimeOffset.UtcNow.ToString("R", null));
        Assert.That((int)since.StatusCode, Is.EqualTo(200));
        using var other = await GetAsync(name, "Range: bytes=0-2", "If-Range: \"other\"");
        Assert.That((int)other.StatusCode, Is.EqualTo(200));
        using var head = await _app.SendAsync(_app.Request("HEAD", "/parse/files/app/" + name));
        Assert.That((await head.Content.ReadAsStringAsync(), head.Content.Headers.ContentLength), Is.EqualTo(("", 10)));
    }

    [TestCase("/parse/files/app/..%2f..%2fetc%2fpasswd")]
    [TestCase("/parse/files/app/%2e%2e/%2e%2e/etc/passwd")]
    [TestCase("/parse/files/app/.store")]
    [TestCase("/parse/files/app/.details%2fx.json")]
    public async Task No_path_leads_out_of_the_store(string path) => Assert.That(await _app.SendAsync("GET", path), Is.EqualTo("404 File not found."));

    [Test]
    public async Task A_foreign_application_has_no_files_here() =>
        Assert.That(await _app.SendAsync("GET", "/parse/files/other/a.txt"), Is.EqualTo("""403 {"code":119,"error":"Invalid application ID."}"""));

    [Test]
    public async Task Who_may_upload_is_a_setting()
    {
        await using var app = await ParseApp.StartAsync(("Files:Directory", _folder));
        var (_, token) = await app.SignUpAsync("bob");
        var anonymous = (await app.JsonAsync("POST", "/parse/users", """{"authData":{"anonymous":{"id":"1"}}}""")).GetProperty("sessionToken").GetString()!;

        Assert.That(await app.SendAsync("POST", "/parse/files/a.txt", "x"), Is.EqualTo("""400 {"code":130,"error":"File upload by public is disabled."}"""));
        Assert.That(await app.SendAsync("POST", "/parse/files/a.txt", "x", ParseApp.As(anonymous)), Is.EqualTo("""400 {"code":130,"error":"File upload by anonymous user is disabled."}"""));
        Assert.That(await app.SendAsync("POST", "/parse/files/a.txt", "x", ParseApp.As(token)), Does.StartWith("201"));
        Assert.That(await app.SendAsync("POST", "/parse/files/a.txt", "x", ParseApp.Master), Does.StartWith("201"));
        Assert.That(await app.SendAsync("POST", "/parse/files/a.txt", "x", ParseApp.As("r:no")), Is.EqualTo("""400 {"code":209,"error":"Invalid session token"}"""));
    }

    [Test]
    public async Task Names_can_be_kept_and_kinds_chosen()
    {
        await using var app = await ParseApp.StartAsync(("Files:Directory", Path.Combine(_folder, "kept")), ("ParseCompat:PreserveFileName", "true"),
            ("ParseCompat:FileUpload:EnableForPublic", "true"), ("ParseCompat:FileUpload:FileExtensions:0", "^png$"), ("Files:ShowActiveContent", "true"),
            ("ParseCompat:FileUpload:AllowEmpty", "true"));
        Assert.That(await app.SendAsync("POST", "/parse/files/a.txt", "x"), Does.Contain("File upload of extension txt is disabled."));
        Assert.That(await app.SendAsync("POST", "/parse/files/a.png", ""), Is.EqualTo("""201 {"url":"http://host/parse/files/app/a.png","name":"a.png"}"""));
        Assert.That(await app.SendAsync("POST", "/parse/files/a.html", "x", ParseApp.Master), Does.StartWith("201"));
        using var got = await app.RequestAsync("GET", "/parse/files/app/a.html");
        Assert.That(got.Content.Headers.ContentDisposition, Is.Null);
    }

    [Test]
    public async Task A_file_field_keeps_the_name_alone()
    {
        var name = await StoreAsync("a.txt", "x"u8.ToArray(), "text/plain");
        var made = await _app.JsonAsync("POST", "/parse/classes/Doc", $$"""{"file":{"__type":"File","name":"{{name}}","url":"http://evil/x"} }""");
        var read = await _app.JsonAsync("GET", "/parse/classes/Doc/" + made.GetProperty("objectId").GetString());
        Assert.That(read.GetProperty("file").GetProperty("url").GetString(), Is.EqualTo("http://host/parse/files/app/" + name));
    }

    [Test]
    public async Task Files_are_no_items_of_a_batch() =>
        Assert.That(await _app.SendAsync("POST", "/parse/batch", """{"requests":[{"method":"POST","path":"/parse/files/a.txt","body":{}}]}"""),
            Is.EqualTo("""400 {"code":107,"error":"cannot route POST /files/a.txt"}"""));

    private async Task<string> StoreAsync(string name, byte[] bytes, string type, params string[] headers)
    {
        using var answer = await UploadAsync(name, bytes, type, headers);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.That((int)answer.StatusCode, Is.EqualTo(201), text);
        return JsonSerializer.Deserialize<JsonElement>(text).GetProperty("name").GetString()!;
    }

    private async Task<string> RefusalAsync(string name, byte[] bytes, string type, params string[] headers)
    {
        using var answer = await UploadAsync(name, bytes, type, headers);
        return $"{(int)answer.StatusCode} {await answer.Content.ReadAsStringAsync()}";
    }

    private async Task<HttpResponseMessage> UploadAsync(string name, byte[] bytes, string type, params string[] headers)
    {
        var path = "/parse/files/" + (name.Contains('%', StringComparison.Ordinal) ? name : Uri.EscapeDataString(name));
        using var request = _app.Request("POST", path, headers);
        request.Content = new ByteArrayContent(bytes);
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        return await _app.SendAsync(request);
    }

    private async Task<HttpResponseMessage> GetAsync(string name, params string[] headers) =>
        await _app.SendAsync(_app.Request("GET", "/parse/files/app/" + string.Join('/', name.Split('/').Select(Uri.EscapeDataString)), headers));
}
