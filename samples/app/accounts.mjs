// People: _User, _Session, _Role and the join collections of roles.
import { at, index, int, legacyRights, link, nobody, oid, permissions, rights, row, schema, user } from '../make.mjs';

const own = id => rights(['*', id], [id]);

// Cost 10 and constant salts: the hashes are the same on each run. README.md has the passwords.
const users = [
  row('uAnn000001', 0, {
    username: 'ann', email: 'ann@example.com', emailVerified: true, phone: '+00 1', karma: int(120),
    _hashed_password: '$2a$10$SampleSalt00ForTests.uVQH7VtJQCSrfK973zHo6J6unHtXeOrW',
    home: [13.3777, 52.5163], settings: { theme: 'dark', volume: 0.5, seen: [at(3), at(4)] },
  }, own('uAnn000001')),
  row('uBen000002', 2, {
    username: 'ben', email: 'ben@example.com', emailVerified: true, phone: '+00 2', karma: int(40),
    _hashed_password: '$2b$10$SampleSalt01ForTests.uYrB.OlB1tJNaCfy5A378Rcc1tSwLG7u',
    _p_invitedBy: user('uAnn000001'),
  }, own('uBen000002')),
  row('uCat000003', 4, {
    username: 'cat', email: 'cat@example.com', emailVerified: false, karma: int(7),
    _hashed_password: '$2y$10$SampleSalt02ForTests.uZ58nngW99f/1lItLXr64DCqCGrfJfL2',
    _email_verify_token: 'verifyCat0000000000000003', _email_verify_token_expires_at: at(90_000),
    _p_invitedBy: user('uBen000002'),
  }, own('uCat000003')),
  // The same username twice: the unique index of the source came late.
  row('uDan000004', 6, {
    username: 'dan', email: 'dan@example.com',
    _hashed_password: '$2b$10$SampleSalt03ForTests.u4JBVI1sKR2jj1wIgjeFjZ20628u237W',
  }, own('uDan000004')),
  row('uDan000005', 8, {
    username: 'dan', email: 'dan.too@example.com',
    _hashed_password: '$2b$10$SampleSalt04ForTests.u5umBdRowx0zLw.iwTBRBkZp7Kt3jMQW',
  }, own('uDan000005')),
  // Two names that differ by case only, and one e-mail address in both.
  row('uEve000006', 10, {
    username: 'eve', email: 'eve@example.com',
    _hashed_password: '$2a$10$SampleSalt05ForTests.uRxNsTR1Jk7Dh1Nr41MtwVCBAL/YmhVe',
  }, own('uEve000006')),
  row('uEve000007', 12, {
    username: 'Eve', email: 'eve@example.com',
    _hashed_password: '$2b$10$SampleSalt06ForTests.ux9feoU.lHJk.0dW9BYxAfIgoE91sFXK',
  }, own('uEve000007')),
  // An install of 2014: its token is in the user, and has no "r:".
  row('uGus000008', 14, {
    username: 'gus', email: 'gus@example.com',
    _hashed_password: '$2a$10$SampleSalt07ForTests.uLhHncfbOELWnvaA/wJu5Si.NYPvMyyq',
    _session_token: 'legacyGus0000000000000008',
  }, legacyRights(['*', 'uGus000008'], ['uGus000008'])),
  // Not ASCII, in the name and in the password.
  row('uJoen00009', 16, {
    username: 'jön', email: 'jön@example.com',
    _hashed_password: '$2b$10$SampleSalt08ForTests.uZ58QJHz8ga7BLkHhjJh7hw4IFy33LBq',
  }, own('uJoen00009')),
  // A password of more than 72 bytes, of which bcrypt sees 72.
  row('uKim000010', 18, {
    username: 'kim', email: null, phone: null,
    _hashed_password: '$2y$10$SampleSalt09ForTests.uqIpB5DiixsuaVL7ISK4cVGkwK8mb8e6',
  }, own('uKim000010')),
  // Locked out until the year 2100.
  row('uOla000011', 20, {
    username: 'ola', email: 'ola@example.com',
    _hashed_password: '$2b$10$SampleSalt10ForTests.upYgXu0pQOCRl1qQZvEtD/VOi4Yb6FP2',
    _failed_login_count: int(5), _account_lockout_expires_at: new Date(Date.UTC(2100, 0, 1)),
    _password_changed_at: at(20),
    _password_history: ['$2b$10$SampleSalt10ForTests.upYgXu0pQOCRl1qQZvEtD/VOi4Yb6FP2'],
    _perishable_token: 'resetOla00000000000000011', _perishable_token_expires_at: at(25),
  }, own('uOla000011')),
  // Readable by herself alone.
  row('uIda000012', 22, {
    username: 'ida', email: 'ida@example.com', emailVerified: true,
    _hashed_password: '$2y$10$SampleSalt11ForTests.uArbbJZzh3RCIfRfAxZIpRDj/6a2cjba',
  }, rights(['uIda000012'], ['uIda000012'])),
  // Facebook only, without a password; then the same account once more, its id a number.
  row('uFay000013', 24, {
    username: 'fay7Hd0aYpLq3mNsT5vXzB1cE',
    _auth_data_facebook: { id: '100042', access_token: 'fb-fay', expiration_date: '2030-01-01T00:00:00.000Z' },
  }, own('uFay000013')),
  row('uFay000014', 26, {
    username: 'fay2Kc9eRqWx6uJgD8iSoM4hV',
    _auth_data_facebook: { id: int(100042), access_token: 'fb-fay-again' },
    _auth_data_twitter: null,
  }, own('uFay000014')),
  row('uAnon00015', 28, {
    username: 'anon3Zb5nTfGh7kLpQ9wXcVy',
    _auth_data_anonymous: { id: '8a1d4f2e-0000-4000-8000-000000000015' },
  }, own('uAnon00015')),
  // Hashes that no password fits: an empty one, and MD5 from another system.
  row('uHal000016', 30, { username: 'hal', email: 'hal@example.com', _hashed_password: '' }, own('uHal000016')),
  row('uNed000017', 32, {
    username: 'ned', email: 'ned@example.com', _hashed_password: '5f4dcc3b5aa765d61d8327deb882cf99', _tombstone: false,
  }, nobody),
];

