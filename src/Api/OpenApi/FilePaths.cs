using Microsoft.OpenApi;

namespace Backend.Api.OpenApi;

/// <summary>The paths of files: their bodies are bytes, which the framework's descriptions have no words for.</summary>
internal static class FilePaths
{
    private const string Bytes = "application/octet-stream";

    public static void Add(OpenApiDocument document, TableSchemas schemas)
    {
        var bytes = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" };
        document.Paths.Add("/api/v2/files/{name}", new OpenApiPathItem
        {
            Parameters = [new OpenApiParameter { Name = "name", In = ParameterLocation.Path, Required = true, Description = "The file's name, which may hold slashes.", Schema = new OpenApiSchema { Type = JsonSchemaType.String } }],
            Operations = new()
            {
                [HttpMethod.Get] = Operation(document, "Download", "A file, or the range of it that is asked for. Whoever knows the name reads it.", schemas,
                    ("200", new OpenApiResponse { Description = "The file, with its media type.", Content = new Dictionary<string, IOpenApiMediaType> { [Bytes] = new OpenApiMediaType { Schema = bytes } } }),
                    ("206", new OpenApiResponse { Description = "The range." })),
                [HttpMethod.Post] = Operation(document, "Upload", "Stores the body as a file under a name that begins with random digits and ends with the given one. Needs a user.", schemas,
                    ("201", new OpenApiResponse { Description = "Stored; a file field of a row is set to the name.", Content = TableSchemas.Json(schemas.StoredFile) })),
                [HttpMethod.Delete] = Operation(document, "Delete", "Deletes a file. For administrators.", schemas, ("204", new OpenApiResponse { Description = "Deleted." })),
            },
        });
        document.Paths["/api/v2/files/{name}"].Operations![HttpMethod.Post].RequestBody =
            new OpenApiRequestBody { Required = true, Description = "The file's bytes; their media type is kept.", Content = new Dictionary<string, IOpenApiMediaType> { [Bytes] = new OpenApiMediaType { Schema = bytes } } };
    }

    private static OpenApiOperation Operation(OpenApiDocument document, string name, string summary, TableSchemas schemas, params (string Status, IOpenApiResponse Response)[] answers)
    {
        var responses = new OpenApiResponses();
        foreach (var (status, response) in answers)
            responses[status] = response;
        responses["default"] = schemas.Refused();
        return new OpenApiOperation { OperationId = "Files_" + name, Summary = summary, Tags = new HashSet<OpenApiTagReference> { new("files", document) }, Responses = responses };
    }
}
