using Backend.Api.Admin;
using Backend.Api.Health;
using Backend.Api.Hosting;
using Backend.Api.OpenApi;
using Backend.Api.V2;
using Backend.Data;
using Backend.Jobs;
using Backend.ParseCompat;

if (args is ["migrate", ..])
    return await MigrateCommand.RunAsync(args[1..]);

var builder = HostingExtensions.CreateBuilder(args);

builder.AddHosting();
builder.Services.AddData(builder.Configuration);
builder.Services.AddJobs(builder.Configuration);
builder.Services.AddParseCompat(builder.Configuration); // ParseCompat
builder.Services.AddVersionTwo();
builder.Services.AddOpenApiDocuments();
builder.Services.AddAdministration();
builder.Services.AddReadiness();

var app = builder.Build();

app.UseHosting();
app.MapParseCompat(); // ParseCompat
app.UseVersionTwo();
app.UseOpenApiDocuments();

app.MapHealth();
app.MapAdministration();
app.MapControllers();

await app.RunAsync();
return 0;

/// <summary>The composition root: which parts the process has, and in which order a request meets them.</summary>
public sealed partial class Program;
