using System.Text;
using Backend.MongoImport.Checking;
using Backend.Testing;

namespace Backend.MongoImport.Tests.Checking;

[TestFixture, Parallelizable(ParallelScope.All)]
internal sealed class KeyFileTests
{
    [TestCase(10)]
    [TestCase(1_000)]
    [TestCase(1_000_000)]
    public void Questions_have_the_answers_that_sets_in_memory_give(int inMemory)
    {
        var seed = Seed.Value;
        var random = new Random(seed);
        using var folder = Given.Folder();
        using var file = new KeyFile(folder.Path, inMemory);
        var sets = Enumerable.Range(0, 3).Select(_ => file.NewSet()).ToList();
        var values = sets.Select(_ => new List<string>()).ToList();
        for (var n = 0; n < 20_000; n++)
        {
            var which = random.Next(3);
            var value = random.Next(10_000).ToString(System.Globalization.CultureInfo.InvariantCulture);
            values[which].Add(value);
            sets[which].Add(Key.Of(Encoding.UTF8.GetBytes(value), values[which].Count));
        }
        file.Complete();
        Assert.That(Directory.GetFiles(folder.Path), Has.Length.LessThanOrEqualTo(1));

        var repeated = KeyQuestions.Repeated(sets[0]);
        Assert.That(repeated.Count, Is.EqualTo(values[0].Count - values[0].Distinct().Count()), $"seed {seed}");
        var several = values[0].Select((v, n) => (v, n: n + 1L)).GroupBy(x => x.v).Where(g => g.Count() > 1).SelectMany(g => g.Select(x => x.n)).Order().Take(KeyQuestions.Examples);
        Assert.That(repeated.First, Is.EqualTo(several), $"seed {seed}");

        var missing = KeyQuestions.Missing(sets[0], [sets[1], sets[2]]);
        var others = values[1].Concat(values[2]).ToHashSet();
        var expected = values[0].Select((v, n) => (v, n: n + 1L)).Where(x => !others.Contains(x.v)).Select(x => x.n).ToList();
        Assert.That((missing.Count, missing.First), Is.EqualTo(((long)expected.Count, expected.Take(KeyQuestions.Examples))), $"seed {seed}");
        Assert.That(KeyQuestions.Missing(sets[0], []).Count, Is.EqualTo(values[0].Count));
    }

    [Test]
    public void Values_that_are_alike_have_different_keys()
    {
        var texts = Enumerable.Range(0, 2_000).Select(n => new string('a', n)).Concat(Enumerable.Range(0, 50_000).Select(n => $"id{n}")).Concat(["\0", "\0\0", "", "b\0", "\0b"]).Distinct().ToList();
        Assert.That(texts.Select(t => Key.Of(Encoding.UTF8.GetBytes(t), 0)).Distinct().Count(), Is.EqualTo(texts.Count));
        Assert.That(texts.Select(t => Key.Of(Encoding.UTF8.GetBytes(t), 0).High & 0xFFFFFFFF).Distinct().Count(), Is.EqualTo(texts.Count).Within(5));
        Assert.That(Key.Of("ab"u8, "c"u8, 0), Is.Not.EqualTo(Key.Of("a"u8, "bc"u8, 0)));
        Assert.That(Key.Of("a"u8, "b"u8, 0), Is.Not.EqualTo(Key.Of("b"u8, "a"u8, 0)));
    }
}
