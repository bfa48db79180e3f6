// What is read from MongoDB: what there is, its documents, its changes. Documents pass as the bytes they are.
import mongodb from 'mongodb';
import { documentsOf, decode, decodeExactly, encode, ProtocolError } from './frames.mjs';
import { isTooLarge, kindOf } from './errors.mjs';

const { BSON } = mongodb;
const blockSize = 512 * 1024;
const foreign = new Set(['admin', 'config', 'local']);
const reopenings = 3;

/** Version, kind of deployment, and which database is meant. */
export async function describe(client, wanted) {
  const admin = client.db('admin');
  const hello = await admin.command({ hello: 1 }).catch(() => admin.command({ isMaster: 1 }));
  const { version } = await admin.command({ buildInfo: 1 });
  const topology = hello.msg === 'isdbgrid' ? 'sharded' : hello.setName ? 'replica-set' : 'standalone';
  return { server: version, topology, set: hello.setName ?? null, database: wanted ?? await onlyDatabase(client) };
}

// As with a dump of several databases: the only one, or the only one that holds a Parse app.
async function onlyDatabase(client) {
  const { databases } = await client.db('admin').command({ listDatabases: 1, nameOnly: true, authorizedDatabases: true });
  const names = databases.map(d => d.name).filter(name => !foreign.has(name));
  if (names.length === 1) return names[0];
  const parse = [];
  for (const name of names) {
    const collections = await client.db(name).listCollections({}, { nameOnly: true }).toArray();
    if (collections.some(c => c.name.endsWith('_SCHEMA'))) parse.push(name);
  }
  if (parse.length === 1) return parse[0];
  throw new Error(names.length === 0 ? 'the server holds no database' : `the server holds the databases ${names.join(', ')}; name one with --database`);
}

/** Where changes go on that happen from now on; null where the server tells of none, with the reason. */
export async function positionNow(db) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await tryPositionNow(db);
    } catch (error) {
      if (kindOf(error, true) !== 'lost' || attempt > reopenings) throw error;
    }
  }
}

async function tryPositionNow(db) {
  let stream = null;
  try {
    stream = openStream(db, null, 1);
    await stream.cursor.tryNext();
    const { postBatchResumeToken: token, startAtOperationTime: time } = stream.cursor;
    if (token) return { position: { token } };
    return time ? { position: { time } } : { position: null, why: 'the server names no position' };
  } catch (error) {
    const kind = kindOf(error, true);
    if (kind === 'not-a-replica-set' || kind === 'unauthorized') return { position: null, why: error.message };
    throw error;
  } finally {
    await close(stream);
  }
}

/** A time of the cluster not before any position that was taken so far; null where there is no such thing. */
export async function timeNow(client) {
  const session = client.startSession({ causalConsistency: true });
  try {
    await client.db('admin').command({ ping: 1 }, { session });
    return session.operationTime ?? null;
  } finally {
    await session.endSession();
  }
}

/** The collections with what mongodump's metadata files say about them. */
export async function collections(db, output) {
  const list = (await db.listCollections({}, { promoteValues: false }).toArray()).sort((a, b) => (a.name.value ?? a.name) < (b.name.value ?? b.name) ? -1 : 1);
  const next = list.values();
  const described = new Map();
  await Promise.all(Array.from({ length: 4 }, async () => {
    for (const entry of next) described.set(entry, await describeCollection(db, entry));
  }));
  for (const entry of list) await output.send('c', described.get(entry));
}

async function describeCollection(db, entry) {
  const name = entry.name.value ?? entry.name;
  const type = entry.type?.value ?? entry.type ?? 'collection';
  const readable = type === 'collection' && !name.startsWith('system.');
  let indexes = [], documents = 0, size = 0;
  if (readable) {
    indexes = await db.collection(name).listIndexes({ promoteValues: false }).toArray().catch(gone);
    // One document for each shard.
    const stats = await db.collection(name).aggregate([{ $collStats: { storageStats: {} } }]).toArray().catch(() => []);
    for (const { storageStats } of stats) {
      documents += Number(storageStats?.count ?? 0);
      size += Number(storageStats?.size ?? 0);
    }
  }
  const metadata = BSON.EJSON.stringify({ options: entry.options ?? {}, indexes, uuid: entry.info?.uuid?.toString?.('hex'), collectionName: name, type }, { relaxed: false });
  return encode({ name, type, readable, count: documents, size, metadata });
}

// Dropped since it was listed, or no collection that has indexes.
function gone(error) {
  if (error.code === 26 || error.code === 166) return [];
  throw error;
}

/**
 * Sends all documents of a collection, or those that a filter finds, in blocks. Nothing older than `time` is read, whichever member of a replica set
 * answers: changes are followed from a position before that, and what lay between the two would be missing for ever.
 */
