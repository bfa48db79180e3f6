// Writes the sample app to dump/game, as `mongodump --out dump` of a database `game` would, and the counts of documents to
// counts.json. Deterministic: the committed files are what this script writes.
import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { document } from './bytes.mjs';
import { index } from './make.mjs';
import { collections as accounts } from './app/accounts.mjs';
import { collections as names } from './app/names.mjs';
import { collections as oddities } from './app/oddities.mjs';
import { collections as permissions } from './app/permissions.mjs';
import { collections as scores } from './app/scores.mjs';
import { collections as system } from './app/system.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const folder = join(here, 'dump', 'game');
const all = [...accounts, ...scores, ...permissions, ...oddities, ...names, ...system];

/** The file name that mongodump gives a collection: escaped as in a URL, long ones cut and marked with a digest. */
function fileName(collection) {
  const escaped = encodeURIComponent(collection);
  if (escaped.length <= 238) return escaped;
  return `${escaped.slice(0, 208)}%24${createHash('sha1').update(collection).digest('base64url')}`;
}

/** metadata.json of today's tools, or as those before 4.2 wrote it: plain numbers, and the namespace in each index. */
function metadata({ name, indexes = [], oldMetadata }) {
  const all = [index({ _id: 1 }, { name: '_id_' }), ...indexes];
  if (!oldMetadata) {
    const uuid = createHash('md5').update(name).digest('hex');
    return JSON.stringify({ options: {}, indexes: all, uuid, collectionName: name, type: 'collection' });
  }
  const plain = JSON.parse(JSON.stringify(all), (_, value) => (value?.$numberInt ? Number(value.$numberInt) : value));
  return JSON.stringify({ options: {}, indexes: plain.map(each => ({ ...each, ns: `game.${name}` })) });
}

function patched(bytes, [, from, to]) {
  const at = bytes.indexOf(from);
  if (at < 0) throw new Error(`nothing to patch: ${from}`);
  to.copy(bytes, at);
  return bytes;
}

rmSync(join(here, 'dump'), { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const counts = {};

function write(collection) {
  const { name, documents, twins, patches = [] } = collection;
  const encoded = documents.map((value, n) =>
    patches.filter(([which]) => which === n).reduce(patched, document(value, { twins })));
  writeFileSync(join(folder, `${fileName(name)}.bson`), Buffer.concat(encoded));
  writeFileSync(join(folder, `${fileName(name)}.metadata.json`), metadata(collection));
  counts[name] = documents.length;
}

const schemas = all.filter(collection => collection.schema).map(collection => collection.schema);
[...all.filter(collection => collection.documents), { name: '_SCHEMA', documents: schemas }].forEach(write);
const sorted = Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(join(here, 'counts.json'), JSON.stringify(sorted, null, 2) + '\n');
console.log(`${Object.keys(counts).length} collections, ${Object.values(counts).reduce((a, b) => a + b)} documents`);
