using System.Text;
using System.Text.Json;
using Backend.Data.Files;
using Microsoft.Extensions.Options;

namespace Backend.Data.Tests.Files;

[TestFixture]
public sealed class DiskFileStoreTests
{
    private string _folder = null!;
    private DiskFileStore _store = null!;

    [SetUp]
    public void Make()
    {
        _folder = Path.Combine(Path.GetTempPath(), "files-" + Guid.NewGuid().ToString("N"));
        _store = new DiskFileStore(Options.Create(new FilesOptions { Directory = _folder, MaxDetailsBytes = 200 }));
    }

    [TearDown]
    public void Remove()
    {
        if (Directory.Exists(_folder))
            Directory.Delete(_folder, recursive: true);
    }

    [Test]
    public async Task A_file_comes_back_as_it_was_stored()
    {
        var bytes = new byte[300_000];
        Random.Shared.NextBytes(bytes);

        Assert.That(await _store.SaveAsync("a b@c.bin", new MemoryStream(bytes), FileDetails.None, long.MaxValue, default), Is.EqualTo(bytes.Length));

        await using var file = (await _store.OpenAsync("a b@c.bin", default))!;
        Assert.That(file.Length, Is.EqualTo(bytes.Length));
        Assert.That(await ReadAsync(file), Is.EqualTo(bytes));
        Assert.That(await _store.OpenAsync("other.bin", default), Is.Null);
    }

    [Test]
    public async Task What_belongs_to_a_file_travels_with_it()
    {
        var metadata = JsonDocument.Parse("""{"by":"Ann"}""").RootElement;
        await SaveAsync("odd.xyz", "x", new FileDetails("application/x-odd", metadata));
        await SaveAsync("plain.txt", "x", new FileDetails("text/plain; charset=utf-8"));

        var details = (await _store.ReadDetailsAsync("odd.xyz", default))!;
        Assert.That((details.ContentType, details.Metadata!.Value.GetRawText(), details.Tags), Is.EqualTo(("application/x-odd", """{"by":"Ann"}""", (JsonElement?)null)));
        Assert.That(await _store.ReadDetailsAsync("plain.txt", default), Is.EqualTo(FileDetails.None));
        Assert.That(await _store.ReadDetailsAsync("none.txt", default), Is.Null);
        Assert.That(Directory.GetFiles(Path.Combine(_folder, ".details")), Has.Length.EqualTo(1), "nothing is kept for a file whose name says it all");

        await SaveAsync("odd.xyz", "y", FileDetails.None);
        Assert.That(await _store.ReadDetailsAsync("odd.xyz", default), Is.EqualTo(FileDetails.None), "a new file does not inherit");
    }

    [Test]
    public async Task A_file_that_is_replaced_has_another_version()
    {
        await SaveAsync("a.txt", "one");
        await using var old = (await _store.OpenAsync("a.txt", default))!;
        await SaveAsync("a.txt", "two");
        await using var now = (await _store.OpenAsync("a.txt", default))!;

        Assert.That(now.Version, Is.Not.EqualTo(old.Version));
        Assert.That(Encoding.UTF8.GetString(await ReadAsync(old)), Is.EqualTo("one"), "whoever reads goes on reading what he opened");
    }

    [Test]
    public async Task A_file_that_is_too_large_or_breaks_off_leaves_nothing()
    {
        Assert.That(() => _store.SaveAsync("a.txt", new MemoryStream(new byte[101]), FileDetails.None, 100, default),
            Throws.InstanceOf<Refusal>().With.Property(nameof(Refusal.Kind)).EqualTo(RefusalKind.LimitExceeded));
        Assert.That(() => _store.SaveAsync("a.txt", new BrokenStream(), FileDetails.None, 100, default), Throws.InstanceOf<IOException>());
        var large = JsonDocument.Parse($$"""{"text":"{{new string('x', 300)}}"}""").RootElement;
        Assert.That(() => SaveAsync("a.txt", "x", new FileDetails(null, large)), Throws.InstanceOf<Refusal>());

        Assert.That(await _store.OpenAsync("a.txt", default), Is.Null);
        Assert.That(Directory.GetFiles(_folder, "*", SearchOption.AllDirectories), Is.Empty);
    }

