using Backend.ParseCompat.Queries;
using Backend.ParseCompat.Wire;
using Backend.Testing;

namespace Backend.ParseCompat.Tests.Queries;

/// <summary>Patterns of the old database's dialect, translated and tried in PostgreSQL.</summary>
[TestFixture]
public sealed class PatternTests
{
    private TestDatabase _database = null!;

    [OneTimeSetUp]
    public async Task Start() => _database = await TestDatabase.CreateAsync();

    [OneTimeTearDown]
    public async Task Stop() => await _database.DisposeAsync();

    [TestCase(@"foo", "", "a foo b", "fo")]
    [TestCase(@"^\Qa.b\E", "", "a.bc", "axbc")]
    [TestCase(@"\Qa\E\\E\Qb\E", "", @"a\Eb", "ab")]
    [TestCase(@"\Q(*+?[{|^$\E", "", "x(*+?[{|^$y", "x")]
    [TestCase(@"\Qopen", "", "open", "o")]
    [TestCase(@"\Qend\E$", "", "the end", "end.")]
    [TestCase(@"end$", "", "end\n", "end\n\n")]
    [TestCase(@"^b", "m", "a\nb", "ab")]
    [TestCase(@"a$", "m", "a\nb", "ab")]
    [TestCase(@"^$", "m", "a\n\nb", "a\n")]
    [TestCase(@"^$", "m", "", "a")]
    [TestCase(@"\bfoo", "i", "éFOO", "aFOO")]
    [TestCase(@"\Bfoo", "", "afoo", "a foo")]
    [TestCase(@"(?=(?:a|b))(.)\1", "", "aa", "ab")]
    [TestCase(@"^(?!.*secret)(?:ab|cd)+$", "", "abcd", "abcdsecret")]
    [TestCase(@"^b", "", "b", "a\nb")]
    [TestCase(@"a.b", "", "axb", "a\nb")]
    [TestCase(@"a.b", "s", "a\nb", "ab")]
    [TestCase(@"[^a]b", "", "\nb", "ab")]
    [TestCase(@"FOO", "i", "foo", "fo")]
    [TestCase(@"É", "i", "é", "e")]
    [TestCase(@"a b # c", "x", "ab", "a b")]
    [TestCase(@"(?i)FOO", "", "foo", "fo")]
    [TestCase(@"(?im)^FOO", "", "x\nfoo", "xfoo")]
    [TestCase(@"\d+\s\w", "", "12 x", "12x")]
    [TestCase(@"\D\S\W", "", "ab!", "12 ")]
    [TestCase(@"^\w+$", "", "a_1", "é")]
    [TestCase(@"^\w+$", "i", "a_1", "é")]
    [TestCase(@"[\w.-]+@[\d\-x]", "", "a.b-c@5", "@")]
    [TestCase(@"[\D]", "", "a", "1")]
    [TestCase(@"[]a]+", "", "]", "b")]
    [TestCase(@"^[^]a]+$", "", "b", "]")]
    [TestCase(@"[[:alpha:]_]", "", "_", "1")]
    [TestCase(@"[a[b]", "", "[", "c")]
    [TestCase(@"[\]\\^-]", "", "\\", "a")]
    [TestCase(@"\bfoo\b", "", "a foo b", "afoo")]
    [TestCase(@"\Afoo\z", "", "foo", "foo\n")]
    [TestCase(@"\Afoo\Z", "", "foo\n", "foo\nx")]
    [TestCase(@"\x41\x{1F600}\t", "", "A😀\t", "A")]
    [TestCase(@"\x41b", "", "Ab", "A")]
    [TestCase(@"a{2}b{0,1}c{1,}", "", "aac", "abc")]
    [TestCase(@"^a{,2}$", "", "a{,2}", "a")]
    [TestCase(@"^{x}$", "", "{x}", "x")]
    [TestCase(@"a+?b*?", "", "aab", "b")]
    [TestCase(@"(a|b)\1", "", "bb", "ab")]
    [TestCase(@"(a)\1(?:1)", "", "aa1", "aa")]
    [TestCase(@"(?:a|)c", "", "c", "b")]
    [TestCase(@"foo(?=bar)", "", "foobar", "foo")]
    [TestCase(@"foo(?!bar)", "", "foox", "foobar")]
    [TestCase(@"(?<=a)b", "", "ab", "cb")]
    [TestCase(@"(?<!a)b", "", "cb", "ab")]
    [TestCase(@"(?<year>\d{4})-(?P<m>\d\d)", "", "2020-01", "20-01")]
    [TestCase(@"a(?#comment)b", "", "ab", "a")]
    [TestCase(@"a\/b\-c\_d", "", "a/b-c_d", "ab")]
    [TestCase(@"\R", "", "\r\n", "a")]
    [TestCase("a\nb", "", "a\nb", "ab")]
    [TestCase("", "", "anything", null)]
    public async Task A_pattern_means_what_it_meant(string pattern, string options, string matches, string? other)
    {
        Assert.That(await Match(matches), Is.True, PatternTranslator.Translate(pattern, options).Expression);
        if (other is not null)
            Assert.That(await Match(other), Is.False, PatternTranslator.Translate(pattern, options).Expression);

        Task<bool> Match(string text)
        {
            var translated = PatternTranslator.Translate(pattern, options);
            return _database.ScalarAsync<bool>(translated.IgnoreCase ? "select $1 collate \"und-x-icu\" ~* $2" : "select $1 collate \"C\" ~ $2", text, translated.Expression);
        }
    }

