// The new API through a client library of its dialect, on the imported rows.
import assert from 'node:assert/strict';
import { PostgrestClient } from '@supabase/postgrest-js';

const base = process.env.BACKEND_URL;
const rows = new PostgrestClient(`${base}/api/v2/rows`);
const done = async call => {
  const answer = await call;
  if (answer.error) throw new Error(`${answer.status}: ${JSON.stringify(answer.error)}`);
  return answer;
};

const sample = () => rows.from('GameScore').select('*', { count: 'exact' }).like('id', 'gs*');
const found = async query => (await done(query)).data.map(r => r.id).sort();
const { data: all, count } = await done(sample().limit(1000));
assert.equal(count, 82);
assert.equal(all.length, 82);
const expected = test => all.filter(test).map(r => r.id).sort();

assert.deepEqual(await found(sample().eq('playerName', 'Ann')), expected(r => r.playerName === 'Ann'));
assert.deepEqual(await found(sample().gte('score', 4000)), expected(r => r.score >= 4000));
assert.deepEqual(await found(sample().in('playerName', ['Ben', '山田', "O'Neil"])), expected(r => ['Ben', '山田', "O'Neil"].includes(r.playerName)));
assert.deepEqual(await found(sample().is('level', null)), expected(r => r.level === null));
assert.deepEqual(await found(sample().ilike('playerName', 'ł*')), expected(r => r.playerName.startsWith('Ł')));
assert.deepEqual(await found(sample().or('score.lt.500,cheatMode.is.true')), expected(r => r.score < 500 || r.cheatMode));
assert.deepEqual(await found(sample().eq('player', 'uCat000003')), expected(r => r.player === 'uCat000003'));

const { data: page } = await done(rows.from('GameScore').select('id,score').like('id', 'gs*').order('score', { ascending: false }).order('id').range(5, 9));
const sorted = [...all].sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1)).slice(5, 10);
assert.deepEqual(page, sorted.map(({ id, score }) => ({ id, score })));

const { data: level } = await done(rows.from('Level').select('*').eq('"order"', 1).maybeSingle());
assert.equal(level.name, 'Meadow');

const { data: one } = await done(rows.from('GameScore').insert({ score: 1, playerName: 'v2', stats: { kills: 2 } }).select().single());
assert.match(one.id, /^[A-Za-z0-9]{10}$/);
const { data: changed } = await done(rows.from('GameScore').update({ score: 2 }).eq('id', one.id).select('score').single());
assert.equal(changed.score, 2);
await done(rows.from('GameScore').delete().eq('id', one.id));
assert.equal((await done(rows.from('GameScore').select('id').eq('id', one.id))).data.length, 0);

// No table and no field comes into being by a row.
assert.equal((await rows.from('NoSuchClass').insert({ a: 1 })).status, 404);
assert.equal((await rows.from('GameScore').insert({ noSuchField: 1 })).status, 400);
