// The queries that applications ask, on imported rows. The figures are those of samples/README.md.
import { as, assert, asMaster, Parse } from '../harness.mjs';

// Rows that other scenarios write beside this one are left out.
const sample = () => new Parse.Query('GameScore').startsWith('objectId', 'gs').limit(1000);
const ids = objects => objects.map(o => o.id);

for (const [who, count] of [[{}, 82], [as('ann'), 87], [as('ben'), 88], [as('cat'), 84], [asMaster, 100]]) {
  assert.equal(await sample().count(who), count);
  assert.equal((await sample().find(who)).length, count);
}

const all = await sample().find(asMaster);
const expected = test => ids(all.filter(test)).sort();
const finds = async (build, test) => {
  const found = ids(await build(sample()).find(asMaster)).sort();
  assert.deepEqual(found, expected(test), build.toString());
  assert.ok(found.length > 0, build.toString());
};

await finds(q => q.equalTo('playerName', 'Ann'), o => o.get('playerName') === 'Ann');
await finds(q => q.equalTo('playerName', "O'Neil"), o => o.get('playerName') === "O'Neil");
await finds(q => q.notEqualTo('playerName', 'Ann'), o => o.get('playerName') !== 'Ann');
await finds(q => q.greaterThanOrEqualTo('score', 4000), o => o.get('score') >= 4000);
await finds(q => q.lessThan('score', 500).greaterThan('score', 100), o => o.get('score') < 500 && o.get('score') > 100);
await finds(q => q.containedIn('playerName', ['Ann', '山田', 'nobody']), o => ['Ann', '山田'].includes(o.get('playerName')));
await finds(q => q.notContainedIn('playerName', ['Ann', '山田']), o => !['Ann', '山田'].includes(o.get('playerName')));
await finds(q => q.equalTo('cheatMode', true), o => o.get('cheatMode'));
await finds(q => q.exists('level'), o => o.has('level'));
await finds(q => q.doesNotExist('level'), o => !o.has('level'));
await finds(q => q.equalTo('tags', 'night'), o => o.get('tags').includes('night'));
await finds(q => q.containsAll('tags', ['fast', 'night']), o => ['fast', 'night'].every(t => o.get('tags').includes(t)));
await finds(q => q.startsWith('playerName', 'Z'), o => o.get('playerName').startsWith('Z'));
await finds(q => q.contains('playerName', "'"), o => o.get('playerName').includes("'"));
await finds(q => q.matches('playerName', /^a/i), o => /^a/i.test(o.get('playerName')));
await finds(q => q.equalTo('stats.kills', 5), o => o.get('stats').kills === 5);
await finds(q => q.equalTo('stats.weapon.name', 'bow'), o => o.get('stats').weapon.name === 'bow');
await finds(q => q.greaterThan('playedAt', all[50].get('playedAt')), o => o.get('playedAt') > all[50].get('playedAt'));
await finds(q => q.equalTo('player', Parse.User.createWithoutData('uCat000003')), o => o.get('player').id === 'uCat000003');
await finds(
  () => Parse.Query.or(sample().equalTo('playerName', 'Ben'), sample().greaterThan('score', 4500)).limit(1000),
  o => o.get('playerName') === 'Ben' || o.get('score') > 4500);
await finds(
  () => Parse.Query.and(sample().equalTo('cheatMode', true), sample().greaterThan('score', 1000)).limit(1000),
  o => o.get('cheatMode') && o.get('score') > 1000);

const sorted = await sample().descending('score').addAscending('objectId').limit(10).skip(5).find(asMaster);
const order = [...all].sort((a, b) => b.get('score') - a.get('score') || (a.id < b.id ? -1 : 1)).slice(5, 15);
assert.deepEqual(ids(sorted), ids(order));
assert.equal((await sample().descending('score').first(asMaster)).get('score'), 4791);

const [first] = await sample().equalTo('objectId', 'gs00000000').include('player', 'level', 'player.invitedBy').find();
assert.equal(first.get('player').get('username'), 'ann');
assert.equal(first.get('level').get('name'), 'Meadow');
assert.equal(first.get('location').latitude, 52.5163);
assert.equal(first.get('location').longitude, 13.3777);
assert.deepEqual(first.get('seed'), { __type: 'Bytes', base64: Buffer.from('seed-0').toString('base64') });
assert.equal(first.get('replay').name(), '0123456789abcdef0123456789abcdef_replay-0.txt');
assert.ok(first.get('playedAt') instanceof Date);
assert.equal(first.get('ipAddress'), undefined, 'a protected field');
assert.equal((await sample().equalTo('objectId', 'gs00000000').first(as('ben'))).get('ipAddress'), '192.0.2.0');
const [second] = await sample().equalTo('objectId', 'gs00000009').include('player.invitedBy').find();
assert.equal(second.get('player').get('invitedBy').get('username'), 'ann');

const selected = await sample().select('score').find();
assert.equal(selected[0].get('playerName'), undefined);

const level = await new Parse.Query('Level').equalTo('order', 1).first();
assert.equal(level.get('limit'), 60);
assert.equal(level.get('area').coordinates.length, 5);

// Every row once, whatever the page size.
let walked = 0;
await new Parse.Query('GameScore').startsWith('objectId', 'gs').each(() => { walked += 1; }, { ...asMaster, batchSize: 7 });
assert.equal(walked, 100);
