using System.Collections.Immutable;
using Backend.Data.Catalog;
using Backend.Data.Query;
using Backend.Data.Values;

namespace Backend.Data.Aggregation;

/// <summary>What the documents of a relation are made of: columns while their keys are known, one jsonb value otherwise.</summary>
internal abstract class Shape
{
    /// <summary>Whether every value may be printed again.</summary>
    public abstract bool IsSimple { get; }

    /// <summary>The value of a key of the document.</summary>
    public abstract Term Get(Statement sql, string key);

    /// <summary>The whole document as jsonb.</summary>
    public abstract Term Whole(Statement sql);

    /// <summary>The document with a value at a path; a missing one removes it.</summary>
    /// <param name="sql">The statement.</param>
    /// <param name="path">The path.</param>
    /// <param name="value">The value.</param>
    /// <param name="computed">Whether objects on the way are made even for a missing value, as projections do.</param>
    public abstract Shape Put(Statement sql, ImmutableArray<string> path, Term value, bool computed = false);

    /// <summary>The document without some paths.</summary>
    public abstract Shape Without(Statement sql, ImmutableArray<ImmutableArray<string>> paths);

    /// <summary>The value of a path as an expression reads it.</summary>
    public Term Get(Statement sql, ImmutableArray<string> path)
    {
        if (path.IsEmpty)
            return Whole(sql);
        var root = Get(sql, path[0]);
        return path.Length == 1 ? root : Below(sql, root, path[1..]);
    }

    /// <summary>The value at steps below another one.</summary>
    public static Term Below(Statement sql, Term value, ImmutableArray<string> steps) => steps.IsEmpty
        ? value
        : Term.Json($"aggregation.get({value.ToJson()}, {Steps(sql, steps)})");

    /// <summary>Steps as a parameter.</summary>
    public static string Steps(Statement sql, IEnumerable<string> steps) => sql.Fragment(s => s.Texts([.. steps.Select(FilterCompiler.Clean)]));

    /// <summary>Paths as the tree that <c>aggregation.keep</c> and <c>aggregation.drop</c> read. A path covers those below it.</summary>
    protected static string Tree(Statement sql, IEnumerable<ImmutableArray<string>> paths)
    {
        var root = new Node();
        foreach (var path in paths)
        {
            var node = root;
            foreach (var step in path)
                node = node.Children.TryGetValue(FilterCompiler.Clean(step), out var child) ? child : node.Children[FilterCompiler.Clean(step)] = new Node();
            node.IsEnd = true;
        }

        var output = new System.Buffers.ArrayBufferWriter<byte>();
        root.Write(output);
        return sql.Fragment(s => s.Json(output.WrittenSpan.ToArray()));
    }

    private sealed class Node
    {
        public Dictionary<string, Node> Children { get; } = new(StringComparer.Ordinal);

        public bool IsEnd { get; set; }

        public void Write(System.Buffers.ArrayBufferWriter<byte> output)
        {
            if (IsEnd)
            {
                System.Buffers.BuffersExtensions.Write(output, "true"u8);
                return;
            }

            System.Buffers.BuffersExtensions.Write(output, "{"u8);
            var first = true;
            foreach (var (key, child) in Children)
            {
                if (!first)
                    System.Buffers.BuffersExtensions.Write(output, ","u8);
                first = false;
                NestedJson.WriteString(output, key);
                System.Buffers.BuffersExtensions.Write(output, ":"u8);
                child.Write(output);
            }

            System.Buffers.BuffersExtensions.Write(output, "}"u8);
        }
    }
}

/// <summary>A key whose value is a term; of a table's own column also the field and what stands before a reference's id.</summary>
internal sealed record Column(string Key, Term Term, Field? Field = null, string Alias = "", string Prefix = "");

/// <summary>A document of known keys.</summary>
internal sealed class ColumnsShape(ImmutableArray<Column> columns) : Shape
{
    public ImmutableArray<Column> Columns { get; } = columns;

