using System.Diagnostics;
using Backend.Data.Accounts;
using Microsoft.Extensions.Options;

namespace Backend.Data.Tests.Accounts;

[Parallelizable(ParallelScope.All)]
public sealed class PasswordHasherTests
{
    private static PasswordHasher Make(int parallel = 0, int waiting = 0, int cost = 10) =>
        new(Options.Create(new PasswordOptions { Parallel = parallel, Waiting = waiting, Cost = cost }));

    [Test]
    public async Task A_new_hash_has_cost_10_and_fits_its_password_alone()
    {
        using var hasher = Make();
        var hash = await hasher.HashAsync("pässwörd ✓", default);
        Assert.That(hash, Does.StartWith("$2b$10$").And.Length.EqualTo(60));
        Assert.That(await hasher.HashAsync("pässwörd ✓", default), Is.Not.EqualTo(hash), "the salt is new each time");
        Assert.That(await hasher.VerifyAsync("pässwörd ✓", hash, default), Is.True);
        Assert.That(await hasher.VerifyAsync("passwörd ✓", hash, default), Is.False);
        Assert.That(await hasher.VerifyAsync("", hash, default), Is.False);
    }

    // Published vectors of crypt_blowfish.
    [TestCase("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW")]
    [TestCase("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789chars after 72 are ignored",
        "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui")]
    public async Task Hashes_of_all_three_kinds_are_verified(string password, string hash)
    {
        using var hasher = Make();
        foreach (var kind in "aby")
            Assert.That(await hasher.VerifyAsync(password, $"$2{kind}{hash[3..]}", default), Is.True, kind.ToString());
    }

    [Test]
    public async Task Only_the_first_72_bytes_count_even_where_they_cut_a_character()
    {
        using var hasher = Make();
        var password = new string('x', 71) + "éé";
        var hash = await hasher.HashAsync(password, default);
        Assert.That(await hasher.VerifyAsync(new string('x', 71) + "é and more" + new string('y', 2000), hash, default), Is.True);
        Assert.That(await hasher.VerifyAsync(new string('x', 71) + "a", hash, default), Is.False);
    }

    [Test]
    public async Task A_NUL_is_refused_in_a_new_password_and_never_verifies()
    {
        using var hasher = Make();
        var refusal = await Assert.ThrowsAsync<Refusal>(() => hasher.HashAsync("ab\0c", default));
        Assert.That(refusal!.Kind, Is.EqualTo(RefusalKind.InvalidValue));
        var hash = await hasher.HashAsync("ab", default);
        Assert.That(await hasher.VerifyAsync("ab\0c", hash, default), Is.False);
        var question = await hasher.HashAsync("ab?c", default);
        Assert.That(await hasher.VerifyAsync("ab\0c", question, default), Is.False);
    }

    [TestCase(null)]
    [TestCase("")]
    [TestCase("secret")]
    [TestCase("$2x$10$abcdefghijklmnopqrstuuabcdefghijklmnopqrstuvwxyzabcdef")]
    [TestCase("$2b$31$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui")]
    [TestCase("$2b$10$abcdefghijklmnopqrstu\n5s2v8.iXieOjg/.AySBTTZIIVFJeBui")]
    public async Task Without_a_usable_hash_the_answer_is_no_after_the_time_of_a_hash(string? hash)
    {
        using var hasher = Make();
        var watch = Stopwatch.StartNew();
        Assert.That(await hasher.VerifyAsync("nobody's password", hash, default), Is.False);
        Assert.That(watch.ElapsedMilliseconds, Is.GreaterThan(15));
    }

    [Test]
    public async Task Beyond_the_queue_the_answer_is_busy_and_later_it_works_again()
    {
        // Costly enough that none is done before all have been asked for.
        using var hasher = Make(parallel: 1, waiting: 2, cost: 13);
        var attempts = Enumerable.Range(0, 10).Select(_ => hasher.VerifyAsync("a", null, default)).ToList();
        var refused = 0;
        foreach (var attempt in attempts)
        {
            try
            {
                await attempt;
            }
            catch (Refusal refusal) when (refusal.Kind == RefusalKind.Busy)
            {
                refused++;
            }
        }

        Assert.That(refused, Is.EqualTo(7));
        Assert.That(await hasher.VerifyAsync("a", null, default), Is.False);
    }
}
