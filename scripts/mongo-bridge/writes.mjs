// What is written to MongoDB on the way back. Statements come as BSON and go as they are.
import { createRequire } from 'node:module';
import { decode, decodeExactly, documentsOf, encode, ProtocolError } from './frames.mjs';

// The driver has no public way to send documents that are bytes already. This is the class that its own bulk writes use.
const { DocumentSequence } = createRequire(import.meta.url)('mongodb/lib/cmap/commands.js');

/** Milliseconds for the majority to take a batch; then it is repeated. */
const patience = 30_000;

const fields = { update: 'updates', delete: 'deletes' };

/** Runs statements of one kind on one collection; every one that fails is named by its number, the others are done. */
export async function apply(db, payload, output) {
  const [head, ...statements] = documentsOf(payload);
  const { collection, command, ordered } = decode(head);
  const field = fields[command];
  if (!field || typeof collection !== 'string' || statements.length === 0) throw new ProtocolError('apply names a collection, a command and statements');
  const sequence = new DocumentSequence(field);
  for (const statement of statements) sequence.push(null, statement);
  const reply = await db.command({ [command]: collection, ordered: ordered === true, writeConcern: { w: 'majority', wtimeout: patience }, [field]: sequence });
  if (reply.writeConcernError) throw Object.assign(new Error(reply.writeConcernError.errmsg), { code: 64 });
  const errors = (reply.writeErrors ?? []).map(({ index, code, errmsg }) => ({ index, code, message: errmsg }));
  await output.send('a', encode({ n: reply.n ?? 0, errors }));
}

/** Makes a collection and indexes where they are missing. */
export async function ensure(db, payload, output) {
  const [head] = documentsOf(payload);
  const { collection, indexes } = decodeExactly(head);
  const name = collection.value ?? collection;
  await db.createCollection(name).catch(error => { if (error.code !== 48) throw error; });
  if (indexes?.length > 0) await db.command({ createIndexes: name, indexes });
  await output.send('a', encode({ n: 1, errors: [] }));
}

/** Drops a collection; one that is not there is as good as dropped. */
export async function drop(db, payload, output) {
  const { collection } = decode(documentsOf(payload)[0]);
  await db.command({ drop: collection }).catch(error => { if (error.code !== 26) throw error; });
  await output.send('a', encode({ n: 1, errors: [] }));
}
