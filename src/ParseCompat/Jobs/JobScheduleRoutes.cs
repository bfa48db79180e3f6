using System.Text.Json;
using Backend.ParseCompat.Classes;
using Backend.ParseCompat.Wire;

namespace Backend.ParseCompat.Jobs;

/// <summary>
/// What the dashboard plans for jobs of cloud code (contract 20.2): rows of <c>_JobSchedule</c>. Cloud code does not run in this server, so there is no
/// job that could be planned anew; what was imported can be looked at, changed and removed.
/// </summary>
internal sealed class JobScheduleRoutes(ClassServices services) : IRouteSource
{
    private readonly ClassHandler _rows = new(services);

    /// <inheritdoc/>
    public void AddRoutes(RouteList routes)
    {
        routes.Map("GET", "/cloud_code/jobs", async r => Bare(await RowsAsync(r)), RouteRules.Master);
        routes.Map("GET", "/cloud_code/jobs/data", DataAsync, RouteRules.Master);
        routes.Map("POST", "/cloud_code/jobs", r => _rows.CreateAsync(Plan(r), ClassName.JobSchedule), RouteRules.Master);
        routes.Map("PUT", "/cloud_code/jobs/:objectId", r => _rows.UpdateAsync(Plan(r), ClassName.JobSchedule, r["objectId"]), RouteRules.Master);
        routes.Map("DELETE", "/cloud_code/jobs/:objectId", r => _rows.DeleteAsync(r, ClassName.JobSchedule, r["objectId"]), RouteRules.Master);
    }

    private async ValueTask<JsonElement> RowsAsync(ParseRequest request)
    {
        var find = request.MakeItem("GET", request.Segments, "", RequestBody.Empty);
        var answer = await JsonOutput.ReadAsync(await _rows.FindAsync(find, ClassName.JobSchedule), request.Aborted);
        return answer.GetProperty("results");
    }

    private async ValueTask<ParseResponse> DataAsync(ParseRequest request)
    {
        var rows = await RowsAsync(request);
        return ParseResponse.Json(200, writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartArray("in_use"u8);
            foreach (var row in rows.EnumerateArray())
            {
                if (row.TryGetProperty("jobName", out var name))
                    JsonText.WriteAsRead(writer, name);
            }

            writer.WriteEndArray();
            writer.WriteStartArray("jobs"u8);
            writer.WriteEndArray();
            writer.WriteEndObject();
        });
    }

    /// <summary>The request with what stands in its <c>job_schedule</c> for a body.</summary>
    private ParseRequest Plan(ParseRequest request)
    {
        if (request.Body.Get("job_schedule") is not { ValueKind: JsonValueKind.Object } schedule)
            throw new ParseError(ErrorCode.InvalidJson, "job_schedule must be an object.");
        if (schedule.TryGetProperty("jobName", out var name) && name.ValueKind != JsonValueKind.Null && !(name.ValueKind == JsonValueKind.String && name.ValueEquals("")))
            throw new ParseError(ErrorCode.InternalServerError, "Cannot Schedule a job that is not deployed");
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            foreach (var property in schedule.EnumerateObject())
            {
                writer.WritePropertyName(property.Name);
                JsonText.WriteAsRead(writer, property.Value);
            }

            if (!schedule.TryGetProperty("startAfter", out _))
                writer.WriteString("startAfter"u8, services.Time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", null));
            writer.WriteEndObject();
        }

        var item = request.MakeItem(request.Method, request.Segments, "", RequestBody.Read(stream.ToArray(), services.Options.MaxJsonDepth));
        item.Route = request.Route;
        return item;
    }

    private static ParseResponse Bare(JsonElement rows) => ParseResponse.Json(200, writer => JsonText.WriteAsRead(writer, rows));
}
