using Backend.Data.Catalog;

namespace Backend.Api.Tests.Rows;

/// <summary>A catalog without a database: a field of every kind, a secret one, a system table.</summary>
internal static class SampleCatalog
{
    public static CatalogSnapshot Snapshot { get; } = new(7,
    [
        new Table(1, "users", "_User", "users", true,
        [
            Make("username", FieldKind.Text, "username") with { System = true, Required = true },
            Make("email", FieldKind.Text, "email") with { System = true },
            Make("hashedPassword", FieldKind.Text, "password_hash") with { System = true, Secret = true },
        ]),
        new Table(2, "GameScore", "GameScore", "game_score", false,
        [
            Make("score", FieldKind.Number, "score"),
            Make("playerName", FieldKind.Text, "player_name"),
            Make("cheat", FieldKind.Boolean, "cheat"),
            Make("playedAt", FieldKind.Timestamp, "played_at"),
            Make("blob", FieldKind.Bytes, "blob"),
            Make("stats", FieldKind.Object, "stats"),
            Make("tags", FieldKind.Array, "tags"),
            Make("picture", FieldKind.File, "picture"),
            Make("player", FieldKind.Reference, "player") with { Target = "_User" },
            Make("place", FieldKind.Point, "place"),
            Make("area", FieldKind.Polygon, "area"),
            Make("fans", FieldKind.Relation, "game_score_fans") with { Target = "_User" },
            Make("order", FieldKind.Number, "order"),
            Make("lost", FieldKind.Reference, "lost") with { Target = "Gone" },
        ]),
        new Table(3, "Match", "Match", "match", false,
        [
            Make("home", FieldKind.Reference, "home") with { Target = "_User" },
            Make("away", FieldKind.Reference, "away") with { Target = "_User" },
        ]),
    ]);

    public static Table GameScore => Snapshot.Find("GameScore")!;

    private static Field Make(string name, FieldKind kind, string column) => new() { Name = name, Kind = kind, Column = column };
}
