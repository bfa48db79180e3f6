using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.Options;

namespace Backend.Api.Hosting;

/// <summary>What every request meets, whichever dialect it speaks: limits, the client's address, a request id, inflating of gzip bodies.</summary>
internal static class HostingExtensions
{
    /// <summary>How long a stopping process waits for requests under way.</summary>
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(20);

    /// <summary>A builder whose <c>appsettings.json</c> is the one beside the program, from wherever that is started.</summary>
    public static WebApplicationBuilder CreateBuilder(string[] args) =>
        WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });

    public static void AddHosting(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions<NetworkOptions>().BindConfiguration(NetworkOptions.Section)
            .Validate(o => o.IsValid, "Network:KnownProxies must hold IP addresses or networks (10.0.0.0/24), and Network:MaxBodyBytes must be positive.")
            .ValidateOnStart();

        // Sockets' work goes straight to the thread pool: through Kestrel's own queues each request wakes one thread more, which costs about a tenth of a small one.
        builder.WebHost.UseSockets(sockets => sockets.IOQueueCount = 0);
        builder.WebHost.ConfigureKestrel((context, kestrel) =>
        {
            var network = context.Configuration.GetSection(NetworkOptions.Section).Get<NetworkOptions>() ?? new NetworkOptions();
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = network.MaxBodyBytes;
            kestrel.Limits.MaxRequestLineSize = 64 * 1024; // filters stand in the URL
            kestrel.Limits.MaxRequestHeadersTotalSize = 96 * 1024;
        });
        builder.Logging.Configure(o => o.ActivityTrackingOptions = ActivityTrackingOptions.None);
        services.Configure<HostOptions>(o => o.ShutdownTimeout = ShutdownTimeout);
        services.AddRequestDecompression();
        services.AddSingleton(TimeProvider.System);
    }

    public static void UseHosting(this WebApplication app)
    {
        app.UseMiddleware<RequestIdMiddleware>();

        var network = app.Services.GetRequiredService<IOptions<NetworkOptions>>().Value;
        if (network.KnownProxies.Length > 0)
        {
            // Without any known proxy the framework would believe everybody: then the middleware is left out.
            var forwarded = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto, ForwardLimit = 1 };
            forwarded.KnownProxies.Clear();
            forwarded.KnownIPNetworks.Clear();
            foreach (var address in network.ProxyAddresses)
                forwarded.KnownProxies.Add(address);
            foreach (var proxies in network.ProxyNetworks)
                forwarded.KnownIPNetworks.Add(proxies);
            app.UseForwardedHeaders(forwarded);
        }

        app.UseRequestDecompression();
    }
}