export async function read(client, db, { collection, filter }, { topology, time }, input, output) {
  const session = client.startSession({ causalConsistency: time !== null });
  const options = { raw: true, batchSize: 1000, session };
  if (topology !== 'standalone') options.readConcern = { level: 'majority' };
  if (time) session.advanceOperationTime(time);
  const cursor = db.collection(collection).find(filter ?? {}, options);
  let documents = 0, bytes = 0;
  try {
    let more = cursor.hasNext();
    while (await more && !input.pending) {
      const batch = cursor.readBufferedDocuments();
      // The next batch is on its way while this one is handed over.
      more = cursor.id && !cursor.id.isZero() ? cursor.hasNext() : Promise.resolve(false);
      more.catch(() => {});
      for (let at = 0; at < batch.length;) {
        let size = 0, end = at;
        do size += batch[end++].length; while (end < batch.length && size + batch[end].length <= blockSize);
        await output.send('d', ...batch.slice(at, end));
        documents += end - at;
        bytes += size;
        at = end;
      }
    }
  } finally {
    await cursor.close().catch(() => {});
    await session.endSession();
  }
  await output.send('e', encode({ documents, bytes }));
}

/** Counts the documents of a collection one by one. */
export async function count(db, collection, topology, output) {
  const options = topology === 'standalone' ? {} : { readConcern: { level: 'majority' } };
  // By the index, which is smaller than the documents; a clustered collection has none of that name.
  const documents = await db.collection(collection).countDocuments({}, { ...options, hint: '_id_' })
    .catch(error => error.code === 2 ? db.collection(collection).countDocuments({}, options) : Promise.reject(error));
  await output.send('n', encode({ documents }));
}

/** Sends changes from a position on until something else is asked for. */
export async function watch(db, payload, { server }, input, output) {
  let { position, wait } = request(payload);
  let bare = false;
  // Of indexes servers tell since 6.0, and only when they are asked to.
  const expanded = parseInt(server, 10) >= 6;
  let stream = openStream(db, position, wait, bare, expanded);
  let failures = 0;
  const reopen = async () => {
    await close(stream);
    stream = openStream(db, position, wait, bare, expanded);
  };
  try {
    while (!input.pending) {
      let events;
      try {
        const first = await stream.cursor.tryNext();
        events = first ? [first, ...stream.cursor.readBufferedDocuments()] : [];
        if (bare) events = await withDocuments(db, events);
      } catch (error) {
        if (isTooLarge(error) && !bare) {
          // An event with its document is larger than MongoDB sends. Once more without, for as long as this batch lasts: the documents are looked up here.
          bare = true;
        } else if (kindOf(error, true) !== 'lost' || ++failures > reopenings) {
          throw error;
        }
        // An election, or a connection that broke: the driver finds the new primary. Not for ever: then the other side decides.
        await reopen();
        continue;
      }
      failures = 0;
      const token = stream.cursor.postBatchResumeToken ?? (events.length > 0 ? decodeExactly(events.at(-1))._id : null);
      if (token) position = { token };
      for (let at = 0; at < events.length || at === 0;) {
        let size = 0, end = at;
        while (end < events.length && (end === at || size + events[end].length <= blockSize)) size += events[end++].length;
        // Within a batch each event is a position of its own.
        const reached = end < events.length ? { token: decodeExactly(events[end - 1])._id } : position;
        await output.send('w', encode({ position: reached ?? null }), ...events.slice(at, end));
        at = Math.max(end, 1);
      }
      const ended = stream.cursor.isDead && stream.cursor.bufferedCount() === 0;
      if (ended || (bare && events.length > 0)) {
        bare = false;
        await reopen();
      }
    }
  } finally {
    await close(stream);
  }
}

// Puts the documents into events that came without. A document that is gone by now is left out: a delete follows.
async function withDocuments(db, events) {
  const complete = [];
  for (const event of events) {
    const { operationType, ns, documentKey } = decodeExactly(event);
    if (!['insert', 'update', 'replace'].includes(operationType)) {
      complete.push(event);
      continue;
    }
    const document = await db.collection(ns.coll).findOne(documentKey, { raw: true, readConcern: { level: 'majority' } });
    complete.push(document ? withElement(event, 'fullDocument', document) : event);
  }
  return complete;
}

// A document with one more element, itself a document, at its end.
function withElement(document, name, value) {
  const whole = Buffer.concat([document.subarray(0, -1), Buffer.from([3]), Buffer.from(`${name}\0`), value, Buffer.from([0])]);
  whole.writeInt32LE(whole.length, 0);
  return whole;
}

function request(payload) {
  const [bytes] = documentsOf(payload);
  if (!bytes) throw new ProtocolError('watch lacks its document');
  return { position: decodeExactly(bytes).position ?? null, wait: decode(bytes).wait ?? 1000 };
}

// The driver's own ChangeStream looks into each event, which raw bytes do not allow; its cursor does not.
function openStream(db, position, wait, bare = false, expanded = false) {
  const options = { raw: true, maxAwaitTimeMS: wait };
  if (expanded) options.showExpandedEvents = true;
  if (!bare) options.fullDocument = 'updateLookup';
  else options.batchSize = 10;
  // Not resumeAfter: that cannot go on after an event that ended a stream.
  if (position?.token) options.startAfter = position.token;
  else if (position?.time) options.startAtOperationTime = position.time;
  // What an update changed is not used: without it an event of a large document stays under MongoDB's limit.
  const stream = db.watch([{ $project: bare ? { updateDescription: 0, fullDocument: 0 } : { updateDescription: 0 } }], options);
  if (typeof stream.cursor?.tryNext !== 'function') throw new ProtocolError('this version of the mongodb package is not the one that package.json names');
  return stream;
}

async function close(stream) {
  if (stream) await stream.close().catch(() => {});
}
