// The small vocabulary that the collections are written in. Everything is a function of its arguments: two runs of the
// script write the same bytes.
import { Binary, Double, Int32, Long, ObjectId } from 'bson';

const START = Date.UTC(2016, 2, 1, 8, 0, 0);

/** The n-th moment of the app's life: 7 hours and 13.257 s apart, so that no two rows share a millisecond. */
export const at = n => new Date(START + n * 25_993_257);

export const double = value => new Double(value);
export const int = value => new Int32(value);
export const long = text => Long.fromString(text);
export const bytes = text => new Binary(Buffer.from(text, 'utf8'), 0);
export const oid = n => new ObjectId(n.toString(16).padStart(24, '0'));
export const user = id => `_User$${id}`;
export const pointer = (className, objectId) => ({ __type: 'Pointer', className, objectId });

/** The head of every Parse document, then its fields, then rights and times: the order in which parse-server writes them. */
export function row(id, n, fields, rights = {}) {
  return { _id: id, ...fields, ...rights, _created_at: at(n), _updated_at: at(n + 1) };
}

const flags = (read, write) => {
  const acl = {};
  for (const key of write) acl[key] = { w: true };
  for (const key of read) acl[key] = { ...acl[key], r: true };
  return acl;
};

/** Who may read and write, in all three keys that parse-server writes. */
export const rights = (read, write) => ({ _wperm: write, _rperm: read, _acl: flags(read, write) });
/** As hosted data restored past the server: nothing but `_acl`. */
export const legacyRights = (read, write) => ({ _acl: flags(read, write) });
export const nobody = { _wperm: [], _rperm: [], _acl: {} };
export const ownedBy = id => rights(['*', id], [id]);

/** A join row: `_id` holds the linking order. */
export const link = (n, owningId, relatedId) => ({ _id: oid(0x56d5_0000 * 2 ** 32 + n), relatedId, owningId });

const everyone = { '*': true };
export const OPERATIONS = ['get', 'find', 'count', 'create', 'update', 'delete', 'addField'];

/** Class permissions: everyone may do everything, but for what is given. */
export const permissions = given => ({
  ...Object.fromEntries(OPERATIONS.map(operation => [operation, everyone])),
  protectedFields: { '*': [] },
  ...given,
});

/** A `_SCHEMA` document. */
export const schema = (className, fields, metadata) => ({
  _id: className,
  objectId: 'string',
  createdAt: 'date',
  updatedAt: 'date',
  ...fields,
  ...(metadata && { _metadata: metadata }),
});

/** Indexes as metadata.json has them (canonical extended JSON), `_id_` first. */
export const index = (key, options = {}) => ({
  v: { $numberInt: '2' },
  key: Object.fromEntries(Object.entries(key).map(([k, v]) => [k, typeof v === 'number' ? { $numberInt: `${v}` } : v])),
  name: options.name ?? Object.entries(key).map(([k, v]) => `${k}_${v}`).join('_'),
  ...options,
});
