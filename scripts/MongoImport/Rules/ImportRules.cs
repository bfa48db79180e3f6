namespace Backend.MongoImport.Rules;

/// <summary>
/// The operator's choices (<c>--rules</c>). Names are those of the source throughout; only <c>rename</c> says new ones. What a command does with
/// them is in one place each: documents and collections change their names in <see cref="RuledSource"/>, before anybody else sees them; the rest is
/// in the plan.
/// </summary>
internal sealed record ImportRules
{
    /// <summary>Nothing is settled.</summary>
    public static ImportRules None { get; } = new();

    /// <summary>By the class's name in the source, without the prefix of its collections.</summary>
    public IReadOnlyDictionary<string, ClassRule> Classes { get; init; } = new Dictionary<string, ClassRule>();

    /// <summary>Files in GridFS are left where they are.</summary>
    public bool SkipFiles { get; init; }

    /// <summary>Somebody has looked at what <c>check</c> says about files.</summary>
    public bool AcceptFiles { get; init; }

    /// <summary>Whether there is anything to change in documents or names.</summary>
    public bool ChangesDocuments => Classes.Values.Any(c => c.Skip || c.Rename is not null || c.Fields.Values.Any(f => f.ChangesDocuments));

    /// <summary>The rule of a class, never null.</summary>
    public ClassRule Class(string name) => Classes.GetValueOrDefault(name) ?? ClassRule.None;

    /// <summary>The name that a class is shown by.</summary>
    public string NameOf(string className) => Class(className).Rename ?? className;

    /// <summary>The same rules by the names that classes and fields have after renaming: for whoever reads a <see cref="RuledSource"/>.</summary>
    public ImportRules Renamed() => this with
    {
        Classes = Classes.ToDictionary(c => c.Value.Rename ?? c.Key, c => c.Value with
        {
            Fields = c.Value.Fields.ToDictionary(
                f => f.Value.Rename ?? f.Key,
                f => f.Value with { Target = f.Value.Target is { } target ? NameOf(target) : null },
                StringComparer.Ordinal),
        }, StringComparer.Ordinal),
    };

    /// <summary>Rules that take the new names and give the old ones; of everything else they know nothing.</summary>
    public ImportRules Reversed() => new()
    {
        Classes = Classes.Where(c => !c.Value.Skip).ToDictionary(c => c.Value.Rename ?? c.Key, c => new ClassRule
        {
            Rename = c.Value.Rename is null ? null : c.Key,
            Fields = c.Value.Fields.Where(f => f.Value.Rename is not null).ToDictionary(f => f.Value.Rename!, f => new FieldRule { Rename = f.Key }, StringComparer.Ordinal),
        }, StringComparer.Ordinal),
    };

    /// <summary>What bears on one class's rows: its own rule, and what all classes are called or whether they are left out.</summary>
    public ImportRules For(string className)
    {
        var relevant = new Dictionary<string, ClassRule>(StringComparer.Ordinal);
        foreach (var (name, rule) in Classes)
        {
            if (name == className || rule.Rename == className)
            {
                relevant.Add(name, rule with { Accept = false, Fields = rule.Fields.ToDictionary(f => f.Key, f => f.Value with { Accept = false }, StringComparer.Ordinal) });
            }
            else if (rule.Skip || rule.Rename is not null)
            {
                relevant.Add(name, new ClassRule { Skip = rule.Skip, Rename = rule.Rename });
            }
        }
        return new ImportRules { Classes = relevant };
    }

    /// <summary>The rules of several classes together, each as <see cref="For"/> made it.</summary>
    public static ImportRules Together(IEnumerable<(string ClassName, ImportRules Rules)> parts)
    {
        var classes = new Dictionary<string, ClassRule>(StringComparer.Ordinal);
        foreach (var (className, rules) in parts)
        {
            foreach (var (name, rule) in rules.Classes)
            {
                if (name == className || rule.Rename == className)
                {
                    classes[name] = rule;
                }
                else
                {
                    classes.TryAdd(name, rule);
                }
            }
        }
        return new ImportRules { Classes = classes };
    }
}
