namespace Backend.MongoDouble;

/// <summary>What kind of MongoDB to be.</summary>
public sealed record MongoServerOptions
{
    /// <summary>A replica set of one, with change streams; otherwise a standalone server, which has none.</summary>
    public bool ReplicaSet { get; init; } = true;

    /// <summary>Who must log in (SCRAM-SHA-256, database admin); null lets everybody in.</summary>
    public string? User { get; init; }

    public string Password { get; init; } = "";

    /// <summary>Speak TLS, with a certificate that nobody has signed: its file is <see cref="MongoServer.CertificateFile"/>.</summary>
    public bool Tls { get; init; }

    /// <summary>The version that it gives as its own.</summary>
    public string Version { get; init; } = "7.0.14";

    /// <summary>What goes with the version: 7 is 4.0, 8 is 4.2, 9 is 4.4, 13 is 5.0, 17 is 6.0, 21 is 7.0.</summary>
    public int WireVersion { get; init; } = 21;
}