    [TestCase(@"^abc", "abc")]
    [TestCase(@"^\Qa.b\E", "a.b")]
    [TestCase(@"^\Qa\E\\E\Qb\E", @"a\Eb")]
    [TestCase(@"\Aabc", "abc")]
    [TestCase(@"^abc.*", "abc")]
    [TestCase(@"^abc?", "ab")]
    [TestCase(@"^abc+", "abc")]
    [TestCase(@"^ab|c", null)]
    [TestCase(@"^(ab)", null)]
    [TestCase(@"abc", null)]
    [TestCase(@"^[a]bc", null)]
    [TestCase(@"^a\db", "a")]
    public void A_literal_beginning_is_found(string pattern, string? prefix) => Assert.That(PatternTranslator.Translate(pattern, "").Prefix, Is.EqualTo(prefix));

    [Test]
    public async Task A_pattern_may_be_as_long_as_the_limits_of_clients_and_of_the_old_database_say()
    {
        var list = string.Join('|', Enumerable.Range(0, 4_600).Select(i => $"w{i:D5}"));
        var longest = PatternTranslator.Translate($"^(?:{list})$", "").Expression;

        Assert.That(await _database.ScalarAsync<bool>("select 'w04599' ~ $1 and not 'w04600' ~ $1", longest), Is.True);
        Assert.That(() => PatternTranslator.Translate(new string('a', 32_765), ""), Throws.TypeOf<ParseError>().With.Property("Code").EqualTo(102));
    }

    [TestCase("^abc", "i")]
    [TestCase("^abc", "m")]
    public void A_beginning_that_may_vary_is_none(string pattern, string options) => Assert.That(PatternTranslator.Translate(pattern, options).Prefix, Is.Null);

    [TestCase("a", "q", "Bad $options value for query: q")]
    [TestCase("(a", "", "Regular expression is invalid: missing )")]
    [TestCase("a)", "", "Regular expression is invalid: unmatched )")]
    [TestCase("[a", "", "Regular expression is invalid: missing ]")]
    [TestCase("*a", "", "Regular expression is invalid: nothing to repeat before *")]
    [TestCase("***:a", "", "Regular expression is invalid: nothing to repeat before *")]
    [TestCase("a**", "", "Regular expression is invalid: nothing to repeat before *")]
    [TestCase(@"a\", "", @"Regular expression is invalid: \ at end of pattern")]
    [TestCase("[z-a]", "", "Regular expression is invalid: range out of order in class: z-a")]
    [TestCase(@"(?=(a))(b)\2", "", "Regular expression is not supported: back reference beside a capturing group inside a look-around")]
    [TestCase(@"(a)(?=\1)", "", @"Regular expression is not supported: \1 (back reference) inside a look-around")]
    [TestCase("(?=a)*", "", "Regular expression is invalid: nothing to repeat before *")]
    [TestCase("a(?i)b", "", "Regular expression is not supported: (?i")]
    [TestCase("(?(1)a)", "", "Regular expression is not supported: (?(")]
    [TestCase("(?|a)", "", "Regular expression is not supported: (?|")]
    [TestCase(@"(?<n>a)\k<n>", "", @"Regular expression is not supported: \k")]
    [TestCase(@"a\Kb", "", @"Regular expression is not supported: \K")]
    [TestCase("(*UTF8)a", "", "Regular expression is not supported: (* (verb)")]
    [TestCase("a?+", "", "Regular expression is not supported: ?+ (possessive quantifier)")]
    [TestCase("a{1,2}+", "", "Regular expression is not supported: {1,2}+ (possessive quantifier)")]
    [TestCase("a++", "", "Regular expression is not supported: ++ (possessive quantifier)")]
    [TestCase("(?>a)", "", "Regular expression is not supported: (?>")]
    [TestCase("(?R)", "", "Regular expression is not supported: (?R")]
    [TestCase(@"\p{L}", "", @"Regular expression is not supported: \p")]
    [TestCase("a{1000}", "", "Regular expression is not supported: {1000} (more than 255 repetitions)")]
    public void A_pattern_without_a_counterpart_is_refused_by_name(string pattern, string options, string message)
    {
        var error = Assert.Throws<ParseError>(() => PatternTranslator.Translate(pattern, options))!;
        Assert.That((error.Code, error.Message), Is.EqualTo((102, message)));
    }

    [Test]
    public async Task Whatever_is_translated_PostgreSQL_can_compile()
    {
        var seed = Seed.Value;
        var random = new Random(seed);
        var parts = new[] { "a", "b", "\\d", "\\W", "[a-z]", "[^\\s]", "(", ")", "|", "*", "+", "?", "^", "$", ".", "\\b", "{2}", "(?:", "(?=", "\\Q.\\E", "\\x41", "[", "]", "\\", "é", "\n", "{", "}" };
        for (var i = 0; i < 500; i++)
        {
            var pattern = string.Concat(Enumerable.Range(0, random.Next(1, 8)).Select(_ => parts[random.Next(parts.Length)]));
            try
            {
                var translated = PatternTranslator.Translate(pattern, random.Next(3) switch { 0 => "i", 1 => "m", _ => "" });
                await _database.ScalarAsync<bool>("select 'abc' ~ $1", translated.Expression);
            }
            catch (ParseError)
            {
                // refused by name
            }
            catch (Npgsql.PostgresException e) when (e.SqlState == Npgsql.PostgresErrorCodes.InvalidRegularExpression)
            {
                // a quantifier on a look-ahead and the like: the database's refusal is answered as 102 as well
            }
            catch (Exception e)
            {
                Assert.Fail($"Seed {seed}, pattern {pattern}: {e}");
            }
        }
    }
}
