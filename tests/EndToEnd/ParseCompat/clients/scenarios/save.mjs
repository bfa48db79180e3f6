// Saving with every type and every operation of the SDK.
import { assert, asMaster, fresh, Parse, refused } from '../harness.mjs';

const className = fresh('Saved');
const level = Parse.Object.fromJSON({ className: 'Level', objectId: 'lv00000000' });
const played = new Date('2026-01-02T03:04:05.678Z');

const saved = new Parse.Object(className, {
  number: 1.5, text: "it's ж 🎮 \" \\ \u2028", flag: false, when: played, list: [1, 'two', null, { three: 3 }], map: { a: { b: [1] } }, level,
  where: new Parse.GeoPoint(48.8566, 2.3522), area: new Parse.Polygon([[0, 0], [0, 2], [2, 2], [2, 0]]), nothing: null,
});
await saved.save();
assert.match(saved.id, /^[A-Za-z0-9]{10}$/);
assert.ok(saved.createdAt instanceof Date);

const read = async (id = saved.id) => new Parse.Query(className).get(id);
let back = await read();
assert.equal(back.get('number'), 1.5);
assert.equal(back.get('text'), "it's ж 🎮 \" \\ \u2028");
assert.equal(back.get('flag'), false);
assert.deepEqual(back.get('when'), played);
assert.deepEqual(back.get('list'), [1, 'two', null, { three: 3 }]);
assert.deepEqual(back.get('map'), { a: { b: [1] } });
assert.equal(back.get('level').id, 'lv00000000');
assert.equal(back.get('where').latitude, 48.8566);
assert.equal(back.get('area').coordinates.length, 5);

back.increment('number', 2);
back.add('list', 'last');
back.unset('flag');
back.set('map.a.c', 'nested');
await back.save();
assert.equal(back.get('number'), 3.5);
back = await read();
assert.equal(back.get('number'), 3.5);
assert.deepEqual(back.get('list'), [1, 'two', null, { three: 3 }, 'last']);
assert.equal(back.has('flag'), false);
assert.deepEqual(back.get('map'), { a: { b: [1], c: 'nested' } });

back.addUnique('list', 'two');
back.addUnique('list', 'new');
await back.save();
back.remove('list', null);
back.remove('list', { three: 3 });
await back.save();
assert.deepEqual((await read()).get('list'), [1, 'two', 'last', 'new']);

// Twenty increments at once all count.
await Promise.all(Array.from({ length: 20 }, () => {
  const same = Parse.Object.fromJSON({ className, objectId: saved.id });
  same.increment('counter');
  return same.save();
}));
assert.equal((await read()).get('counter'), 20);

// A relation.
const fans = back.relation('fans');
fans.add([Parse.User.createWithoutData('uAnn000001'), Parse.User.createWithoutData('uBen000002')]);
await back.save();
assert.deepEqual((await back.relation('fans').query().ascending('username').find()).map(u => u.get('username')), ['ann', 'ben']);
fans.remove(Parse.User.createWithoutData('uAnn000001'));
await back.save();
assert.deepEqual((await back.relation('fans').query().find()).map(u => u.get('username')), ['ben']);

// A type once given stays.
await refused(111, new Parse.Object(className, { number: 'text' }).save());
assert.equal(await new Parse.Query(className).count(asMaster), 1);

await back.destroy();
await refused(101, read());

// Old classes with old names.
const reserved = await new Parse.Query('Reserved').get('re00000000');
assert.equal(reserved.get('order'), 'order 0');
await reserved.save({ limit: 'changed' });
assert.equal((await new Parse.Query('Reserved').equalTo('limit', 'changed').first()).id, 're00000000');
