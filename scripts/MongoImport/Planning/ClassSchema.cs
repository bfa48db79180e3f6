using Backend.Data.Access;
using Backend.Data.Catalog;
using Backend.MongoImport.Sources;

namespace Backend.MongoImport.Planning;

/// <summary>What <c>_SCHEMA</c> says about a class (contract/mongo-storage 1.4).</summary>
internal sealed record ClassSchema(string Name, IReadOnlyList<FieldSpec> Fields, TablePermissions? Permissions, IReadOnlyList<SourceIndex> Indexes);
