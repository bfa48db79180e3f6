// The two APIs on the same rows: the old client writes, the new one reads and changes, the old one sees it.
import { as, assert, done, exchange, Parse, refused, rows, tokens } from '../harness.mjs';

const score = await new Parse.Object('GameScore', {
  score: 41, playerName: 'Both', cheatMode: false, tags: ['old'], stats: { kills: 1 }, playedAt: new Date('2026-01-02T03:04:05.678Z'),
  player: Parse.User.createWithoutData('uAnn000001'), location: new Parse.GeoPoint(48.8566, 2.3522),
}).save();

const anyone = rows();
const { data: [row] } = await done(anyone.from('GameScore').select('*').eq('id', score.id));
assert.equal(row.score, 41);
assert.equal(row.playerName, 'Both');
assert.equal(row.player, 'uAnn000001');
assert.equal(row.playedAt, '2026-01-02T03:04:05.678Z');
assert.deepEqual(row.location, { type: 'Point', coordinates: [2.3522, 48.8566] });
assert.equal(row.ipAddress, undefined);

const { data: [changed] } = await done(anyone.from('GameScore').update({ score: 42, tags: ['new'] }).eq('id', score.id).select('id,score'));
assert.deepEqual(changed, { id: score.id, score: 42 });
await score.fetch();
assert.equal(score.get('score'), 42);
assert.deepEqual(score.get('tags'), ['new']);
assert.equal(score.get('playerName'), 'Both');

const { data: [embedded] } = await done(anyone.from('GameScore').select('id,player(username)').eq('id', score.id));
assert.deepEqual(embedded, { id: score.id, player: { username: 'ann' } });

// The same rights in both.
const { count } = await done(anyone.from('GameScore').select('id', { count: 'exact', head: true }).like('id', 'gs*'));
assert.equal(count, 82);
const { body } = await exchange(tokens.ann);
const ann = rows(body.access_token);
assert.equal((await done(ann.from('GameScore').select('id', { count: 'exact', head: true }).like('id', 'gs*'))).count, 87);
assert.equal((await anyone.from('Vault').select('*')).error !== null, true);

// A row of the new client, private to ann, seen by the old one.
const { data: [mine] } = await done(ann.from('GameScore').insert({
  score: 5, playerName: 'New', acl: { read: ['uAnn000001'], write: ['uAnn000001'] },
}).select('id'));
assert.equal((await new Parse.Query('GameScore').get(mine.id, as('ann'))).get('playerName'), 'New');
await refused(101, new Parse.Query('GameScore').get(mine.id, as('ben')));
await done(ann.from('GameScore').delete().eq('id', mine.id));
await refused(101, new Parse.Query('GameScore').get(mine.id, as('ann')));

await done(anyone.from('GameScore').delete().eq('id', score.id));
await refused(101, score.fetch());
