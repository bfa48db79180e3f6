// Names that PostgreSQL, or the mapping to snake_case, has to take care of.
import { index, int, link, row, schema, user } from '../make.mjs';

const id = (prefix, n) => `${prefix}${String(n).padStart(8, '0')}`;

const LONG = 'AFieldWhoseNameIsLongerThanSixtyThreeBytesSoThatPostgresWouldCutIt';
const LONG_CLASS = 'TheClassWhoseNameIsLongerThanSixtyThreeBytesSoThatPostgresWouldCutItOff';
const LONG_RELATION = 'relation' + 'WithAVeryLongName'.repeat(9);
const reserved = [
  'order', 'limit', 'offset', 'select', 'from', 'where', 'group', 'user', 'table', 'default', 'end', 'and', 'or', 'not', 'null', 'in',
  'is', 'like', 'primary', 'references', 'column', 'check', 'xmin', 'ctid', 'oid', 'id', 'rest', 'acl', 'name', 'type', 'count',
];

export const collections = [
  {
    name: 'Reserved',
    documents: [0, 1].map(n => row(id('re', n), 2300 + n, Object.fromEntries(reserved.map((name, i) => [name, `${name} ${n * 100 + i}`])))),
    indexes: [index({ order: 1 }), index({ user: 1, group: -1 })],
    schema: schema('Reserved', Object.fromEntries(reserved.map(name => [name, 'string']))),
  },
  {
    name: 'Cases',
    documents: [row(id('ca', 0), 2310, {
      userID: 'userID', userId: 'userId', userid: 'userid', user_id: 'user_id', USERID: 'USERID', createdat: 'createdat',
      created_at: 'created_at', acl_read: 'acl_read', public_read: 'public_read', Cases: 'Cases',
    })],
    schema: schema('Cases', Object.fromEntries(
      ['userID', 'userId', 'userid', 'user_id', 'USERID', 'createdat', 'created_at', 'acl_read', 'public_read', 'Cases'].map(name => [name, 'string']))),
  },
  {
    // Two fields whose first 63 bytes are the same, in a class of 71 bytes with a relation of 161.
    name: LONG_CLASS,
    documents: [row(id('lo', 0), 2320, { [`${LONG}1`]: 'first', [`${LONG}2`]: int(2) }), row(id('lo', 1), 2321, {})],
    indexes: [index({ [`${LONG}1`]: 1 })],
    schema: schema(LONG_CLASS, { [`${LONG}1`]: 'string', [`${LONG}2`]: 'number', [LONG_RELATION]: 'relation<_User>' }),
  },
  {
    // mongodump shortens the name of this file; the true name is in its metadata.json.
    name: `_Join:${LONG_RELATION}:${LONG_CLASS}`,
    documents: [link(400, id('lo', 0), 'uAnn000001'), link(401, id('lo', 0), 'uBen000002')],
  },
  // Classes that want the table names of others: users, and the one of GameScore.
  {
    name: 'users', documents: [0, 1, 2].map(n => row(id('us', n), 2330 + n, { nick: `nick ${n}`, _p_account: user('uAnn000001') })),
    schema: schema('users', { nick: 'string', account: '*_User' }),
  },
  {
    name: 'game_score', documents: [row(id('gl', 0), 2340, { score: 'not a number here' })],
    schema: schema('game_score', { score: 'string' }),
  },
  // In _SCHEMA alone, with a pointer to a class that is nowhere.
  { name: 'Ghost', schema: schema('Ghost', { spooks: 'number', haunts: '*Castle' }, { indexes: { _id_: { _id: 1 } } }) },
  {
    name: 'Coupon',
    documents: Array.from({ length: 6 }, (_, n) => row(id('cp', n), 2350 + n, {
      code: `CODE-${n}`, city: ['Köln', 'KÖLN', 'koln', 'Bonn', 'bonn', 'Ulm'][n], serial: n % 2 ? int(n) : `${n}`, ...(n > 3 && { note: `n${n}` }),
    })),
    indexes: [
      index({ code: 1 }, { unique: true }),
      index({ note: 1 }, { unique: true, sparse: true }),
      index({ serial: 1 }, { unique: true }),
      index({ city: 1 }, { name: 'city_any_accent', collation: { locale: 'de', strength: { $numberInt: '1' }, alternate: 'shifted' } }),
      index({ city: 'hashed' }),
    ],
    schema: schema('Coupon', { code: 'string', city: 'string', serial: 'string', note: 'string' }),
  },
];