    [Test]
    public async Task A_deleted_file_is_gone_with_what_belongs_to_it()
    {
        await SaveAsync("a.xyz", "x", new FileDetails("application/x-odd"));

        Assert.That(await _store.DeleteAsync("a.xyz", default), Is.True);
        Assert.That(await _store.DeleteAsync("a.xyz", default), Is.False);
        Assert.That(Directory.GetFiles(_folder, "*", SearchOption.AllDirectories), Is.Empty);
    }

    [Test]
    public async Task Names_with_slashes_are_folders()
    {
        await SaveAsync("images/2024/a.png", "x");

        Assert.That(File.Exists(Path.Combine(_folder, "images", "2024", "a.png")));
        Assert.That(await _store.OpenAsync("images/2024", default), Is.Null, "a folder is no file");
        Assert.That(() => SaveAsync("images", "x"), Throws.InstanceOf<Refusal>());
    }

    [TestCase("a.txt", true)]
    [TestCase("tfss-0a1b-näme (1).png", true)]
    [TestCase("a/b.txt", true)]
    [TestCase("", false)]
    [TestCase(".", false)]
    [TestCase("..", false)]
    [TestCase("../a", false)]
    [TestCase("a/../b", false)]
    [TestCase("a//b", false)]
    [TestCase("/a", false)]
    [TestCase("a/", false)]
    [TestCase(".details/a", false)]
    [TestCase(".store", false)]
    [TestCase("a\\b", false)]
    [TestCase("a\0b", false)]
    [TestCase("a\nb", false)]
    public async Task No_name_leads_out_of_the_folder_or_to_the_stores_own_files(string name, bool isStorable)
    {
        Assert.That(FileName.IsStorable(name), Is.EqualTo(isStorable));
        if (isStorable)
            return;
        Assert.That(() => SaveAsync(name, "x"), Throws.InstanceOf<Refusal>());
        Assert.That(await _store.OpenAsync(name, default), Is.Null);
        Assert.That(await _store.DeleteAsync(name, default), Is.False);
        Assert.That(await _store.ReadDetailsAsync(name, default), Is.Null);
    }

    [Test]
    public void A_name_has_at_most_255_bytes_between_slashes()
    {
        Assert.That(FileName.IsStorable(new string('a', 255)), Is.True);
        Assert.That(FileName.IsStorable(new string('a', 256)), Is.False);
        Assert.That(FileName.IsStorable(new string('ä', 128)), Is.False);
        Assert.That(FileName.IsStorable("a" + '\ud800'), Is.False, "half a character");
    }

    [TestCase("a.PNG", "text/html", "image/png")]
    [TestCase("a", "text/html", "application/octet-stream")]
    [TestCase("a.xyz", "image/svg+xml", "application/octet-stream")]
    [TestCase("a.xyz", "application/x-odd", "application/x-odd")]
    [TestCase("a.xyz", "a/b\r\nX: y", "application/octet-stream")]
    [TestCase("a.xyz", null, "application/octet-stream")]
    public void A_type_that_could_run_in_a_browser_is_never_taken_from_the_uploader(string name, string? given, string sent) =>
        Assert.That(MediaTypes.ForSending(name, new FileDetails(given)), Is.EqualTo(sent));

    private Task<long> SaveAsync(string name, string text, FileDetails? details = null) =>
        _store.SaveAsync(name, new MemoryStream(Encoding.UTF8.GetBytes(text)), details ?? FileDetails.None, long.MaxValue, default);

    private static async Task<byte[]> ReadAsync(OpenFile file)
    {
        using var memory = new MemoryStream();
        await file.Content.CopyToAsync(memory);
        return memory.ToArray();
    }

    private sealed class BrokenStream : MemoryStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => throw new IOException("gone");
    }
}
