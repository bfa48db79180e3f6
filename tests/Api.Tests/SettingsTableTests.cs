using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace Backend.Api.Tests;

/// <summary>The tables of settings in docs/operations.md and README.md beside the classes that the settings are read into.</summary>
internal sealed partial class SettingsTableTests
{
    // Read by name, into no class of options.
    private static readonly string[] Bare = ["ConnectionStrings:Database", "ConnectionStrings:Replica", "Files:Url"];

    private readonly Dictionary<string, (PropertyInfo Property, object? Default)> _settings = Settings();
    private readonly List<Row> _operations = Rows("docs/operations.md");

    [Test]
    public void Every_documented_setting_exists()
    {
        var named = _operations.Concat(Rows("README.md")).SelectMany(row => row.Names).ToList();
        Assert.That(named, Has.Count.GreaterThan(30));
        Assert.That(named.Where(name => Find(name) is null && !Bare.Contains(name)), Is.Empty);
    }

    [Test]
    public void Every_setting_is_documented() => Assert.That(_settings.Keys.Where(setting => !_operations.Any(row => row.Tells(setting))), Is.Empty);

    [Test]
    public void Documented_defaults_are_those_of_the_code()
    {
        var wrong = new List<string>();
        foreach (var row in _operations.Where(row => row.Defaults.Length == 1 || row.Defaults.Length == row.Names.Count))
        {
            for (var i = 0; i < row.Names.Count; i++)
            {
                var told = row.Defaults[row.Defaults.Length == 1 ? 0 : i];
                if (Find(row.Names[i]) is { } setting && !IsDefault(told, setting.Property.PropertyType, setting.Default))
                    wrong.Add($"{row.Names[i]}: '{told}' is told, '{setting.Default}' is so");
            }
        }

        Assert.That(wrong, Is.Empty);
    }

    /// <summary>The setting of this name, or the one that it is a part of: an entry of a list, a key of a table.</summary>
    private (PropertyInfo Property, object? Default)? Find(string name)
    {
        for (var path = name; path.Contains(':'); path = path[..path.LastIndexOf(':')])
        {
            if (_settings.TryGetValue(path, out var setting))
                return setting;
        }

        return null;
    }

    private static bool IsDefault(string told, Type type, object? value)
    {
        var isNone = told is "none" or "for ever";
        return value switch
        {
            bool flag => told == (flag ? "true" : "false"),
            TimeSpan time => isNone || told == "0" ? time == TimeSpan.Zero : Time(told) == time,
            Enum choice => told == choice.ToString() || (isNone && (int)(object)choice == 0),
            int or long => (Number(told) ?? 0) == Convert.ToInt64(value, CultureInfo.InvariantCulture),
            string { Length: > 0 } text => told.Contains(text, StringComparison.Ordinal),
            IEnumerable list and not string => !isNone || !list.Cast<object>().Any(),
            // Words say what no value stands for; a number, a time or true would be one.
            _ => type == typeof(string) || type.IsArray || (Number(told) is null && Time(told) is null && told != "true"),
        };
    }

    private static TimeSpan? Time(string told) => TimeText().Match(told) is { Success: true } match && double.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture) is var number
        ? match.Groups[2].ValueSpan switch { "d" => TimeSpan.FromDays(number), "h" => TimeSpan.FromHours(number), "min" => TimeSpan.FromMinutes(number), _ => TimeSpan.FromSeconds(number) }
        : null;

    private static long? Number(string told) => NumberText().Match(told) is { Success: true } match
        ? long.Parse(match.Groups[1].ValueSpan, NumberStyles.AllowThousands, CultureInfo.InvariantCulture) * (match.Groups[2].ValueSpan switch { "MB" => 1024 * 1024, "KB" => 1024, _ => 1 })
        : null;

    /// <summary>Every public property of a class of options, by the setting's whole name.</summary>
    private static Dictionary<string, (PropertyInfo Property, object? Default)> Settings()
    {
        var settings = new Dictionary<string, (PropertyInfo, object?)>(StringComparer.Ordinal);
        var programs = Directory.GetFiles(Path.GetDirectoryName(typeof(Program).Assembly.Location)!, "Backend.*.dll");
        foreach (var type in programs.Where(file => !Path.GetFileName(file).Contains("Test", StringComparison.Ordinal)).SelectMany(file => Assembly.LoadFrom(file).GetTypes()))
        {
            if (!type.Name.EndsWith("Options", StringComparison.Ordinal) || type.GetField("Section")?.GetRawConstantValue() is not string section)
                continue;
            var options = Activator.CreateInstance(type, nonPublic: true);
            foreach (var property in type.GetProperties().Where(p => p.CanWrite || typeof(IList).IsAssignableFrom(p.PropertyType) || p.PropertyType == typeof(IList<string>)))
                settings.Add($"{section}:{property.Name}", (property, property.GetValue(options)));
        }

        return settings;
    }

    /// <summary>The rows of the tables of settings: those whose first cell holds nothing but names in code.</summary>
    private static List<Row> Rows(string document, [CallerFilePath] string here = "")
    {
        var path = Path.Combine(Path.GetDirectoryName(here)!, "../..", document);
        return [.. File.ReadLines(path).Where(line => line.StartsWith("| `", StringComparison.Ordinal) && line.Contains(':')).Select(Row.Read).OfType<Row>()];
    }

    [GeneratedRegex(@"^([\d.,]+) (d|h|min|s)$")]
    private static partial Regex TimeText();

    [GeneratedRegex(@"^(\d[\d,]*)(?: (MB|KB))?$")]
    private static partial Regex NumberText();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Code();

    [GeneratedRegex(@"^[A-Z]\w+(:\w+)*$")]
    private static partial Regex Setting();

    [GeneratedRegex(@":(\d|[A-Z]+)(?=:|$)")]
    private static partial Regex Place();

    [GeneratedRegex(@" \([^)]*\)")]
    private static partial Regex Aside();

    /// <summary>A row: the settings that it names, whole, their defaults as told, and all that it says.</summary>
    private sealed record Row(IReadOnlyList<string> Names, string[] Defaults, string Text)
    {
        public static Row? Read(string line)
        {
            var cells = line.Split(" | ");
            var names = new List<string>();
            foreach (Match match in Code().Matches(cells[0]))
            {
                var name = Place().Replace(match.Groups[1].Value, "");
                if (!Setting().IsMatch(name))
                    return null;
                // A bare name stands for one beside the first.
                names.Add(name.Contains(':') ? name : names.Count > 0 ? names[0][..(names[0].LastIndexOf(':') + 1)] + name : "");
            }

            return names.Contains("") ? null : new Row(names, Aside().Replace(cells[1], "").Replace("`", "").Split(", "), line);
        }

        /// <summary>Whether the row tells of a setting: among its names, or further on as one beside them.</summary>
        public bool Tells(string setting)
        {
            var section = setting[..setting.LastIndexOf(':')];
            return Names.Any(name => name == setting || name.StartsWith(setting + ":", StringComparison.Ordinal))
                || (Names[0].StartsWith(section + ":", StringComparison.Ordinal)
                    && Code().Matches(Text).Any(match => Place().Replace(match.Groups[1].Value, "").Equals(setting[(section.Length + 1)..], StringComparison.OrdinalIgnoreCase)));
        }
    }
}
