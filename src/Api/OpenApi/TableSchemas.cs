using System.Text.RegularExpressions;
using Backend.Api.V2.Rows.Planning;
using Backend.Data.Access;
using Backend.Data.Catalog;
using Microsoft.OpenApi;

namespace Backend.Api.OpenApi;

/// <summary>The schemas of rows, by table. Every member may be absent, since <c>select</c> chooses them, and nearly every one null.</summary>
internal sealed partial class TableSchemas(OpenApiDocument document, CatalogSnapshot catalog, Caller caller)
{
    private const string Acl = "Acl";
    private const string File = "File";
    private const string Point = "GeoJsonPoint";
    private const string Polygon = "GeoJsonPolygon";
    private const string Problem = "Problem";

    private IDictionary<string, IOpenApiSchema> Schemas => (document.Components ??= new OpenApiComponents()).Schemas ??= new Dictionary<string, IOpenApiSchema>();

    /// <summary>The fields of a table that this caller may see in some row.</summary>
    public IEnumerable<Field> Fields(Table table)
    {
        var hidden = AccessRules.HiddenFields(table, caller);
        var owns = table == catalog.Users && caller.UserId is not null;
        return Columns.Visible(table).Where(f => owns || !hidden.Contains(f.Name));
    }

    /// <summary>The table's row.</summary>
    public OpenApiSchemaReference Row(Table table) => new(Name(table), document);

    /// <summary>A problem.</summary>
    public OpenApiSchemaReference ProblemBody => new(Problem, document);

    /// <summary>A file's name and address.</summary>
    public OpenApiSchemaReference StoredFile => new(File, document);

    public void AddShared()
    {
        Schemas[Acl] = Object("Who may read and write a row: *, a user's id, or role:Name. Null, or a list that is null: no restriction.",
            ("read", List("Who may read.")), ("write", List("Who may change and delete.")));
        Schemas[File] = Object("A stored file.", ("name", Text("Its name.")), ("url", Text("Where it is fetched; not read on writes.", "uri")));
        Schemas[Point] = Geometry("Point", "A GeoJSON point: longitude, latitude.", Position());
        Schemas[Polygon] = Geometry("Polygon", "A GeoJSON polygon of one ring.", new OpenApiSchema { Type = JsonSchemaType.Array, Items = new OpenApiSchema { Type = JsonSchemaType.Array, Items = Position() } });
        Schemas[Problem] = Object("What went wrong (RFC 9457), with PostgREST's members.",
            ("type", Text("about:blank")), ("title", Text("The status in words.")), ("status", new OpenApiSchema { Type = JsonSchemaType.Integer, Format = "int32" }),
            ("detail", Text("What happened.")), ("code", Text("A stable code: PostgREST's, an SQLSTATE, or one of ours.")), ("message", Text("What happened, in short.")),
            ("details", Nullable(Text("More."))), ("hint", Nullable(Text("What to do."))), ("requestId", Text("Finds the request in the log.")));
    }

    public void Add(Table table)
    {
        var schema = Object(table.System ? $"A row of the service's table {table.Name}." : $"A row of {table.Name}.",
            ("id", ReadOnly(Text("The row's id."))),
            ("createdAt", ReadOnly(Text("When it was inserted.", "date-time"))),
            ("updatedAt", ReadOnly(Text("When it was last changed.", "date-time"))));
        foreach (var field in Fields(table))
            schema.Properties![field.Name] = Of(field);
        schema.Properties![Columns.Acl] = Reference(Acl, null);
        Schemas[Name(table)] = schema;
    }

    /// <summary>What a sign-up, or a change of the own account, takes.</summary>
    public OpenApiSchema AccountBody(bool isNew)
    {
        var account = Object("The account, and fields of users beside it.", ("username", Text(null)), ("password", Text(null, "password")), ("email", Text(null, "email")),
            ("installationId", Text("The installation that this session belongs to.")));
        foreach (var field in Columns.Visible(catalog.Users!).Where(f => f.Name is not ("username" or "email" or "emailVerified")))
            account.Properties![field.Name] = Of(field);
        account.Properties![Columns.Acl] = Reference(Acl, null);
        if (isNew)
            account.Required = new HashSet<string> { "username", "password" };
        return account;
    }

