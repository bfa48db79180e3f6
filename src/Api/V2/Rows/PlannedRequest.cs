using Backend.Api.V2.Rows.Planning;
using Backend.Api.V2.Rows.Requests;
using Backend.Data.Access;

namespace Backend.Api.V2.Rows;

/// <summary>A request that was read and planned: what the actions of <see cref="RowsController"/> work with.</summary>
internal sealed record PlannedRequest(RowsRequest Request, RowsPlan Plan, Preferences Preferences, Representation Representation, Caller Caller);
