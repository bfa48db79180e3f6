using System.Diagnostics;
using Backend.Testing;

namespace Backend.EndToEnd.Generated;

/// <summary>
/// Sends made-up requests to an API process, one after the other: none may be answered with a status of 500 or more, and what was refused
/// must have left every row as it was.
/// </summary>
public static class GeneratedRun
{
    private const int FailuresShown = 15;

    // Version and key of every row of every table: a row that was written again in the same words counts as changed. The second function goes back
    // to the rows that were there at the beginning, which keeps the first one quick.
    private const string Functions = """
        create schema generated;
        create table generated.kept (t text, id text);
        create function generated.tables() returns table (t text, k text) language sql stable as $$
          select 'app.' || quote_ident(relation), 'id' from catalog.tables
          union all select 'app.' || quote_ident(column_name), 'owning_id||related_id' from catalog.fields where kind = 'Relation' and column_name is not null
        $$;
        create function generated.checksum() returns text language plpgsql stable as $$
        declare r record; part text; parts text := '';
        begin
          for r in select * from generated.tables() order by t loop
            execute format('select count(*) || '':'' || coalesce(sum(hashtextextended(%s || xmin::text, 0)), 0) from %s', r.k, r.t) into part;
            if part <> '0:0' then parts := parts || r.t || '=' || part || E'\n'; end if;
          end loop;
          return parts;
        end $$;
        create function generated.keep() returns void language plpgsql as $$
        declare r record;
        begin
          for r in select * from generated.tables() loop
            execute format('insert into generated.kept select %L, %s from %s', r.t, r.k, r.t);
          end loop;
        end $$;
        create function generated.trim() returns void language plpgsql as $$
        declare r record;
        begin
          for r in select * from generated.tables() loop
            execute format('delete from %s where %s not in (select id from generated.kept where t = %L)', r.t, r.k, r.t);
          end loop;
        end $$;
        """;

    /// <summary>The seed: see <see cref="Testing.Seed"/>.</summary>
    public static int Seed { get; } = Testing.Seed.Value;

    /// <summary>Sends <paramref name="count"/> requests.</summary>
    public static async Task RunAsync(TestDatabase database, ApiProcess api, Func<Generator, GeneratedRequest> next, int count)
    {
        TestContext.Out.WriteLine($"TEST_SEED={Seed}");
        await database.ExecuteAsync(Functions);
        await database.ExecuteAsync("select generated.keep()");
        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { Timeout = Patience.Limit };
        var generator = new Generator(Seed);
        var failures = new List<string>();
        var answers = new SortedDictionary<int, int>();
        var clock = Stopwatch.StartNew();
        var before = await ChecksumAsync(database);
        for (var i = 0; i < count && failures.Count < FailuresShown; i++)
        {
            var request = next(generator);
            var (status, said) = await SendAsync(client, api, request);
            answers[status] = answers.GetValueOrDefault(status) + 1;
            if (status is 0 or >= 500)
                failures.Add($"#{i}: {status} {said}\n{request}");
            if (!request.MayWrite)
                continue;
            var after = await ChecksumAsync(database);
            // A batch is answered with 200 and has refusals inside; it is judged by its items elsewhere.
            if (status is >= 400 and < 500 && after != before)
                failures.Add($"#{i}: refused with {status}, but rows changed:\n{before}---\n{after}{said}\n{request}");
            if (after != before && i % 20 == 0)
            {
                await database.ExecuteAsync("select generated.trim()");
                after = await ChecksumAsync(database);
            }

            before = after;
        }

        TestContext.Out.WriteLine($"{answers.Values.Sum()} requests in {clock.Elapsed.TotalSeconds:0.0} s: {string.Join(", ", answers.Select(a => $"{a.Value} × {a.Key}"))}");
        Assert.That(failures, Is.Empty, string.Join("\n\n", failures) + "\n\n" + api.Log);
    }

    private static async Task<(int Status, string Said)> SendAsync(HttpClient client, ApiProcess api, GeneratedRequest request)
    {
        try
        {
            using var message = request.ToMessage(api.Url);
            using var answer = await client.SendAsync(message);
            var said = await answer.Content.ReadAsStringAsync();
            return ((int)answer.StatusCode, said.Length > 400 ? said[..400] : said);
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return (0, e.Message);
        }
    }

    private static async Task<string> ChecksumAsync(TestDatabase database) => await database.ScalarAsync<string>("select generated.checksum()") ?? "";
}
