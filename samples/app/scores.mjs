// The game: what demonstrations and benchmarks of the old app ask for. Well-formed throughout.
import {
  at, bytes, double, index, int, legacyRights, link, long, nobody, ownedBy, permissions, pointer, rights, row, schema, user,
} from '../make.mjs';
import { people } from './accounts.mjs';

const NAMES = ['Ann', 'Ben', 'Cat', 'Eve', 'Gus', 'Jön', 'Kim', 'Ida', 'Łukasz', '山田', 'Zoë 🎮', "O'Neil"];
const CITIES = [
  [13.3777, 52.5163], [2.3522, 48.8566], [-0.1276, 51.5072], [-122.4194, 37.7749], [139.6917, 35.6895],
  [151.2093, -33.8688], [-179.9, -16.5], [179.9, -16.4], [0, 0], [18.4241, -33.9249],
];
const pad = n => String(n).padStart(8, '0');
// Integers of the server are doubles; those of $inc and other writers Int32 and Int64.
const number = (n, value) => [double(value), int(value), long(`${value}`)][n % 3];

// 100 rows: 72 without an ACL, 10 readable by all, 8 private, 4 for Moderators, 3 for nobody, 3 with `_acl` alone.
function rightsOf(n, owner) {
  if (n < 72) return {};
  if (n < 82) return ownedBy(owner);
  if (n < 90) return rights([owner], [owner]);
  if (n < 94) return rights(['role:Moderators'], ['role:Moderators']);
  if (n < 97) return nobody;
  return legacyRights([owner], [owner]);
}

const score = n => {
  const owner = people[n % people.length];
  return row(`gs${pad(n)}`, 1000 + n * 3, {
    score: number(n, (n * 7919) % 5000),
    playerName: NAMES[n % NAMES.length],
    cheatMode: n % 10 === 3,
    _p_player: user(owner),
    ...(n % 4 !== 1 && { _p_level: `Level$lv${pad(n % 6)}` }),
    location: CITIES[n % CITIES.length],
    tags: [['fast'], ['fast', 'night'], [], ['night', int(n), { kind: 'bonus', worth: double(n / 4) }]][n % 4],
    stats: { kills: int(n % 17), deaths: int(n % 5), weapon: { name: n % 2 ? 'bow' : 'axe', level: double(n % 3 + 0.5) } },
    playedAt: at(1000 + n * 3),
    ...(n % 5 === 0 && { replay: `${'0123456789abcdef'.repeat(2)}_replay-${n}.txt` }),
    ...(n % 6 === 0 && { seed: bytes(`seed-${n}`) }),
    ...(n % 7 === 0 && { rival: pointer('_User', people[(n + 1) % people.length]) }),
    ipAddress: `192.0.2.${n}`,
  }, rightsOf(n, owner));
};

const levels = ['Meadow', 'Cave', 'Harbour', 'Tower', 'Glacier', 'Sky'].map((name, n) => row(`lv${pad(n)}`, 900 + n, {
  name, order: int(n + 1), limit: int(60 * (n + 1)), user: `designer ${n % 2}`,
  area: { type: 'Polygon', coordinates: [[[n, 0], [n + 1, 0], [n + 1, 1], [n, 1], [n, 0]]] },
  opensAt: at(900 + n), hints: n % 2 ? ['look up', 'wait'] : [],
}));

const posts = Array.from({ length: 12 }, (_, n) => row(`po${pad(n)}`, 1400 + n, {
  title: `Post ${n}`,
  body: ['The quick brown fox', 'jumps over', 'the lazy dog', 'naïve café — 100 %'][n % 4] + ` (${n})`,
  _p_author: user(people[n % people.length]),
  related: [pointer('GameScore', `gs${pad(n)}`), pointer('Level', `lv${pad(n % 6)}`)],
  draft: n === 11,
}, n === 11 ? rights([people[3]], [people[3]]) : {}));

const comments = Array.from({ length: 20 }, (_, n) => row(`co${pad(n)}`, 1450 + n, {
  text: `Comment ${n}`,
  _p_post: `Post$po${pad(n < 18 ? n % 12 : 900 + n)}`, // the last two dangle
  ...(n % 3 && { _p_parent: `Comment$co${pad(n - 1)}` }),
  _p_author: user(people[n % people.length]),
}));

export const collections = [
  {
    name: 'GameScore', documents: Array.from({ length: 100 }, (_, n) => score(n)),
    indexes: [
      index({ playerName: 1 }),
      index({ score: -1, playerName: 1 }),
      index({ 'stats.kills': 1 }),
      index({ tags: 1 }),
      index({ _p_player: 1 }),
      index({ location: '2dsphere' }, { '2dsphereIndexVersion': { $numberInt: '3' } }),
    ],
    schema: schema('GameScore', {
      score: 'number', playerName: 'string', cheatMode: 'boolean', player: '*_User', level: '*Level', location: 'geopoint',
      tags: 'array', stats: 'object', playedAt: 'date', replay: 'file', seed: 'bytes', rival: 'object', ipAddress: 'string',
      fans: 'relation<_User>',
    }, {
      class_permissions: permissions({ protectedFields: { '*': ['ipAddress'], 'role:Moderators': [] } }),
      fields_options: { playerName: { required: true }, cheatMode: { required: false, defaultValue: false } },
      indexes: {
        _id_: { _id: 1 }, playerName_1: { playerName: 1 }, score_1_playerName_1: { score: -1, playerName: 1 },
        location_2dsphere: { location: '2dsphere' },
      },
    }),
  },
  {
    name: '_Join:fans:GameScore',
    documents: Array.from({ length: 30 }, (_, n) => link(100 + n, `gs${pad(n % 10)}`, people[(n + (n / 10 | 0)) % people.length])),
    indexes: [index({ owningId: 1 }), index({ relatedId: 1 })],
  },
  {
    // metadata.json as tools before 4.2 wrote it: plain numbers, and the namespace in each index.
    name: 'Level', documents: levels, oldMetadata: true, indexes: [index({ order: 1 }, { unique: true })],
    schema: schema('Level', {
      name: 'string', order: 'number', limit: 'number', user: 'string', area: 'polygon', opensAt: 'date', hints: 'array',
    }, { class_permissions: permissions({ create: {}, update: { 'role:Administrators': true }, delete: {}, addField: {} }) }),
  },
  {
    name: 'Post', documents: posts,
    indexes: [
      index({ _fts: 'text', _ftsx: 1 }, {
        name: 'title_text_body_text', weights: { title: { $numberInt: '2' }, body: { $numberInt: '1' } },
        default_language: 'english', language_override: 'language', textIndexVersion: { $numberInt: '3' },
      }),
      index({ _p_author: 1, _created_at: -1 }),
    ],
    schema: schema('Post', {
      title: 'string', body: 'string', author: '*_User', related: 'array', draft: 'boolean', likes: 'relation<_User>',
    }, {
      class_permissions: permissions({ ACL: { '*': { read: true }, currentUser: { read: true, write: true } } }),
      indexes: { _id_: { _id: 1 }, title_text_body_text: { title: 'text', body: 'text' } },
    }),
  },
  { name: '_Join:likes:Post', documents: people.map((id, n) => link(200 + n, `po${pad(n % 3)}`, id)) },
  {
    name: 'Comment', documents: comments, indexes: [index({ _p_post: 1 })],
    schema: schema('Comment', { text: 'string', post: '*Post', parent: '*Comment', author: '*_User' }),
  },
];
