using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Backend.Data.Files;

/// <summary>Registers the file store.</summary>
internal static class FilesServices
{
    public static void AddFiles(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<FilesOptions>().Bind(configuration.GetSection(FilesOptions.Section)).ValidateDataAnnotations().ValidateOnStart();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<DiskFileStore>();
        services.AddSingleton<IFileStore>(s => s.GetRequiredService<DiskFileStore>());
        services.AddHostedService<FileStoreCheck>();
    }
}
