// Imported passwords: all three bcrypt prefixes, beyond ASCII, beyond 72 bytes.
import { assert, Parse, refused, ended } from '../harness.mjs';

for (const [id, name, password] of [
  ['uAnn000001', 'ann', 'ann-secret-1'],
  ['uBen000002', 'ben', 'ben-secret-2'],
  ['uCat000003', 'cat', 'cat-secret-3'],
  ['uEve000007', 'Eve', 'Eve-secret-7'],
  ['uJoen00009', 'jön', 'pässwörd-ж-🔑'],
  ['uKim000010', 'kim', 'k'.repeat(72) + ' and what bcrypt does not see'],
]) {
  const user = await Parse.User.logIn(name, password);
  assert.equal(user.id, id);
  assert.match(user.getSessionToken(), /^r:/);
  assert.equal((await Parse.User.currentAsync()).id, id);
  const me = await user.fetch();
  assert.equal(me.get('username'), name);
  assert.equal(me.get('password'), undefined);
}

const ann = await Parse.User.logIn('ann', 'ann-secret-1');
assert.equal(ann.get('karma'), 120);
assert.equal(ann.get('settings').theme, 'dark');
assert.ok(ann.get('createdAt') instanceof Date);

await refused(101, Parse.User.logIn('ann', 'wrong'));
await refused(101, Parse.User.logIn('nobody', 'wrong'));
await refused(101, Parse.User.logIn('ned', 'password')); // the MD5 of another system
await refused(101, Parse.User.logIn('hal', 'x')); // an empty hash

// A new account beside the old ones, and out again.
const name = `new-${process.pid}-${Date.now()}`;
const fresh = await Parse.User.signUp(name, 'a new secret', { karma: 1 });
await refused(202, Parse.User.signUp('ann', 'x'));
// The same installation logs in again: its older session ends.
const older = fresh.getSessionToken();
const again = await Parse.User.logIn(name, 'a new secret');
const newer = { sessionToken: again.getSessionToken() };
await ended(() => new Parse.Query('_User').get(fresh.id, { sessionToken: older }));
await again.save({ karma: 2 }, newer);
assert.equal((await new Parse.Query('_User').get(fresh.id, newer)).get('karma'), 2);
await Parse.User.logOut();
await ended(() => new Parse.Query('_User').get(fresh.id, newer));