    /// <summary>The own account.</summary>
    public OpenApiSchema Account() => Object("The own account.", ("user", Row(catalog.Users!)),
        ("roles", new OpenApiSchema { Type = JsonSchemaType.Array, Items = new OpenApiSchema { Type = JsonSchemaType.String }, Description = "Names of the user's roles, inherited ones too." }),
        ("tokens", new OpenApiSchema { AllOf = [new OpenApiSchemaReference("TokenAnswer", document)], Description = "After a change of the password." }));

    /// <summary>The answer of a refused request.</summary>
    public OpenApiResponse Refused() =>
        new() { Description = "Refused.", Content = new Dictionary<string, IOpenApiMediaType> { ["application/problem+json"] = new OpenApiMediaType { Schema = ProblemBody } } };

    /// <summary>A body of JSON.</summary>
    public static Dictionary<string, IOpenApiMediaType> Json(IOpenApiSchema schema) => new() { ["application/json"] = new OpenApiMediaType { Schema = schema } };

    /// <summary>The table's name, when a component may be called so.</summary>
    public static string Name(Table table) => ComponentName().IsMatch(table.Name) && !IsShared(table.Name) ? table.Name : $"Table{table.Number}";

    [GeneratedRegex("^[A-Za-z0-9._-]{1,100}$")]
    private static partial Regex ComponentName();

    // Case counts: client generators make classes of these names.
    private static bool IsShared(string name) => name is Acl or File or Point or Polygon or Problem or "TokenAnswer" or "TokenRequest" or "ResetRequest" or "NewPassword";

    private IOpenApiSchema Of(Field field) => field.Kind switch
    {
        FieldKind.Number => Nullable(new OpenApiSchema { Type = JsonSchemaType.Number, Format = "double", Description = Describe(field) }),
        FieldKind.Boolean => Nullable(new OpenApiSchema { Type = JsonSchemaType.Boolean, Description = Describe(field) }),
        FieldKind.Timestamp => Nullable(Text(Describe(field), "date-time")),
        FieldKind.Bytes => Nullable(Text(Describe(field), "byte")),
        FieldKind.Object => Nullable(new OpenApiSchema { Type = JsonSchemaType.Object, AdditionalPropertiesAllowed = true, Description = Describe(field) }),
        FieldKind.Array => Nullable(new OpenApiSchema { Type = JsonSchemaType.Array, Items = new OpenApiSchema(), Description = Describe(field) }),
        FieldKind.File => Reference(File, Describe(field)),
        FieldKind.Point => Reference(Point, Describe(field)),
        FieldKind.Polygon => Reference(Polygon, Describe(field)),
        FieldKind.Reference => Nullable(Text($"The id of a row of {catalog.FindByOrigin(field.Target!)?.Name ?? field.Target}; embedded by select={field.Name}(…). {Describe(field)}".Trim())),
        _ => Nullable(Text(Describe(field))),
    };

    private static string? Describe(Field field) => field.Required ? "Required on insert." : null;

    private OpenApiSchema Reference(string name, string? description) => new()
    {
        AllOf = [new OpenApiSchemaReference(name, document)],
        Type = JsonSchemaType.Object | JsonSchemaType.Null,
        Description = description,
    };

    private static OpenApiSchema Object(string description, params (string Name, IOpenApiSchema Schema)[] members) => new()
    {
        Type = JsonSchemaType.Object,
        Description = description,
        Properties = members.ToDictionary(m => m.Name, m => m.Schema),
    };

    private static OpenApiSchema Text(string? description, string? format = null) => new() { Type = JsonSchemaType.String, Format = format, Description = description };

    private static OpenApiSchema List(string description) =>
        Nullable(new OpenApiSchema { Type = JsonSchemaType.Array, Items = new OpenApiSchema { Type = JsonSchemaType.String }, Description = description });

    private static OpenApiSchema Position() => new() { Type = JsonSchemaType.Array, Items = new OpenApiSchema { Type = JsonSchemaType.Number, Format = "double" }, MinItems = 2, MaxItems = 2 };

    private static OpenApiSchema Geometry(string type, string description, OpenApiSchema coordinates)
    {
        var schema = Object(description, ("type", new OpenApiSchema { Type = JsonSchemaType.String, Enum = [type] }), ("coordinates", coordinates));
        schema.Required = new HashSet<string> { "type", "coordinates" };
        return schema;
    }

    private static OpenApiSchema Nullable(OpenApiSchema schema)
    {
        schema.Type |= JsonSchemaType.Null;
        return schema;
    }

    private static OpenApiSchema ReadOnly(OpenApiSchema schema)
    {
        schema.ReadOnly = true;
        return schema;
    }
}
