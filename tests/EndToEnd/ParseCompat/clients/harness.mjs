// What every scenario needs: the SDK, set up for the server that the test started. A scenario is a file that is run by
// node; it asserts what a user would notice, and its exit status is the result.
import assert from 'node:assert/strict';
import Parse from 'parse/node.js';
import { PostgrestClient } from '@supabase/postgrest-js';

const env = name => {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
};

export const base = env('BACKEND_URL');

Parse.initialize(env('PARSE_APPLICATION_ID'), process.env.PARSE_JAVASCRIPT_KEY, process.env.PARSE_MASTER_KEY);
Parse.serverURL = base + (process.env.PARSE_MOUNT ?? '/parse');
Parse.User.enableUnsafeCurrentUser();

export { assert, Parse };

export const tokens = {
  ann: 'r:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa01',
  ben: 'r:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb03',
  cat: 'r:cccccccccccccccccccccccccccccc04',
  gus: 'legacyGus0000000000000008',
  expired: 'r:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb07',
  userIsGone: 'r:dddddddddddddddddddddddddddddd08',
};

/** Runs as one of the imported users, by his session token, as an install that was never logged out. */
export const as = name => ({ sessionToken: tokens[name] });
export const asMaster = { useMasterKey: true };

/** A class name of this run alone. */
export const fresh = prefix => `${prefix}${process.hrtime.bigint().toString(36)}`;

/** Asserts that a call is refused with one of Parse's codes. */
export async function refused(code, promise) {
  const error = await promise.then(() => undefined, e => e);
  assert.ok(error, `expected error ${code}, but the call succeeded`);
  assert.equal(error.code, code, `expected error ${code}, got ${error.code}: ${error.message}`);
  return error;
}

/**
 * Asserts that a session has ended: asked again and again, since the other process may take 100 ms to hear of it (LogOutTests measures
 * that), and longer on a machine that is late itself.
 */
export async function ended(ask) {
  for (const until = Date.now() + 60_000; ; await new Promise(resolve => setTimeout(resolve, 20))) {
    const error = await ask().then(() => undefined, e => e);
    if (error || Date.now() > until) return refused(209, error ? Promise.reject(error) : Promise.resolve());
  }
}

/** The new API, as its client library sees it. */
export const rows = token =>
  new PostgrestClient(`${base}/api/v2/rows`, { headers: token ? { Authorization: `Bearer ${token}` } : {} });

/** What a call of the new API returns; its error is an error here. */
export async function done(call) {
  const answer = await call;
  if (answer.error) throw new Error(`${answer.status}: ${JSON.stringify(answer.error)}`);
  return answer;
}

/** Posts a form to the token endpoint of the new API. */
export async function token(form) {
  const response = await fetch(`${base}/api/v2/auth/token`, { method: 'POST', body: new URLSearchParams(form) });
  return { status: response.status, body: await response.json() };
}

/** RFC 8693: a Parse session token becomes a token of the new API. */
export const exchange = sessionToken => token({
  grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
  subject_token: sessionToken,
  subject_token_type: process.env.SUBJECT_TOKEN_TYPE ?? 'urn:ietf:params:oauth:token-type:access_token',
});
