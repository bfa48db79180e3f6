using Backend.Api.V2.Rows.Planning;
using Backend.Data.Catalog;
using Microsoft.OpenApi;

namespace Backend.Api.OpenApi;

/// <summary>The operations of one table: on its rows, and on one of them.</summary>
internal sealed class TableOperations(OpenApiDocument document, Table table, TableSchemas schemas)
{
    private const string Json = "application/json";
    private const string ProblemJson = "application/problem+json";
    private const string Operators = "A condition: operator.value, with eq, neq, gt, gte, lt, lte, like, ilike, match, imatch, in, is, isdistinct, cs, ov, each also after not.";

    /// <summary>The path of the table's rows.</summary>
    public OpenApiPathItem Collection()
    {
        var path = new OpenApiPathItem();
        path.AddOperation(HttpMethod.Get, Operation("list", $"Lists rows of {table.Name}", [.. Filters(), Select(), Order(), Limit(), Offset(), Prefer("count=exact")],
            ("200", "The rows.", RowList()), ("206", "A part of the rows, of which all were counted.", RowList())));
        if (table.System)
            return path;
        path.AddOperation(HttpMethod.Post, WithBody(Operation("insert", $"Inserts a row of {table.Name}, or all rows of an array or none", [Select(), Query("columns", "The members of the body that count."), Prefer("return=representation")],
            ("201", "Inserted; the rows, if they were asked for.", RowList())), orList: true));
        path.AddOperation(HttpMethod.Patch, WithBody(Operation("update", $"Changes the rows of {table.Name} that fulfil the conditions", [.. Filters(), Select(), Prefer("return=representation")],
            ("200", "The rows, if they were asked for.", RowList()), ("204", "Changed.", null)), orList: false));
        path.AddOperation(HttpMethod.Delete, Operation("delete", $"Deletes the rows of {table.Name} that fulfil the conditions", [.. Filters(), Select(), Prefer("return=representation")],
            ("200", "The rows, if they were asked for.", RowList()), ("204", "Deleted.", null)));
        return path;
    }

    /// <summary>The path of one row.</summary>
    public OpenApiPathItem Single()
    {
        var path = new OpenApiPathItem { Parameters = [Id()] };
        path.AddOperation(HttpMethod.Get, Operation("get", $"Reads a row of {table.Name}", [Select(), Header("If-None-Match", "An ETag: 304 when the row is still that version.")],
            ("200", "The row.", schemas.Row(table)), ("304", "Not changed.", null)));
        if (table.System)
            return path;
        path.AddOperation(HttpMethod.Patch, WithBody(Operation("updateOne", $"Changes a row of {table.Name}", [Select(), IfMatch(), Prefer("return=representation")],
            ("200", "The row, if it was asked for.", schemas.Row(table)), ("204", "Changed.", null), ("412", "The row has another version.", schemas.ProblemBody)), orList: false));
        path.AddOperation(HttpMethod.Delete, Operation("deleteOne", $"Deletes a row of {table.Name}", [Select(), IfMatch(), Prefer("return=representation")],
            ("200", "The row, if it was asked for.", schemas.Row(table)), ("204", "Deleted.", null), ("412", "The row has another version.", schemas.ProblemBody)));
        return path;
    }

    private OpenApiOperation Operation(string verb, string summary, List<IOpenApiParameter> parameters, params (string Status, string Description, IOpenApiSchema? Body)[] responses)
    {
        var operation = new OpenApiOperation
        {
            OperationId = $"{verb}_{TableSchemas.Name(table)}",
            Summary = summary,
            Tags = new HashSet<OpenApiTagReference> { new(table.Name, document) },
            Parameters = parameters,
            Responses = [],
        };
        (document.Tags ??= new HashSet<OpenApiTag>()).Add(new OpenApiTag { Name = table.Name });
        foreach (var (status, description, body) in responses)
        {
            var response = new OpenApiResponse { Description = description };
            if (body is not null)
                response.Content = Content(status == "412" ? ProblemJson : Json, body);
            operation.Responses[status] = response;
        }

        operation.Responses["default"] = schemas.Refused();
        return operation;
    }

    private OpenApiOperation WithBody(OpenApiOperation operation, bool orList)
    {
        IOpenApiSchema body = orList ? new OpenApiSchema { OneOf = [schemas.Row(table), RowList()] } : schemas.Row(table);
        operation.RequestBody = new OpenApiRequestBody { Required = true, Content = Content(Json, body) };
        return operation;
    }

    private static Dictionary<string, IOpenApiMediaType> Content(string type, IOpenApiSchema schema) => new() { [type] = new OpenApiMediaType { Schema = schema } };

    private OpenApiSchema RowList() => new() { Type = JsonSchemaType.Array, Items = schemas.Row(table) };

    /// <summary>A parameter for each column that can be compared, quoted where the dialect has a parameter of that name.</summary>
    private IEnumerable<IOpenApiParameter> Filters()
    {
        foreach (var name in (string[])["id", "createdAt", "updatedAt"])
            yield return Query(name, Operators);
        foreach (var field in schemas.Fields(table).Where(f => f.Kind is not (FieldKind.Point or FieldKind.Polygon)))
            yield return Query(field.Name is "order" or "limit" or "offset" or "select" or "columns" or "and" or "or" or "on_conflict" ? $"\"{field.Name}\"" : field.Name, Operators);
        yield return Query("or", "Conditions of which one must hold: (a.eq.1,b.gt.2).");
        yield return Query("and", "Conditions that must all hold: (a.eq.1,or(b.gt.2,c.is.null)).");
    }

    private static OpenApiParameter Select() => Query("select", "The members wanted, with embeddings: id,name,alias:column,reference(column).");

    private static OpenApiParameter Order() => Query("order", "column.asc or column.desc, then .nullsfirst or .nullslast, separated by commas.");

    private static OpenApiParameter Limit() => new()
    {
        Name = "limit",
        In = ParameterLocation.Query,
        Description = "At most so many rows.",
        Schema = new OpenApiSchema { Type = JsonSchemaType.Integer, Format = "int32", Minimum = "0", Maximum = Limits.MaxRows.ToString(System.Globalization.CultureInfo.InvariantCulture), Default = Limits.DefaultRows },
    };

    private static OpenApiParameter Offset() => new()
    {
        Name = "offset",
        In = ParameterLocation.Query,
        Description = "Skip so many rows.",
        Schema = new OpenApiSchema { Type = JsonSchemaType.Integer, Format = "int32", Minimum = "0", Default = 0 },
    };

    private static OpenApiParameter Id() => new()
    {
        Name = "id",
        In = ParameterLocation.Path,
        Required = true,
        Description = "The row's id.",
        Schema = new OpenApiSchema { Type = JsonSchemaType.String },
    };

    private static OpenApiParameter IfMatch() => Header("If-Match", "The ETag that the row must have.");

    private static OpenApiParameter Prefer(string example) => Header("Prefer", $"Preferences, for example {example}.");

    private static OpenApiParameter Query(string name, string description) =>
        new() { Name = name, In = ParameterLocation.Query, Description = description, Schema = new OpenApiSchema { Type = JsonSchemaType.String } };

    private static OpenApiParameter Header(string name, string description) =>
        new() { Name = name, In = ParameterLocation.Header, Description = description, Schema = new OpenApiSchema { Type = JsonSchemaType.String } };
}
