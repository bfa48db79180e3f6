using System.Diagnostics;
using Backend.Testing;
using Npgsql;

namespace Backend.MongoImport.Tests.Imports;

/// <summary>An import into a disk that is really full: a small file system of its own, which only root can mount.</summary>
[TestFixture, Parallelizable(ParallelScope.All)]
internal sealed class FullDiskTests
{
    private const int Objects = 20_000;

    [Test]
    public async Task An_import_that_finds_the_disk_full_says_so_and_goes_on_when_there_is_room()
    {
        using var folder = Given.Folder();
        using var disk = await SmallDisk.MountAsync("4m");
        folder.Write("Game.json", "[" + string.Join(",\n", Enumerable.Range(0, Objects).Select(i => $$"""{"objectId":"g{{i}}","n":{{i}},"text":"{{i}} {{new string('x', 300)}}"}""")) + "]");
        folder.Write("Small.json", """[{"objectId":"a","n":1}]""");
        await using (var target = await Target.CreateAsync())
        {
            await disk.HoldAsync(target);
            var before = await target.CheckSumsAsync();

            var (exit, said) = await KillTests.RunAsync(target, folder.Path, resume: false);
            Assert.That(exit, Is.EqualTo(1), said);
            Assert.That(said, Does.Contain("The disk of the database is full (could not extend file").And.Contain("with --resume goes on from there"));
            Assert.That(said, Does.Not.Contain("   at "), "no stack trace");
            Assert.That(await target.CheckSumsAsync(), Is.EqualTo(before), "nothing that anybody sees has changed");

            (exit, said) = await KillTests.RunAsync(target, folder.Path, resume: true);
            Assert.That(exit, Is.EqualTo(1), $"still no room: {said}");
            disk.Enlarge("200m");
            (exit, said) = await KillTests.RunAsync(target, folder.Path, resume: true);
            Assert.That(exit, Is.Zero, said);
            Assert.That(await target.Get<long>("select count(*) from app.game"), Is.EqualTo(Objects));
            Assert.That((await target.VerifyAsync(folder.Path)).Unexplained, Is.Zero);
            Assert.That(await target.Get<bool>("select to_regnamespace('import') is null"), Is.True);
        }
    }

    /// <summary>A file system in memory that PostgreSQL may write to, as a tablespace.</summary>
    private sealed class SmallDisk : IDisposable
    {
        private readonly string _path = Directory.CreateTempSubdirectory("import-disk-").FullName;
        private readonly string _name = $"small_{Guid.NewGuid():n}";
        private bool _made;

        public static async Task<SmallDisk> MountAsync(string size)
        {
            var disk = new SmallDisk();
            try
            {
                if (Environment.UserName != "root" || Run("mount", "-t", "tmpfs", "-o", $"size={size},mode=0700", "tmpfs", disk._path) is not 0)
                {
                    Assert.Ignore("A small file system can only be mounted by root.");
                }
                await using var database = await TestDatabase.CreateEmptyAsync();
                var data = (await database.ScalarAsync<string>("show data_directory"))!;
                if (!Directory.Exists(data) || Run("chown", $"--reference={data}", disk._path) is not 0)
                {
                    Assert.Ignore("PostgreSQL is on another machine.");
                }
                try
                {
                    await database.ExecuteAsync($"create tablespace {disk._name} location '{disk._path}'");
                    disk._made = true;
                }
                catch (PostgresException e)
                {
                    Assert.Ignore($"PostgreSQL cannot use the file system: {e.MessageText}.");
                }
                return disk;
            }
            catch
            {
                disk.Dispose();
                throw;
            }
        }

        /// <summary>Whatever is made in the database from now on is on this disk.</summary>
        public Task HoldAsync(Target target) => target.Database.ExecuteAsync($"""do $$ begin execute format('alter database %I set default_tablespace = {_name}', current_database()); end $$""");

        public void Enlarge(string size) => Assert.That(Run("mount", "-o", $"remount,size={size}", _path), Is.Zero);

        public void Dispose()
        {
            if (_made)
            {
                DropAsync().GetAwaiter().GetResult();
            }
            Run("umount", _path);
            Directory.Delete(_path);
        }

        // The databases in it are gone by now.
        private async Task DropAsync()
        {
            await using var database = await TestDatabase.CreateEmptyAsync();
            await database.ExecuteAsync($"drop tablespace {_name}");
        }

        private static int Run(string program, params string[] arguments)
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            process.WaitForExit();
            return process.ExitCode;
        }

    }
}