    public override bool IsSimple
    {
        get
        {
            foreach (var column in Columns)
            {
                if (!column.Term.IsSimple)
                    return false;
            }

            return true;
        }
    }

    public Column? Find(string key)
    {
        foreach (var column in Columns)
        {
            if (column.Key == key)
                return column;
        }

        return null;
    }

    public override Term Get(Statement sql, string key) => Find(key)?.Term ?? Term.Json("null::jsonb", true);

    public override Term Whole(Statement sql)
    {
        if (Columns.IsEmpty)
            return new Term("'{}'::jsonb", TermType.Json, Nulls.Never, true);
        var values = string.Join(", ", Columns.Select(c => c.Term.ToJson()));
        return new Term($"aggregation.document({Steps(sql, Columns.Select(c => c.Key))}, array[{values}])", TermType.Json, Nulls.Never);
    }

    public override Shape Put(Statement sql, ImmutableArray<string> path, Term value, bool computed = false)
    {
        var at = 0;
        while (at < Columns.Length && Columns[at].Key != path[0])
            at++;
        if (path.Length > 1)
        {
            var root = at < Columns.Length ? Columns[at].Term.ToJson() : "null::jsonb";
            value = Term.Json($"aggregation.{(computed ? "assign" : "put")}({root}, {Steps(sql, path[1..])}, {value.ToJson()})");
        }

        var column = new Column(path[0], value);
        return new ColumnsShape(at < Columns.Length ? Columns.SetItem(at, column) : Columns.Add(column));
    }

    public override Shape Without(Statement sql, ImmutableArray<ImmutableArray<string>> paths)
    {
        var columns = Columns.RemoveAll(c => paths.Any(p => p.Length == 1 && p[0] == c.Key));
        for (var i = 0; i < columns.Length; i++)
        {
            var below = paths.Where(p => p.Length > 1 && p[0] == columns[i].Key).Select(p => p[1..]).ToList();
            if (below.Count > 0)
                columns = columns.SetItem(i, new Column(columns[i].Key, Term.Json($"aggregation.drop({columns[i].Term.ToJson()}, {Tree(sql, below)})")));
        }

        return new ColumnsShape(columns);
    }

    /// <summary>A document of some paths of another one.</summary>
    public static ColumnsShape Of(Statement sql, Shape source, ImmutableArray<ImmutableArray<string>> kept)
    {
        var columns = ImmutableArray.CreateBuilder<Column>();
        foreach (var group in kept.GroupBy(p => p[0], StringComparer.Ordinal))
        {
            if (group.Any(p => p.Length == 1))
                columns.Add((source as ColumnsShape)?.Find(group.Key) ?? new Column(group.Key, source.Get(sql, group.Key)));
            else
                columns.Add(new Column(group.Key, Term.Json($"aggregation.keep({source.Get(sql, group.Key).ToJson()}, {Tree(sql, group.Select(p => p[1..]))})")));
        }

        return new ColumnsShape(columns.ToImmutable());
    }
}

/// <summary>A document in one jsonb value.</summary>
internal sealed class DocumentShape(Term document) : Shape
{
    public override bool IsSimple => document.IsSimple;

    public override Term Get(Statement sql, string key) => Term.Json($"({document.Sql} -> {sql.Fragment(s => s.Text(FilterCompiler.Clean(key)))})", true);

    public override Term Whole(Statement sql) => document;

    public override Shape Put(Statement sql, ImmutableArray<string> path, Term value, bool computed = false) =>
        new DocumentShape(new Term($"aggregation.{(computed ? "assign" : "put")}({document.Sql}, {Steps(sql, path)}, {value.ToJson()})", TermType.Json, Nulls.Never));

    public override Shape Without(Statement sql, ImmutableArray<ImmutableArray<string>> paths) =>
        new DocumentShape(new Term($"aggregation.drop({document.Sql}, {Tree(sql, paths)})", TermType.Json, Nulls.Never));
}
