// Row rights, of imported rows and of new ones.
import { as, assert, asMaster, Parse, refused } from '../harness.mjs';

const get = (id, who) => new Parse.Query('GameScore').get(id, who);

// gs00000088 is ann's alone, gs00000090 is for Moderators, gs00000094 for nobody, gs00000097 is ben's by the legacy rights alone.
await get('gs00000088', as('ann'));
for (const who of [{}, as('ben')]) await refused(101, get('gs00000088', who));
for (const who of [as('ann'), as('ben')]) await get('gs00000090', who);
for (const who of [{}, as('cat')]) await refused(101, get('gs00000090', who));
for (const who of [{}, as('ann')]) await refused(101, get('gs00000094', who));
await get('gs00000094', asMaster);
await get('gs00000097', as('ben'));
for (const who of [{}, as('ann')]) await refused(101, get('gs00000097', who));

// gs00000072 is public to read, and ann's to write.
const shown = await get('gs00000072');
assert.deepEqual(shown.getACL().toJSON(), { '*': { read: true }, uAnn000001: { read: true, write: true } });
await refused(101, shown.save({ score: 1 }));
await refused(101, shown.save({ score: 1 }, as('ben')));
await refused(101, shown.destroy(as('ben')));
await (await get('gs00000072', as('ann'))).save({ cheatMode: true }, as('ann'));
assert.equal((await get('gs00000072')).get('cheatMode'), true);

const mine = new Parse.Object('GameScore', { score: 7, playerName: 'mine' });
mine.setACL(new Parse.ACL(Parse.User.createWithoutData('uCat000003')));
await mine.save(null, as('cat'));
await refused(101, get(mine.id, as('ann')));
const acl = new Parse.ACL(Parse.User.createWithoutData('uCat000003'));
acl.setRoleReadAccess('Moderators', true);
await mine.save({ ACL: acl }, as('cat'));
for (const who of [as('ann'), as('ben'), as('cat')]) assert.equal((await get(mine.id, who)).get('score'), 7);
await refused(101, get(mine.id));
await refused(101, (await get(mine.id, as('ben'))).save({ score: 8 }, as('ben')));
await mine.destroy(as('cat'));

// A private user.
await refused(101, new Parse.Query('_User').get('uIda000012'));
const ida = await Parse.User.logIn('ida', 'ida-secret-9');
assert.equal((await new Parse.Query('_User').get('uIda000012', { sessionToken: ida.getSessionToken() })).get('username'), 'ida');

// An included row that the caller may not read is left out.
const post = new Parse.Object('Comment', { text: 'on a private post', post: Parse.Object.fromJSON({ className: 'Post', objectId: 'po00000011' }) });
await post.save();
const [seen] = await new Parse.Query('Comment').equalTo('objectId', post.id).include('post').find(as('ann'));
assert.equal(seen.get('post')?.get('title'), undefined);
await post.destroy();