const NEVER = new Date(Date.UTC(2099, 0, 1));
const session = (id, n, token, userId, more) => ({
  _id: id,
  ...(token && { _session_token: token }),
  ...(userId && { _p_user: user(userId) }),
  createdWith: { action: 'login', authProvider: 'password' },
  restricted: false,
  installationId: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
  expiresAt: NEVER,
  _created_at: at(n),
  _updated_at: at(n),
  ...more,
});

const sessions = [
  session('sAnn000001', 40, 'r:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa01', 'uAnn000001', { deviceName: "Ann's phone" }),
  session('sAnn000002', 41, 'r:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa02', 'uAnn000001', { createdWith: undefined }),
  session('sBen000003', 42, 'r:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb03', 'uBen000002'),
  session('sCat000004', 43, 'r:cccccccccccccccccccccccccccccc04', 'uCat000003', { installationId: undefined }),
  session('sFay000005', 44, 'r:ffffffffffffffffffffffffffffff05', 'uFay000013', {
    createdWith: { action: 'login', authProvider: 'facebook' },
  }),
  session('sAnon00006', 45, 'r:eeeeeeeeeeeeeeeeeeeeeeeeeeeeee06', 'uAnon00015', {
    createdWith: { action: 'signup', authProvider: 'anonymous' },
  }),
  // Expired.
  session('sBen000007', 46, 'r:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb07', 'uBen000002', { expiresAt: at(47) }),
  // Its user is gone; it has no user; it has no token.
  session('sGone00008', 48, 'r:dddddddddddddddddddddddddddddd08', 'uGone00099'),
  session('sNone00009', 49, 'r:dddddddddddddddddddddddddddddd09', undefined),
  session('sNone00010', 50, undefined, 'uAnn000001'),
  // One token in two rows.
  session('sIda000011', 51, 'r:99999999999999999999999999999911', 'uIda000012'),
  session('sIda000012', 52, 'r:99999999999999999999999999999911', 'uIda000012'),
  // No end.
  session('sJoen00013', 53, 'r:77777777777777777777777777777713', 'uJoen00009', { expiresAt: undefined }),
];

