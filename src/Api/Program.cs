using Backend.Api.Health;
using Backend.Api.Hosting;
using Backend.Api.V2;

var builder = WebApplication.CreateBuilder(args);

builder.AddHosting();
builder.Services.AddVersionTwo();

var app = builder.Build();

app.UseHosting();
app.UseVersionTwo();

app.MapHealth();
app.MapControllers();

app.Run();

/// <summary>The composition root: which parts the process has, and in which order a request meets them.</summary>
public sealed partial class Program;
