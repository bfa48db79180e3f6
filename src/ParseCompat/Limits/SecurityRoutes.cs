using Backend.ParseCompat.Wire;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Backend.ParseCompat.Limits;

/// <summary><c>GET /security</c>: the report of the deployment's weak settings, for the master key.</summary>
internal sealed class SecurityRoutes(SecurityReport report, IOptions<SecurityOptions> options) : IRouteSource
{
    public void AddRoutes(RouteList routes) => routes.Map("GET", "/security", Report, RouteRules.Master);

    private ValueTask<ParseResponse> Report(ParseRequest request)
    {
        if (!options.Value.EnableCheck)
            throw new ParseError(null, "Enable Parse Server option `security.enableCheck` to run security check.", 409);
        var groups = report.Make();
        return new(ParseResponse.Json(200, writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartObject("report"u8);
            writer.WriteString("version"u8, "1.0.0"u8);
            writer.WriteString("state"u8, State(groups.All(g => g.Findings.All(f => f.IsSafe))));
            writer.WriteStartArray("groups"u8);
            foreach (var group in groups)
            {
                writer.WriteStartObject();
                writer.WriteString("name"u8, group.Name);
                writer.WriteString("state"u8, State(group.Findings.All(f => f.IsSafe)));
                writer.WriteStartArray("checks"u8);
                foreach (var finding in group.Findings)
                {
                    writer.WriteStartObject();
                    writer.WriteString("title"u8, finding.Title);
                    writer.WriteString("state"u8, State(finding.IsSafe));
                    if (!finding.IsSafe)
                    {
                        writer.WriteString("warning"u8, finding.Warning);
                        writer.WriteString("solution"u8, finding.Solution);
                    }

                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
            writer.WriteEndObject();
        }));
    }

    private static ReadOnlySpan<byte> State(bool isSafe) => isSafe ? "success"u8 : "fail"u8;
}

/// <summary>Runs the check once when the process starts, if its result goes to the log.</summary>
internal sealed class SecurityCheckAtStart(SecurityReport report, IOptions<SecurityOptions> options) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.Value is { EnableCheck: true, EnableCheckLog: true })
            report.Make();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
