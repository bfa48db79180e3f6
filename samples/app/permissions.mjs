// One class for each kind of class permission.
import { OPERATIONS, index, int, permissions, rights, row, schema, user } from '../make.mjs';

const rows = (prefix, from, count, fields) =>
  Array.from({ length: count }, (_, n) => row(`${prefix}${String(n).padStart(8, '0')}`, from + n, fields(n)));
const only = who => Object.fromEntries(OPERATIONS.map(operation => [operation, who]));

export const collections = [
  {
    // Every operation asks for a session.
    name: 'MemberArea', documents: rows('ma', 1600, 3, n => ({ notice: `For members ${n}` })),
    schema: schema('MemberArea', { notice: 'string' }, {
      class_permissions: { ...only({ requiresAuthentication: true }), protectedFields: { '*': [] } },
    }),
  },
  {
    // Moderators, and by inheritance Administrators.
    name: 'StaffNote', documents: rows('sn', 1610, 3, n => ({ note: `Staff note ${n}` })),
    schema: schema('StaffNote', { note: 'string' }, { class_permissions: only({ 'role:Moderators': true }) }),
  },
  {
    // Two named users read, one of them writes.
    name: 'Diary', documents: rows('di', 1620, 3, n => ({ entry: `Entry ${n}` })),
    schema: schema('Diary', { entry: 'string' }, {
      class_permissions: {
        ...only({ uCat000003: true }), get: { uCat000003: true, uAnn000001: true }, find: { uCat000003: true, uAnn000001: true },
      },
    }),
  },
  {
    // Rows of their owner: by the operation's pointerFields, and by the older readUserFields and writeUserFields.
    name: 'Journal',
    documents: rows('jo', 1630, 4, n => ({ text: `Journal ${n}`, _p_owner: user(['uAnn000001', 'uBen000002'][n % 2]), secret: `s${n}` })),
    schema: schema('Journal', { text: 'string', owner: '*_User', secret: 'string' }, {
      class_permissions: {
        ...only({ pointerFields: ['owner'] }), create: { '*': true }, addField: {},
        protectedFields: { '*': ['secret'], 'userField:owner': [] },
      },
    }),
  },
  {
    name: 'Letter',
    documents: rows('le', 1640, 2, n => ({ text: `Letter ${n}`, _p_from: user('uAnn000001'), _p_to: user(n ? 'uCat000003' : 'uBen000002') })),
    schema: schema('Letter', { text: 'string', from: '*_User', to: '*_User' }, {
      class_permissions: { ...only({}), create: { '*': true }, readUserFields: ['from', 'to'], writeUserFields: ['from'] },
    }),
  },
  {
    // Nobody but the master key: permissions are present and say nothing.
    name: 'Vault', documents: rows('va', 1650, 1, () => ({ content: 'gold' })),
    schema: schema('Vault', { content: 'string' }, { class_permissions: {} }),
  },
  {
    // Written before `count` existed: find counts for it.
    name: 'OldNews', documents: rows('on', 1660, 2, n => ({ headline: `Old news ${n}` })),
    schema: schema('OldNews', { headline: 'string' }, {
      class_permissions: { get: { '*': true }, find: { '*': true }, create: {}, update: {}, delete: {}, addField: {} },
    }),
  },
  {
    // Fields that a new row must have, or gets.
    name: 'Ticket',
    documents: rows('ti', 1670, 4, n => ({
      seat: `A${n}`, price: int(10 + n), paid: n % 2 === 0, tags: [],
      ...(n < 3 && { expiresOn: new Date(Date.UTC(2090 + n, 0, 1)) }), // one row never expires
    })),
    indexes: [
      index({ expiresOn: 1 }, { expireAfterSeconds: { $numberInt: '3600' } }),
      index({ seat: 1 }, { unique: true }),
      index({ seat: 1, price: 1 }, { name: 'unpaid', partialFilterExpression: { paid: false } }),
    ],
    schema: schema('Ticket', { seat: 'string', price: 'number', paid: 'boolean', tags: 'array', expiresOn: 'date', soldAt: 'date' }, {
      fields_options: {
        seat: { required: true }, price: { required: true, defaultValue: 12 }, paid: { defaultValue: false },
        tags: { defaultValue: ['new'] }, soldAt: { defaultValue: { __type: 'Date', iso: '2016-06-01T10:00:00.000Z' } },
      },
    }),
  },
  {
    // Rights that look odd: duplicates, an unknown user, one array without the other, a null, an empty text.
    name: 'OddRights',
    documents: [
      row('or00000000', 1680, { what: 'duplicates' }, { _rperm: ['*', '*', 'uAnn000001', 'uAnn000001'], _wperm: ['uAnn000001', 'uAnn000001'] }),
      row('or00000001', 1681, { what: 'unknown user and role' }, rights(['uGone00099', 'role:Gone'], ['uGone00099'])),
      row('or00000002', 1682, { what: 'only _rperm' }, { _rperm: ['uAnn000001'] }),
      row('or00000003', 1683, { what: 'only _wperm' }, { _wperm: ['uAnn000001'] }),
      row('or00000004', 1684, { what: 'null among them' }, { _rperm: ['uBen000002', null], _wperm: [null] }),
      row('or00000005', 1685, { what: 'rights are null' }, { _rperm: null, _wperm: null }),
    ],
    schema: schema('OddRights', { what: 'string' }),
  },
];
