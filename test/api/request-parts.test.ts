/** Small parsers of the API: JSON bodies, the session cookie, camera credentials. */
import test from 'ava';
import { sessionTokenIn } from '../../src/api/cookies.ts';
import { MAX_DEPTH, parseJson } from '../../src/api/json-body.ts';
import { HttpError } from '../../src/api/problem.ts';
import { createEventHub, MAX_KEPT_EVENTS } from '../../src/api/event-hub.ts';
import { splitCredentials } from '../../src/site/camera-credentials.ts';
import { createRandom } from '../support/seeded-random.ts';

const parse = (text: string): unknown => parseJson(Buffer.from(text));

test('JSON is read up to its depth, brackets in strings do not count', (t) => {
  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
  t.notThrows(() => parse(nested(MAX_DEPTH)));
  t.throws(() => parse(nested(MAX_DEPTH + 1)), { message: /levels/ });
  t.deepEqual(parse(JSON.stringify({ text: '[[[[[[[[[[[[[[[[[[[[[[\\"{{{{' })), {
    text: '[[[[[[[[[[[[[[[[[[[[[[\\"{{{{',
  });
});

test('seeded random bytes as JSON give a value or a problem, nothing else', (t) => {
  const random = createRandom(7);
  const letters = Buffer.from('{}[]",:\\0129.eE+-truefalsn __proto__\u00ff');
  for (let round = 0; round < 5000; round += 1) {
    const bytes = Uint8Array.from({ length: random.int(0, 40) }, () => letters[random.int(0, letters.length - 1)] ?? 0);
    try {
      parseJson(bytes);
    } catch (error) {
      if (!(error instanceof HttpError)) t.fail(String(error));
    }
  }
  t.pass();
});

test('the session cookie is found by its exact name, once', (t) => {
  const token = 'A'.repeat(43);
  t.is(sessionTokenIn(`a=b; __Host-session=${token}; c=d`), token);
  t.is(sessionTokenIn(`__Host-session=${token}; __Host-session=${token}`), undefined);
  t.is(sessionTokenIn(`x__Host-session=${token}`), undefined);
  t.is(sessionTokenIn(`__host-session=${token}`), undefined);
  t.is(sessionTokenIn(`__Host-session=${token}x`), undefined);
  t.is(sessionTokenIn(undefined), undefined);
});

test('credentials leave an address however they were written', (t) => {
  const cases: readonly (readonly [string, string, string | undefined, string | undefined])[] = [
    ['rtsp://h/p', 'rtsp://h/p', undefined, undefined],
    ['rtsp://u@h/p', 'rtsp://h/p', 'u', undefined],
    ['rtsp://u:p@h:554/p?x=a@b', 'rtsp://h:554/p?x=a@b', 'u', 'p'],
    ['rtsp://u:p%40:q@h/', 'rtsp://h/', 'u', 'p@:q'],
    ['rtsp://u:p@ss@h/', 'rtsp://h/', 'u', 'p@ss'],
    ['rtsp://u:100%@h/', 'rtsp://h/', 'u', '100%'],
    ['rtsp://:p@h/', 'rtsp://h/', undefined, 'p'],
    ['rtsp://h/a@b', 'rtsp://h/a@b', undefined, undefined],
  ];
  for (const [given, url, username, password] of cases) {
    t.deepEqual(splitCredentials(given), { url, username, password }, given);
  }
});

test('the event ring keeps the last events in order and tells when some are gone', (t) => {
  const hub = createEventHub(100);
  t.deepEqual(hub.after(99), []);
  for (let index = 0; index < MAX_KEPT_EVENTS * 3; index += 1) hub.publish({ kind: 'server' });
  const last = hub.lastId();
  t.is(last, 99 + MAX_KEPT_EVENTS * 3);
  t.deepEqual(
    hub.after(last - 3)?.map(({ id }) => id),
    [last - 2, last - 1, last],
  );
  t.is(hub.after(100), undefined);
  t.is(hub.after(last + 1), undefined, 'an id from another life');
});
