// An install that was logged in before the move stays logged in: its stored token goes on, also one from before 2015.
import { as, assert, Parse, refused, tokens, ended } from '../harness.mjs';

for (const [name, id] of [['ann', 'uAnn000001'], ['ben', 'uBen000002'], ['cat', 'uCat000003'], ['gus', 'uGus000008']]) {
  const user = await Parse.User.become(tokens[name]);
  assert.equal(user.id, id);
  assert.equal((await Parse.User.currentAsync()).get('username'), name);
}

// Gus's token has no "r:" and no session row; it counts on all routes.
const score = new Parse.Object('GameScore', { score: 1, playerName: 'Gus', player: Parse.User.createWithoutData('uGus000008') });
score.setACL(new Parse.ACL(Parse.User.createWithoutData('uGus000008')));
await score.save(null, as('gus'));
assert.equal((await new Parse.Query('GameScore').get(score.id, as('gus'))).get('playerName'), 'Gus');
await Parse.User.logOut().catch(() => {});
await refused(101, new Parse.Query('GameScore').get(score.id));
await score.destroy(as('gus'));

await refused(209, Parse.User.become(tokens.expired));
await refused(209, Parse.User.become(tokens.userIsGone));
await refused(209, Parse.User.become('r:00000000000000000000000000000000'));
await refused(209, new Parse.Query('GameScore').find({ sessionToken: tokens.expired }));

// A log-out ends this session and no other.
const ann = await Parse.User.logIn('ann', 'ann-secret-1');
const token = ann.getSessionToken();
await new Parse.Query('MemberArea').find({ sessionToken: token });
await Parse.User.logOut();
await ended(() => new Parse.Query('MemberArea').find({ sessionToken: token }));
assert.equal((await new Parse.Query('MemberArea').find(as('ann'))).length, 3);
