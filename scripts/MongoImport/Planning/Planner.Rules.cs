using Backend.Data.Catalog;
using Backend.MongoImport.Rules;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Planning;

/// <content>What rules settle about types and targets; names have changed before anything was planned.</content>
internal sealed partial class Planner
{
    private void FollowRules()
    {
        foreach (var (className, rule) in _rules.Classes)
        {
            var plan = _plan.Classes.Find(c => c.Name == className);
            if (plan is null)
            {
                if (!_plan.Damaged.ContainsKey(className) && !(rule.Skip && _plan.Ignored.Exists(i => i.Reason == SkippedByRule && (i.Name == className || i.Name.EndsWith(":" + className, StringComparison.Ordinal)))))
                {
                    _plan.IdleRules.Add($"Rule classes.{className}: the source has no such class.");
                }
                continue;
            }
            foreach (var (field, settled) in rule.Fields)
            {
                Follow(plan, field, settled);
            }
        }
        if (_rules.Classes.FirstOrDefault(c => c.Value.Rename is not null && _catalog.FindByOrigin(c.Key) is { System: true }) is { Key: { } taken })
        {
            throw new SourceException($"classes: {taken} is a class of the system; nothing can be renamed to it");
        }
    }

    private void Follow(ClassPlan plan, string field, FieldRule rule)
    {
        var at = $"classes.{plan.Name}.fields.{field}";
        if (_catalog.FindByOrigin(plan.Name) is { System: true } system && system.Find(field) is { System: true })
        {
            if (rule.Type is not null || rule.Target is not null || rule.Rename is not null)
            {
                throw new SourceException($"{at}: the field comes with the server, which needs it as it is");
            }
            return;
        }
        var n = plan.Fields.FindIndex(f => f.Name == field);
        if (n < 0)
        {
            if (!rule.Skip)
            {
                _plan.IdleRules.Add($"Rule {at}: neither schema nor documents have this field.");
            }
            return;
        }
        var known = plan.Fields[n];
        if (known.Kind == FieldKind.Relation && rule.Type is not null)
        {
            throw new SourceException($"{at}.type: a relation has no column; its members are rows");
        }
        var kind = rule.Type ?? known.Kind;
        var target = rule.Target ?? known.Target;
        if (rule.Target is not null && kind is not (FieldKind.Reference or FieldKind.Relation))
        {
            throw new SourceException($"{at}.target: the field is no Pointer and no relation");
        }
        if (kind == FieldKind.Reference && target is null)
        {
            throw new SourceException($"{at}.target: a Pointer leads to some class; which one?");
        }
        plan.Fields[n] = known with
        {
            Kind = kind,
            Target = kind is FieldKind.Reference or FieldKind.Relation ? target : null,
            Default = kind == known.Kind ? known.Default : null,
        };
    }
}
