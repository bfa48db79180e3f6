// Frames over a pipe: four bytes length of the payload (little-endian), one byte kind, the payload: BSON documents one after the other.
import { Socket } from 'node:net';
import mongodb from 'mongodb';

const { BSON } = mongodb;
const headerSize = 5;
const largestPayload = 64 * 1024 * 1024;
const manyBytes = 8 * 1024 * 1024;

/** Frames that come in. Reading goes on while one is worked on, so that the end of the input, our parent's death, is seen at once. */
export class Input {
  #frames = [];
  #bytes = 0;
  #waiting = null;
  #parts = [];
  #filled = 0;

  constructor(stream, ended) {
    this.stream = stream;
    stream.on('data', chunk => this.#take(chunk, ended));
    stream.on('end', () => ended(0));
    stream.on('error', () => ended(1));
  }

  /** Whether something has come that nobody has taken yet. */
  get pending() { return this.#frames.length > 0; }

  /** The next frame: `{ kind, payload }`. */
  next() {
    if (this.#frames.length > 0) {
      const frame = this.#frames.shift();
      this.#bytes -= frame.payload.length;
      if (this.#bytes < manyBytes && this.stream.isPaused()) this.stream.resume();
      return Promise.resolve(frame);
    }
    return new Promise(resolve => { this.#waiting = resolve; });
  }

  #take(chunk, ended) {
    this.#parts.push(chunk);
    this.#filled += chunk.length;
    while (this.#filled >= headerSize) {
      if (this.#parts[0].length < headerSize) this.#parts = [Buffer.concat(this.#parts)];
      const length = this.#parts[0].readUInt32LE(0);
      if (length > largestPayload) {
        process.stderr.write(`a frame of ${length} bytes is over the limit\n`);
        ended(1);
        return;
      }
      if (this.#filled < headerSize + length) return;
      const all = this.#parts.length === 1 ? this.#parts[0] : Buffer.concat(this.#parts);
      this.#parts = all.length > headerSize + length ? [all.subarray(headerSize + length)] : [];
      this.#filled = all.length - headerSize - length;
      this.#give({ kind: String.fromCharCode(all[4]), payload: all.subarray(headerSize, headerSize + length) });
    }
  }

  #give(frame) {
    const waiting = this.#waiting;
    if (waiting) {
      this.#waiting = null;
      waiting(frame);
      return;
    }
    this.#frames.push(frame);
    this.#bytes += frame.payload.length;
    if (this.#bytes >= manyBytes) this.stream.pause();
  }
}

/** Frames that go out. */
export class Output {
  constructor(descriptor, broken) {
    // Not process.stdout: that blocks everything else while the reader is slow.
    this.stream = new Socket({ fd: descriptor, readable: false, writable: true });
    this.stream.on('error', broken);
  }

  /** Sends a frame; done when the pipe has room for more. */
  send(kind, ...documents) {
    const length = documents.reduce((sum, document) => sum + document.length, 0);
    const header = Buffer.allocUnsafe(headerSize);
    header.writeUInt32LE(length, 0);
    header[4] = kind.charCodeAt(0);
    if (this.stream.write(Buffer.concat([header, ...documents], headerSize + length))) return undefined;
    return new Promise(resolve => this.stream.once('drain', resolve));
  }
}

/** Splits a payload into its documents, as bytes. */
export function documentsOf(payload) {
  const documents = [];
  for (let at = 0; at < payload.length;) {
    const length = payload.length - at >= 5 ? payload.readInt32LE(at) : 0;
    if (length < 5 || at + length > payload.length) throw new ProtocolError('a frame does not consist of whole documents');
    documents.push(payload.subarray(at, at + length));
    at += length;
  }
  return documents;
}

export const encode = document => BSON.serialize(document, { ignoreUndefined: true });
export const decode = bytes => BSON.deserialize(bytes, { promoteValues: true, promoteBuffers: true });
/** Types stay as they are: what comes out of this can go back in. */
export const decodeExactly = bytes => BSON.deserialize(bytes, { promoteValues: false, promoteLongs: false });

/** The other side does not keep to the protocol. */
export class ProtocolError extends Error {}
