// What went wrong, in the few kinds that the other side tells apart, and without secrets.
import { ProtocolError } from './frames.mjs';

const unauthorized = new Set([13, 18, 8000]);
const historyLost = new Set([286, 260, 280, 136, 40576, 40585, 40615, 40647, 50811]);
const noReplicaSet = new Set([40573, 40324]);
const lost = new Set([6, 7, 43, 89, 91, 189, 234, 262, 9001, 10107, 10058, 11600, 11602, 13435, 13436, 63, 150, 13388, 133, 134, 50, 64, 237]);

/** The kind of an error. `connected`: whether the server had answered before. */
export function kindOf(error, connected) {
  if (error instanceof ProtocolError) return 'protocol';
  if (unauthorized.has(error.code)) return 'unauthorized';
  if (isTooLarge(error)) return 'refused';
  if (historyLost.has(error.code) || error.hasErrorLabel?.('NonResumableChangeStreamError')) return 'history-lost';
  if (noReplicaSet.has(error.code)) return 'not-a-replica-set';
  if (isTooOld(error)) return 'refused';
  const names = namesOf(error);
  if (names.has('MongoServerSelectionError') || names.has('MongoNetworkError') || lost.has(error.code)
    || error.syscall || error.hasErrorLabel?.('ResumableChangeStreamError') || error.hasErrorLabel?.('RetryableWriteError')) {
    return connected ? 'lost' : 'unreachable';
  }
  return 'refused';
}

/** Whether the server says that an answer would be too large. */
export function isTooLarge(error) {
  return error.code === 10334 || /BSONObjectTooLarge|BSONObj size: \d+ .* is invalid/.test(error.message);
}

/** A message without the connection string's password. */
export function messageOf(error, uri) {
  let text = `${error.message || error}`;
  if (error.cause?.message && !text.includes(error.cause.message)) text += `: ${error.cause.message}`;
  if (isTooOld(error)) text += '. A server older than that can be imported from a mongodump.';
  text = text.replace(/(mongodb(?:\+srv)?:\/\/[^:@/]*):[^@]*@/g, '$1:***@');
  for (const secret of secretsOf(uri)) text = text.replaceAll(secret, '***');
  return text.slice(0, 2000);
}

function isTooOld(error) {
  return /maximum wire version/.test(error.message);
}

function secretsOf(uri) {
  const found = /^mongodb(?:\+srv)?:\/\/[^:@/]*:(.*)@/.exec(uri ?? '')?.[1];
  if (!found) return [];
  let plain = found;
  try { plain = decodeURIComponent(found); } catch { /* not escaped: the driver says so */ }
  // A shorter one would blacken half of every message and is found out sooner by guessing.
  return [found, plain].filter(secret => secret.length >= 4);
}

function namesOf(error) {
  const names = new Set();
  for (let type = error; type && type !== Object.prototype; type = Object.getPrototypeOf(type)) names.add(type.constructor?.name);
  return names;
}
