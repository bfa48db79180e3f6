// BSON that no library writes: bytes which old drivers and scripts left in real databases. A placeholder of the same
// length goes through the library, and the bytes are exchanged afterwards.
import { serialize } from 'bson';

// Private-use characters are three bytes of UTF-8, as long as what they stand for.
export const LONE_HIGH = '\uE000'; // ED A0 BD: half of a surrogate pair
export const LONE_LOW = '\uE001'; // ED B8 80: the other half; both in this order are one character in CESU-8
export const CUT_EMOJI = '\uE002'; // F0 9F 98: the first three of the four bytes of an emoji

/** A key that occurs twice in one document: name one of the two `<name>` and the other `twin(<name>)`. */
export const twin = name => '\uE003' + name.slice(3);

const exchanges = [
  [[0xee, 0x80, 0x80], [0xed, 0xa0, 0xbd]],
  [[0xee, 0x80, 0x81], [0xed, 0xb8, 0x80]],
  [[0xee, 0x80, 0x82], [0xf0, 0x9f, 0x98]],
].map(([from, to]) => [Buffer.from(from), Buffer.from(to)]);

function exchange(bytes, from, to) {
  for (let at = bytes.indexOf(from); at >= 0; at = bytes.indexOf(from, at + to.length)) to.copy(bytes, at);
}

/** The bytes of one document; `twins` are the keys that `twin` was used for. */
export function document(value, { twins = [] } = {}) {
  const bytes = Buffer.from(serialize(value, { ignoreUndefined: true }));
  for (const key of twins) exchange(bytes, Buffer.from(twin(key)), Buffer.from(key));
  for (const [from, to] of exchanges) exchange(bytes, from, to);
  return bytes;
}
