namespace Backend.MongoImport.Live;

/// <summary>A document as it is to be from now on.</summary>
/// <param name="Id">A BSON document whose only element is its <c>_id</c>; or, of a document that is known by other fields, these.</param>
/// <param name="Document">The whole BSON document, with that <c>_id</c> (without one, it keeps its own or gets a new one); null: every such document is to be gone.</param>
internal sealed record LiveWrite(byte[] Id, byte[]? Document);

/// <summary>A write that the server refused, for good: a unique index, a validation rule, a document that is too large.</summary>
/// <param name="Write">Which.</param>
/// <param name="Code">MongoDB's number for the reason (11000: a duplicate key).</param>
/// <param name="Message">The reason.</param>
internal sealed record LiveWriteFailure(LiveWrite Write, int Code, string Message);

/// <summary>An index as MongoDB's createIndexes has it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Bytes">The whole specification as BSON: <c>name</c>, <c>key</c>, options.</param>
internal sealed record LiveIndex(string Name, byte[] Bytes);