const role = (id, n, name, read = ['*'], write = ['role:Administrators']) => row(id, n, { name }, rights(read, write));

const roles = [
  role('rAdmin0001', 60, 'Administrators'),
  role('rModer0002', 61, 'Moderators'),
  role('rMembr0003', 62, 'Members'),
  role('rRingA0004', 63, 'Ring A'),
  role('rRingB0005', 64, 'Ring B', [], []),
];

// Administrators have the rights of Moderators, Moderators those of Members; the rings hold each other.
const roleChildren = [
  link(1, 'rModer0002', 'rAdmin0001'),
  link(2, 'rMembr0003', 'rModer0002'),
  link(3, 'rRingA0004', 'rRingB0005'),
  link(4, 'rRingB0005', 'rRingA0004'),
  link(5, 'rMembr0003', 'rGone00099'),
];

const roleUsers = [
  link(10, 'rAdmin0001', 'uAnn000001'),
  link(11, 'rModer0002', 'uBen000002'),
  link(12, 'rMembr0003', 'uCat000003'),
  link(13, 'rMembr0003', 'uIda000012'),
  link(14, 'rRingA0004', 'uEve000006'),
  link(15, 'rMembr0003', 'uCat000003'), // the pair once more
  link(16, 'rMembr0003', 'uGone00099'), // nobody
  { _id: oid(0x77), owningId: 'rMembr0003' }, // half of a pair
];

const friends = [
  link(20, 'uAnn000001', 'uBen000002'),
  link(21, 'uAnn000001', 'uCat000003'),
  link(22, 'uBen000002', 'uAnn000001'),
];

const strength2 = {
  locale: 'en_US', caseLevel: false, caseFirst: 'off', strength: { $numberInt: '2' }, numericOrdering: false,
  alternate: 'non-ignorable', maxVariable: 'punct', normalization: false, backwards: false, version: '57.1',
};

export const collections = [
  {
    name: '_User', documents: users,
    indexes: [
      index({ username: 1 }, { sparse: true }),
      index({ email: 1 }, { sparse: true }),
      index({ username: 1 }, { name: 'case_insensitive_username', sparse: true, collation: strength2 }),
      index({ email: 1 }, { name: 'case_insensitive_email', sparse: true, collation: strength2 }),
      index({ '_auth_data_facebook.id': 1 }, { name: '_auth_data_facebook_id', sparse: true }),
      index({ karma: -1 }),
      index({ 'settings.theme': 1 }),
    ],
    schema: schema('_User', {
      username: 'string', password: 'string', email: 'string', emailVerified: 'boolean', authData: 'object',
      phone: 'string', karma: 'number', home: 'geopoint', settings: 'object', invitedBy: '*_User', friends: 'relation<_User>',
      _auth_data_facebook: 'object',
    }, {
      class_permissions: permissions({ protectedFields: { '*': ['email', 'phone'], 'role:Administrators': [] } }),
      indexes: { _id_: { _id: 1 }, username_1: { username: 1 }, email_1: { email: 1 }, karma_1: { karma: -1 } },
    }),
  },
  {
    name: '_Session', documents: sessions, indexes: [index({ _session_token: 1 }), index({ expiresAt: 1 })],
    schema: schema('_Session', {
      user: '*_User', installationId: 'string', sessionToken: 'string', expiresAt: 'date', createdWith: 'object',
      restricted: 'boolean', deviceName: 'string',
    }),
  },
  {
    name: '_Role', documents: roles, indexes: [index({ name: 1 }, { unique: true })],
    schema: schema('_Role', { name: 'string', users: 'relation<_User>', roles: 'relation<_Role>' }, {
      class_permissions: permissions({ create: { 'role:Administrators': true }, addField: {} }),
    }),
  },
  { name: '_Join:users:_Role', documents: roleUsers },
  { name: '_Join:roles:_Role', documents: roleChildren },
  { name: '_Join:friends:_User', documents: friends },
];
export const people = ['uAnn000001', 'uBen000002', 'uCat000003', 'uEve000006', 'uGus000008', 'uJoen00009', 'uKim000010', 'uIda000012'];
