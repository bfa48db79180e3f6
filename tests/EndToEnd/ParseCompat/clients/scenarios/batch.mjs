// The SDK's saveAll and destroyAll: batches of 20 requests.
import { assert, asMaster, fresh, Parse, refused } from '../harness.mjs';

const className = fresh('Batched');
const many = Array.from({ length: 45 }, (_, n) => new Parse.Object(className, { n }));
await Parse.Object.saveAll(many);
assert.equal(new Set(many.map(o => o.id)).size, 45);
assert.equal(await new Parse.Query(className).count(asMaster), 45);

// One that fails does not take the others with it.
many.forEach(o => o.increment('n', 100));
many[7].set('n', 'text');
const error = await Parse.Object.saveAll(many).then(() => undefined, e => e);
assert.equal(error?.code, 111);
const values = (await new Parse.Query(className).limit(100).ascending('n').find()).map(o => o.get('n'));
assert.equal(values.filter(n => n >= 100).length >= 19, true, values.join());
assert.equal(values[0], 7);

const gone = many.slice(0, 3);
await gone[1].destroy();
const aggregate = await Parse.Object.destroyAll(gone).then(() => undefined, e => e);
assert.equal(aggregate?.code, 600);
assert.deepEqual(aggregate.errors.map(e => e.code), [101]);
await Parse.Object.destroyAll(many.slice(3));
assert.equal(await new Parse.Query(className).count(asMaster), 0);
await refused(101, many[5].fetch());
