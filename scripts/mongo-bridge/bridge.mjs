// Speaks to MongoDB for scripts/import-mongo: requests come on standard input, answers go to standard output. README.md is the protocol.
import mongodb from 'mongodb';
import { decode, decodeExactly, documentsOf, encode, Input, Output, ProtocolError } from './frames.mjs';
import { kindOf, messageOf } from './errors.mjs';
import { collections, count, describe, positionNow, read, timeNow, watch } from './source.mjs';
import { apply, drop, ensure } from './writes.mjs';

const protocol = 1;
/** A server that is silent for so long is taken for lost; the connection string can say otherwise. */
const patience = 60_000;

// Ctrl-C goes to the whole group of processes; ours ends when its parent closes the pipe.
process.on('SIGINT', () => {});

const exit = code => process.exit(code);
const input = new Input(process.stdin, exit);
const output = new Output(1, () => exit(1));

let uri = null, client = null, db = null, server = null;

async function hello(payload) {
  const request = decode(documentsOf(payload)[0]);
  if (request.protocol !== protocol) throw new ProtocolError(`this bridge speaks version ${protocol} of the protocol, not ${request.protocol}`);
  ({ uri } = request);
  client = new mongodb.MongoClient(uri, { appName: 'import-mongo', maxPoolSize: 5, ...(/[?&]socketTimeoutMS=/i.test(uri) ? {} : { socketTimeoutMS: patience }) });
  await client.connect();
  server = await describe(client, request.database);
  const reached = client.db(server.database);
  const now = request.position ? await positionNow(reached) : {};
  server.time = now.position ? await timeNow(client) : null;
  db = reached;
  await output.send('h', encode({ protocol, ...server, ...now }));
}

const handlers = {
  C: async () => {
    await collections(db, output);
    await output.send('e', encode({}));
  },
  R: payload => read(client, db, decodeExactlyWithNames(payload), server, input, output),
  N: payload => count(db, decodeExactlyWithNames(payload).collection, server.topology, output),
  W: payload => watch(db, payload, server, input, output),
  A: payload => apply(db, payload, output),
  E: payload => ensure(db, payload, output),
  D: payload => drop(db, payload, output),
  // Only interrupts: what was going on has ended by now.
  S: () => output.send('s', encode({})),
};

function decodeExactlyWithNames(payload) {
  const { collection, filter } = decodeExactly(documentsOf(payload)[0]);
  return { collection: collection.value ?? collection, filter };
}

for (;;) {
  const { kind, payload } = await input.next();
  try {
    const handler = kind === 'H' && !client ? hello : db && handlers[kind];
    if (!handler) throw new ProtocolError(`a request of kind ${kind} is not expected here`);
    await handler(payload);
  } catch (error) {
    const answer = { kind: kindOf(error, db !== null), code: typeof error.code === 'number' ? error.code : null, message: messageOf(error, uri) };
    if (!db) {
      await client?.close().catch(() => {});
      client = null;
    }
    await output.send('x', encode(answer));
  }
}
