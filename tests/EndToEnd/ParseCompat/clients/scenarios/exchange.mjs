// An updated app stays logged in: the session token of the old release becomes a token of the new API.
import { assert, done, exchange, Parse, rows, tokens, ended } from '../harness.mjs';

for (const name of ['ann', 'gus']) {
  const { status, body } = await exchange(tokens[name]);
  assert.equal(status, 200, JSON.stringify(body));
  assert.equal(body.token_type.toLowerCase(), 'bearer');
  const { data } = await done(rows(body.access_token).from('MemberArea').select('notice'));
  assert.equal(data.length, 3);
}
for (const bad of [tokens.expired, tokens.userIsGone, 'r:00000000000000000000000000000000', '']) {
  const { status, body } = await exchange(bad);
  assert.equal(status, 400, JSON.stringify(body));
}

// One log-out ends both: the session behind the tokens is one row.
const user = await Parse.User.logIn('cat', 'cat-secret-3');
const session = user.getSessionToken();
const { body } = await exchange(session);
const members = () => rows(body.access_token).from('MemberArea').select('notice');
await done(members());
await Parse.User.logOut();
await ended(() => new Parse.Query('MemberArea').find({ sessionToken: session }));
// Every process hears of it: four times in a row is each of them.
let refusals = 0;
for (const until = Date.now() + 60_000; refusals < 4 && Date.now() < until;) refusals = (await members()).status === 401 ? refusals + 1 : 0;
assert.equal(refusals, 4);
