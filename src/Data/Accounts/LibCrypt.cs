using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Backend.Data.Accounts;

/// <summary>
/// The system's libxcrypt. The library's file is <c>libcrypt.so.2</c> on most distributions and <c>libcrypt.so.1</c> on Debian and Ubuntu, so a
/// resolver looks for both; glibc's own old <c>libcrypt.so.1</c> knows no bcrypt and is told apart by a first hash.
/// </summary>
internal static partial class LibCrypt
{
    private const string Library = "libcrypt";
    private const int DataSize = 32768;       // sizeof(struct crypt_data), fixed in libxcrypt's interface
    private const int SettingSize = 192;      // CRYPT_GENSALT_OUTPUT_SIZE
    private const string Missing =
        "Passwords cannot be checked: the system's libxcrypt with bcrypt was not found. Install the package libcrypt1 (Debian, Ubuntu) or libxcrypt (others).";

    private static readonly Lazy<nint> Handle = new(Load);

    static LibCrypt() => NativeLibrary.SetDllImportResolver(typeof(LibCrypt).Assembly, Resolve);

    /// <summary>Whether the library is there and knows bcrypt.</summary>
    /// <exception cref="InvalidOperationException">It does not; the message names the package to install.</exception>
    public static void Check()
    {
        try
        {
            if (Hash("check"u8, NewSetting(4)) is { Length: 60 })
                return;
        }
        catch (Exception e) when (e is EntryPointNotFoundException or DllNotFoundException or TypeInitializationException)
        {
            throw new InvalidOperationException(Missing, e);
        }

        throw new InvalidOperationException(Missing);
    }

    /// <summary>A new random salt with its method and cost: <c>$2b$10$…</c>.</summary>
    [SkipLocalsInit]
    public static unsafe string NewSetting(int cost)
    {
        var output = stackalloc byte[SettingSize];
        output[0] = 0;
        fixed (byte* prefix = "$2b$\0"u8)
        {
            // Without random bytes of ours the library takes them from the system's generator.
            if (crypt_gensalt_rn(prefix, (nuint)cost, null, 0, output, SettingSize) is null)
                throw new InvalidOperationException(Missing);
        }

        return Marshal.PtrToStringUTF8((nint)output)!;
    }

    /// <summary>Hashes bytes that hold no NUL; null when the setting is none that the library understands.</summary>
    public static unsafe string? Hash(ReadOnlySpan<byte> phrase, string setting)
    {
        var data = (byte*)NativeMemory.AllocZeroed(DataSize);
        try
        {
            var terminated = stackalloc byte[phrase.Length + 1];
            phrase.CopyTo(new Span<byte>(terminated, phrase.Length));
            terminated[phrase.Length] = 0;
            var settingBytes = System.Text.Encoding.ASCII.GetBytes(setting + '\0');
            byte* hash;
            fixed (byte* s = settingBytes)
                hash = crypt_rn(terminated, s, data, DataSize);
            new Span<byte>(terminated, phrase.Length).Clear();
            return hash is null ? null : Marshal.PtrToStringUTF8((nint)hash);
        }
        finally
        {
            NativeMemory.Clear(data, DataSize);
            NativeMemory.Free(data);
        }
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path) => name == Library ? Handle.Value : 0;

    private static nint Load() =>
        NativeLibrary.TryLoad("libcrypt.so.2", out var handle) || NativeLibrary.TryLoad("libcrypt.so.1", out handle)
            ? handle
            : throw new DllNotFoundException(Missing);

    [LibraryImport(Library)]
    private static unsafe partial byte* crypt_rn(byte* phrase, byte* setting, byte* data, int size);

    [LibraryImport(Library)]
    private static unsafe partial byte* crypt_gensalt_rn(byte* prefix, nuint count, byte* random, int randomLength, byte* output, int outputSize);
}
