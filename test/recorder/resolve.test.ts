import test from 'ava';
import { createResolve, hostsEntryOf, MAX_KEPT_ADDRESSES } from '../../src/recorder/resolve.ts';
import type { ResolverDeps } from '../../src/recorder/resolve.ts';
import { createRandom } from '../support/seeded-random.ts';

const none = async (): Promise<readonly string[]> => await Promise.reject(new Error('ESERVFAIL'));
const depsOf = (more: Partial<ResolverDeps> = {}): ResolverDeps => ({
  query4: none,
  query6: none,
  hosts: async () => await Promise.resolve(''),
  ...more,
});

test('an address is its own answer, without a question', async (t) => {
  const resolve = createResolve(depsOf({ hosts: async () => await Promise.reject(new Error('asked')) }));
  t.is(await resolve('10.0.0.7'), '10.0.0.7');
  t.is(await resolve('fd00::7'), 'fd00::7');
});

test('the last good address is kept while the name server is down, and given up for a new one', async (t) => {
  let answer: string | undefined = '10.0.0.1';
  const query4 = async (): Promise<readonly string[]> => (answer === undefined ? await none() : [answer]);
  const resolve = createResolve(depsOf({ query4 }));
  t.is(await resolve('cam.lan'), '10.0.0.1');
  answer = undefined;
  t.is(await resolve('cam.lan'), '10.0.0.1');
  answer = '10.0.0.2';
  t.is(await resolve('cam.lan'), '10.0.0.2');
  answer = undefined;
  t.is(await resolve('cam.lan'), '10.0.0.2');
});

test('IPv4 is preferred, IPv6 is taken where it is all there is', async (t) => {
  const six = { query6: async () => await Promise.resolve(['fd00::1']) };
  t.is(await createResolve(depsOf(six))('a'), 'fd00::1');
  t.is(
    await createResolve(depsOf({ ...six, query4: async () => await Promise.resolve(['10.0.0.1']) }))('a'),
    '10.0.0.1',
  );
});

test('a name without an address says what to check', async (t) => {
  await t.throwsAsync(createResolve(depsOf())('cam.lan'), { code: 'recorder/unresolved', message: /cam\.lan/ });
  await t.throwsAsync(createResolve(depsOf({ query4: async () => await Promise.resolve([]) }))('cam.lan'), {
    code: 'recorder/unresolved',
  });
});

test('so many addresses are kept, the oldest go first', async (t) => {
  let works = true;
  const resolve = createResolve(depsOf({ query4: async () => (works ? ['10.0.0.1'] : await none()) }));
  for (let host = 0; host <= MAX_KEPT_ADDRESSES; host += 1) await resolve(`cam-${host}.lan`);
  works = false;
  await t.throwsAsync(resolve('cam-0.lan'));
  t.is(await resolve('cam-1.lan'), '10.0.0.1');
  t.is(await resolve(`cam-${MAX_KEPT_ADDRESSES}.lan`), '10.0.0.1');
});

test('hosts files: comments, several names, letter case, and whatever else stands in them', (t) => {
  const text = '# 10.0.0.9 cam\n10.0.0.1\tdoor Gate.LAN # cam\nnonsense cam\n';
  t.is(hostsEntryOf(text, 'gate.lan'), '10.0.0.1');
  t.is(hostsEntryOf(text, 'cam'), undefined);
  t.is(hostsEntryOf('', 'LocalHost'), '127.0.0.1');
  const random = createRandom(5);
  for (let round = 0; round < 200; round += 1)
    t.notThrows(() => hostsEntryOf(Buffer.from(random.bytes(random.int(0, 300))).toString('latin1'), 'cam'));
});
