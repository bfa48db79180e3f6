// Class permissions of the imported classes: what cannot be judged is refused.
import { as, assert, asMaster, Parse, refused } from '../harness.mjs';

const find = (name, who) => new Parse.Query(name).find(who);
const ids = found => found.map(o => o.id).sort();

await refused(101, find('MemberArea'));
for (const who of [as('ann'), as('gus')]) assert.equal((await find('MemberArea', who)).length, 3);
await new Parse.Object('MemberArea', { notice: 'one more' }).save(null, as('cat')).then(o => o.destroy(as('cat')));

for (const who of [{}, as('ben')]) await refused(119, find('Diary', who));
for (const who of [as('ann'), as('cat')]) assert.equal((await find('Diary', who)).length, 3);
await refused(119, new Parse.Object('Diary', { entry: 'x' }).save(null, as('ann')));
await new Parse.Object('Diary', { entry: 'x' }).save(null, as('cat')).then(o => o.destroy(as('cat')));

for (const who of [{}, as('ann')]) await refused(119, find('Vault', who));
assert.equal((await find('Vault', asMaster)).length, 1);

assert.equal(await new Parse.Query('OldNews').count(), 2);
await refused(119, new Parse.Object('OldNews', { headline: 'new' }).save());

// Fields of rows that name their readers: allowed to those or refused, never open.
for (const name of ['Journal', 'Letter']) {
  const anonymous = await find(name).then(ids, e => { assert.ok([101, 119].includes(e.code), e.message); return []; });
  assert.deepEqual(anonymous, []);
}
const ofBen = await find('Journal', as('ben')).then(ids, e => { assert.equal(e.code, 119); return undefined; });
assert.ok(ofBen === undefined || String(ofBen) === 'jo00000001,jo00000003');
assert.equal((await find('Journal', asMaster)).length, 4);

// Required fields and default values of a class.
await refused(142, new Parse.Object('Ticket', { price: 3 }).save());
const ticket = await new Parse.Object('Ticket', { seat: `B${process.pid}` }).save();
assert.equal(ticket.get('price'), 12);
assert.equal((await ticket.fetch()).get('paid'), false);
await ticket.destroy();

await refused(119, new Parse.Object('Level', { name: 'x' }).save());
