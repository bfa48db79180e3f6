using Backend.Jobs.Mail;
using Backend.Testing;
using Microsoft.Extensions.Options;

namespace Backend.Jobs.Tests.Mail;

[Parallelizable(ParallelScope.All)]
internal sealed class PasswordResetMailTests
{
    private const string Link = "https://api.example.com/apps/app1/request_password_reset?token=aB3&x=%20y";

    [Test]
    public async Task A_reset_mail_that_is_enqueued_arrives_with_its_link()
    {
        await using var database = await JobsDatabase.CreateAsync();
        await using var sink = new SmtpSink();
        await using var node = await JobsNode.StartAsync(database.ConnectionString, null, Settings(sink));

        var id = await node.Queue.EnqueueAsync(new PasswordResetMail("ann@example.com", Link, "ann"));

        var mail = await sink.ReceiveAsync();
        await JobsDatabase.WaitForAsync(() => database.StateAsync(id), "done");
        Assert.Multiple(() =>
        {
            Assert.That(mail.From, Is.EqualTo("noreply@example.org"));
            Assert.That(mail.To, Is.EqualTo("ann@example.com"));
            Assert.That(mail.Header("From"), Is.EqualTo("=?utf-8?B?TWVpbmUgw4RwcA==?= <noreply@example.org>"));
            Assert.That(mail.Header("To"), Is.EqualTo("ann@example.com"));
            Assert.That(mail.Header("Subject"), Is.EqualTo("Choose a new password for Tales"));
            Assert.That(mail.Header("Message-ID"), Does.Match($@"^<reset\.{id}\.[0-9a-f]{{24}}@example\.org>$"));
            Assert.That(mail.Text, Does.Contain("\r\n" + Link + "\r\n").And.Contain("your account ann at Tales."));
            Assert.That(mail.Data.Split("\r\n").Max(line => line.Length), Is.LessThanOrEqualTo(78));
        });
    }

    [Test]
    public async Task A_recipient_whom_the_server_refuses_for_good_makes_a_dead_letter_and_a_busy_server_is_asked_again()
    {
        await using var database = await JobsDatabase.CreateAsync();
        await using var sink = new SmtpSink(new SmtpBehaviour { RecipientReplies = ["550 no such user", "451 later"] });
        await using var node = await JobsNode.StartAsync(database.ConnectionString, null, Settings(sink));

        var refused = await node.Queue.EnqueueAsync(new PasswordResetMail("nobody@example.com", Link));
        await JobsDatabase.WaitForAsync(() => database.StateAsync(refused), "dead");
        var busy = await node.Queue.EnqueueAsync(new PasswordResetMail("ann@example.com", Link));
        await JobsDatabase.WaitForAsync(async () => await database.StateAsync(busy) == "queued" && await ErrorAsync(busy) is not null, true);

        Assert.That(await ErrorAsync(refused), Does.Contain("550 no such user"));
        Assert.That(await ErrorAsync(busy), Does.Contain("451 later"));
        Assert.That(await database.ScalarAsync<int>("select attempts from jobs.outbox where id = $1", refused), Is.EqualTo(1));

        Task<string?> ErrorAsync(long id) => database.ScalarAsync<string>("select error from jobs.outbox where id = $1", id);
    }

    [TestCase("ann@example.com\r\nBcc: all@example.com", Link)]
    [TestCase("ann@example.com>\r\nRCPT TO:<all@example.com", Link)]
    [TestCase("ann@example.com, all@example.com", Link)]
    [TestCase("\"ann\r\n\"@example.com", Link)]
    [TestCase("ann", Link)]
    [TestCase("ann@example.com", "javascript:alert(1)")]
    [TestCase("ann@example.com", "/relative")]
    public async Task An_address_or_link_that_would_do_something_else_is_refused_before_anything_is_sent(string to, string link)
    {
        await using var sink = new SmtpSink();

        Assert.That(() => Job(sink).RunAsync(new PasswordResetMail(to, link), new JobRun(1, 1), default), Throws.TypeOf<PermanentFailureException>());
        Assert.That(sink.Commands, Is.Empty);
    }

    [TestCase("ann", " ann ")]
    [TestCase("ann@example.com", " ann@example.com ")]
    [TestCase("bäcker_7", " bäcker_7 ")]
    [TestCase("you have won: visit evil.example", " account at ")]
    [TestCase("evil.example", " account at ")]
    [TestCase("x\r\n\r\nhttps://evil.example", " account at ")]
    public async Task A_user_name_is_shown_only_when_it_can_be_nothing_but_a_name(string name, string expected)
    {
        await using var sink = new SmtpSink();

        await Job(sink).RunAsync(new PasswordResetMail("ann@example.com", Link, name), new JobRun(1, 1), default);

        var text = (await sink.ReceiveAsync()).Text;
        Assert.That(text, Does.Contain(expected));
        Assert.That(text, Does.Not.Contain("evil"));
    }

    [Test]
    public void Mail_is_configured_when_it_has_a_host_and_wrong_settings_are_named()
    {
        Assert.Multiple(() =>
        {
            Assert.That(new MailOptions().IsConfigured, Is.False);
            Assert.That(new MailOptions().Mistake(), Is.Null);
            Assert.That(new MailOptions { Host = "mx", From = "a@b.c" }.IsConfigured, Is.True);
            Assert.That(new MailOptions { Host = "mx", From = "a@b.c" }.Mistake(), Is.Null);
            Assert.That(new MailOptions { From = "a@b.c" }.Mistake(), Does.Contain("Mail:Host"));
            Assert.That(new MailOptions { Host = "mx" }.Mistake(), Does.Contain("Mail:From"));
            Assert.That(new MailOptions { Host = "mx", From = "a@b.c\r\nX: y" }.Mistake(), Does.Contain("Mail:From"));
            Assert.That(new MailOptions { Host = "mx", From = "a@b.c", User = "u" }.Mistake(), Does.Contain("Mail:Password"));
            Assert.That(new MailOptions { Host = "mx", From = "a@b.c", AppName = "a\nb" }.Mistake(), Does.Contain("Mail:AppName"));
        });
    }

    [Test]
    public async Task A_wrong_setting_stops_the_start()
    {
        await using var database = await JobsDatabase.CreateAsync();

        Assert.That(
            () => JobsNode.StartAsync(database.ConnectionString, null, ("Mail:Host", "mx"), ("Mail:From", "nobody")),
            Throws.TypeOf<OptionsValidationException>().With.Message.Contains("Mail:From"));
        Assert.That(
            () => JobsNode.StartAsync(database.ConnectionString, null, ("Jobs:StopGrace", "-1")),
            Throws.TypeOf<OptionsValidationException>().With.Message.Contains("Jobs:StopGrace"));
    }

    private static SendPasswordResetMail Job(SmtpSink sink)
    {
        var options = Options.Create(new MailOptions { Host = "localhost", Port = sink.Port, Security = MailSecurity.None, From = "noreply@example.org" });
        return new SendPasswordResetMail(options, new SmtpTransport(options, TimeProvider.System));
    }

    private static (string, string)[] Settings(SmtpSink sink) =>
    [
        ("Mail:Host", "localhost"), ("Mail:Port", $"{sink.Port}"), ("Mail:Security", "None"), ("Mail:From", "Meine Äpp <noreply@example.org>"),
        ("Mail:AppName", "Tales"),
    ];
}
