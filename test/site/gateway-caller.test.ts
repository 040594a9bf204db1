/** The header by which a host tells a member who asks. */
import test from 'ava';
import { encodeCaller, MAX_CALLER_CAMERAS, MAX_CALLER_LENGTH, parseCaller } from '../../src/site/gateway-caller.ts';
import type { SiteCaller } from '../../src/site/gateway-caller.ts';
import { createRandom } from '../support/seeded-random.ts';

const ANNA: SiteCaller = { id: 'user-1', name: 'anna', role: 'operator', cameraIds: ['cam-1', 'door'] };
const again = (caller: SiteCaller): SiteCaller | undefined => parseCaller(encodeCaller(caller) ?? '');

test('a caller is read as it was told, whatever the name', (t) => {
  for (const name of ['anna', 'Ünal Çelik', '監視 カメラ', '😀 "quoted" \\', 'a\r\nb: c'])
    for (const cameraIds of [undefined, [], ['cam-1']]) {
      const text = encodeCaller({ ...ANNA, name, cameraIds });
      t.regex(text ?? '', /^[\u0020-\u007e]+$/, 'what a header may hold');
      t.deepEqual(again({ ...ANNA, name, cameraIds }), { ...ANNA, name, cameraIds });
    }
});

test('what no camera can be called is left out: such an account sees none of those, and is heard all the same', (t) => {
  t.deepEqual(again({ ...ANNA, cameraIds: ['CAM 1', '../x', 'cam-1'] })?.cameraIds, ['cam-1']);
  t.deepEqual(again({ ...ANNA, cameraIds: ['CAM 1'] })?.cameraIds, []);
});

test('as many cameras as may be told fit into the header, one more is not told', (t) => {
  const cameraIds = Array.from({ length: MAX_CALLER_CAMERAS }, (_, index) => `cam-${index}-`.padEnd(63, 'x'));
  const name = '監'.repeat(64);
  const text = encodeCaller({ ...ANNA, name, cameraIds }) ?? '';
  t.true(text.length <= MAX_CALLER_LENGTH, String(text.length));
  t.is(parseCaller(text)?.cameraIds?.length, MAX_CALLER_CAMERAS);
  t.is(encodeCaller({ ...ANNA, cameraIds: [...cameraIds, 'one-more'] }), undefined);
  t.is(parseCaller(JSON.stringify({ ...ANNA, cameraIds: [...cameraIds, 'one-more'] })), undefined);
  t.is(parseCaller(`${' '.repeat(MAX_CALLER_LENGTH)}${JSON.stringify(ANNA)}`), undefined);
});

test('what is no caller is none: wrong roles, ids, more or less than there should be', (t) => {
  const good = { id: 'user-1', name: 'anna', role: 'viewer' };
  t.truthy(parseCaller(JSON.stringify(good)));
  const bad: readonly object[] = [
    { ...good, role: 'root' },
    { ...good, role: undefined },
    { ...good, name: '' },
    { ...good, name: 'x'.repeat(65) },
    { ...good, id: 'a b' },
    { ...good, id: '' },
    { ...good, cameraIds: ['../x'] },
    { ...good, cameraIds: 'all' },
    { ...good, cameraIds: null },
    { ...good, kind: 'token' },
    [good],
  ];
  for (const value of bad) t.is(parseCaller(JSON.stringify(value)), undefined, JSON.stringify(value));
  // Two headers of the name come as one text.
  for (const text of ['', 'null', '{}', 'owner', `${JSON.stringify(good)}, ${JSON.stringify(good)}`])
    t.is(parseCaller(text), undefined, text);
});

test('random bytes are no caller and do no harm', (t) => {
  const random = createRandom(7);
  for (let turn = 0; turn < 2000; turn += 1)
    t.is(parseCaller(Buffer.from(random.bytes(turn % 200)).toString('latin1')), undefined);
});
