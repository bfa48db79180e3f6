using System.Text.RegularExpressions;
using System.Xml.Linq;
using Backend.Testing;

namespace Backend.ParseCompat.Tests.Structure;

/// <summary>
/// The house stands on these: references point one way, <c>Data &lt;- Jobs &lt;- ParseCompat &lt;- Api</c> and <c>Data &lt;- MongoImport</c>, and the
/// ground floors do not know the dialect that stands on them.
/// </summary>
[Parallelizable(ParallelScope.All)]
public sealed partial class ReferenceTests
{
    [TestCase("src/Data", "")]
    [TestCase("src/Jobs", "Data")]
    [TestCase("src/ParseCompat", "Data Jobs")]
    [TestCase("src/Api", "Data Jobs ParseCompat")]
    [TestCase("scripts/MongoImport", "Data")]
    public void A_project_references_only_what_is_below_it(string folder, string below) => Assert.That(
        References(Repository.File(folder, Path.GetFileName(folder) + ".csproj")), Is.SubsetOf(below.Split(' ', StringSplitOptions.RemoveEmptyEntries)));

    [Test]
    public void The_dialect_is_referenced_by_the_Api_and_by_its_own_tests_alone()
    {
        string[] projects = ["src", "scripts", "tests"];
        var users = projects
            .SelectMany(folder => Directory.EnumerateFiles(Repository.File(folder), "*.csproj", SearchOption.AllDirectories))
            .Where(project => References(project).Contains("ParseCompat"))
            .Select(Path.GetFileNameWithoutExtension);
        Assert.That(users, Is.SubsetOf(new[] { "Api", "ParseCompat.Tests", "Conformance" }).And.Contains("Api"));
    }

    [TestCase("src/Data")]
    [TestCase("src/Jobs")]
    public void The_ground_floors_speak_of_tables_and_rows_not_of_the_dialect(string folder)
    {
        var lines = Directory.EnumerateFiles(Repository.File(folder), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains("/bin/") && !file.Contains("/obj/"))
            .SelectMany(file => File.ReadLines(file).Where(line => DialectWord().IsMatch(line)).Select(line => $"{Path.GetFileName(file)}: {line.Trim()}"));
        Assert.That(lines, Is.Empty);
    }

    private static IEnumerable<string> References(string project) => XDocument.Load(project)
        .Descendants("ProjectReference")
        .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/')));

    [GeneratedRegex(@"ParseCompat|parse-server|\b_(User|Role|Session|Installation)\b|_[rw]perm\b|\bobjectId\b|\bclassName\b")]
    private static partial Regex DialectWord();
}
