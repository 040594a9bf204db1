/**
 * A host adds servers, as real processes on loopback: Test Connection, a batch of which some rows fail, names, management that was off,
 * and kills in the middle. What no row may leave behind is looked for on both sides.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import test from 'ava';
import type { BatchResult, TestServerResult } from '../../src/api/contract/adding.ts';
import type { KnownServer } from '../../src/api/contract/failover.ts';
import type { Server } from '../../src/api/contract/server.ts';
import { systemClock } from '../../src/core/clock.ts';
import { freePort } from '../../src/core/free-port.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { placeOf, startBox } from '../../src/demo/demo-box.ts';
import type { Box } from '../../src/demo/demo-box.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

const PASSWORD = 'a long enough one';
const ACCOUNT = { username: 'owner', password: PASSWORD };
const PATIENCE_MS = 60_000;
const teardowns: (() => unknown)[] = [];
const bench = { teardown: (undo: () => unknown) => void teardowns.push(undo) };
type Named = { readonly box: Box; readonly dataDir: string };
type Bench = { readonly H: Named; readonly A: Named; readonly B: Named; readonly F: Named };
let shared: Promise<Bench> | undefined;
const benchOf = (t: ExecutionContext): Promise<Bench> => {
  t.timeout(230_000);
  return (shared ??= startBench());
};

test.after.always('all boxes stop', async () => {
  for (const undo of teardowns.toReversed()) await undo();
});

async function startBench(): Promise<Bench> {
  const dir = await tempDir(bench, 'adding');
  const [H, A, B, F] = [await boxAt(dir, 'H'), await boxAt(dir, 'A'), await boxAt(dir, 'B'), await boxAt(dir, 'F')];
  await H.box.api.call('PUT', '/server/mode', { mode: 'host' });
  await F.box.api.call('PUT', '/server/mode', { mode: 'failover' });
  return { H, A, B, F };
}

async function boxAt(dir: string, name: string): Promise<Named> {
  const dataDir = join(dir, name);
  const peerPort = await freePort();
  const options = {
    dataDir,
    httpPort: 0,
    peerPort,
    password: PASSWORD,
    clock: systemClock,
    name,
    logTo: 'ignore',
  } as const;
  const box = await startBox(options);
  bench.teardown(() => box.stop());
  return { box, dataDir };
}

const rowOf = ({ dataDir }: Named, more: object = {}) => {
  const { port: httpPort, fingerprint: httpsFingerprint } = placeOf(dataDir) ?? { port: 0, fingerprint: '' };
  return { host: '127.0.0.1', httpPort, httpsFingerprint, ...more };
};
const serversOf = async ({ box }: Named): Promise<readonly KnownServer[]> =>
  ((await box.api.call('GET', '/servers')) as { items: KnownServer[] }).items;
const areConnected = async (one: Named, count: number): Promise<boolean> => {
  const servers = await serversOf(one);
  return servers.length === count && servers.every(({ connected }) => connected);
};
const selfOf = async ({ box }: Named): Promise<Server> => (await box.api.call('GET', '/server')) as Server;
const testAt = async ({ box }: Named, request: object): Promise<TestServerResult> =>
  (await box.api.call('POST', '/servers/test', request)) as TestServerResult;
const batchAt = async ({ box }: Named, request: object): Promise<BatchResult> =>
  (await box.api.call('POST', '/servers/batch', request, PATIENCE_MS)) as BatchResult;
const failuresIn = ({ checks }: TestServerResult): readonly string[] =>
  checks.filter(({ ok }) => !ok).map(({ name, code = '' }) => `${name} ${code}`);
const codeOf = (error: unknown): unknown => (error instanceof UnderstudyError ? error.context['code'] : error);

test.serial(
  'Test Connection tells each check, changes nothing, and sends no password to another certificate',
  async (t) => {
    const { H, A } = await benchOf(t);
    const plain = await testAt(H, { host: '127.0.0.1', httpPort: rowOf(A).httpPort });
    t.deepEqual(failuresIn(plain), []);
    t.is(plain.httpsFingerprint, rowOf(A).httpsFingerprint);
    t.regex(plain.checks.find(({ name }) => name === 'service')?.detail ?? '', /\bA\b/);
    const whole = await testAt(H, { ...rowOf(A, { host: 'localhost' }), ...ACCOUNT });
    t.deepEqual(failuresIn(whole), []);
    t.like(whole.server, { name: 'A', mode: 'recording' });
    t.true(whole.checks.length >= 13);
    t.deepEqual(failuresIn(await testAt(H, { ...rowOf(A), ...ACCOUNT, password: 'not this one' })), [
      'credentials server/credentials',
    ]);
    t.deepEqual(failuresIn(await testAt(H, { ...rowOf(A), ...ACCOUNT, httpsFingerprint: 'a'.repeat(64) })), [
      'certificate server/fingerprint',
    ]);
    t.deepEqual(failuresIn(await testAt(H, { host: '127.0.0.1', httpPort: 9 })), ['port server/no-answer']);
    t.deepEqual(failuresIn(await testAt(H, { host: 'no-such-host.invalid' })), ['resolve server/no-name']);
    t.deepEqual(failuresIn(await testAt(H, { ...rowOf(H), ...ACCOUNT })).slice(0, 2), [
      'mode server/mode',
      'known server/itself',
    ]);
    const unconfirmed = await t.throwsAsync(H.box.api.call('POST', '/servers/test', { host: '127.0.0.1', ...ACCOUNT }));
    t.regex(unconfirmed?.message ?? '', /./);
    t.deepEqual(await serversOf(H), []);
    t.deepEqual(await serversOf(A), []);
  },
);

test.serial(
  'a server whose management is off is found so, refuses to be added, and is enabled from the host',
  async (t) => {
    const { H, F } = await benchOf(t);
    await F.box.api.call('PATCH', '/server/settings', { managed: 'off' });
    t.is((await selfOf(F)).managed, 'off');
    t.deepEqual(failuresIn(await testAt(H, { ...rowOf(F), ...ACCOUNT })), ['managed server/cms-off']);
    const refused = await t.throwsAsync(H.box.api.call('POST', '/servers', { ...rowOf(F), ...ACCOUNT }));
    t.is(codeOf(refused), 'server/cms-off');
    t.deepEqual(await serversOf(F), []);
    const wrong = await t.throwsAsync(
      H.box.api.call('POST', '/servers/enable', { ...rowOf(F), ...ACCOUNT, password: 'x' }),
    );
    t.is(codeOf(wrong), 'server/credentials');
    t.is((await selfOf(F)).managed, 'off');
    t.like(await H.box.api.call('POST', '/servers/enable', { ...rowOf(F), ...ACCOUNT }), { name: 'F' });
    t.is((await selfOf(F)).managed, 'allowed');
  },
);

test.serial('a batch adds what can be added, under names by the rule, and tells the rest row by row', async (t) => {
  const { H, A, B, F } = await benchOf(t);
  const rows = [
    rowOf(A),
    rowOf(B, { password: 'not this one' }),
    rowOf(A, { host: 'localhost' }),
    { ...rowOf(B), httpPort: 9 },
    rowOf(F, { name: 'Spare' }),
    rowOf(H),
  ];
  const { rows: results } = await batchAt(H, { ...ACCOUNT, rows, naming: { kind: 'prefix-number', prefix: 'Hall' } });
  t.deepEqual(
    results.map(({ ok, name, code }) => (ok ? name : code)),
    ['Hall-1', 'server/credentials', 'server/twice', 'server/no-answer', 'Spare', 'server/mode'],
  );
  await waitFor('those that were added to be connected', async () => await areConnected(H, 2), PATIENCE_MS);
  t.deepEqual((await serversOf(H)).map(({ name }) => name).toSorted(), ['Hall-1', 'Spare']);
  t.is((await selfOf(A)).name, 'Hall-1');
  t.is((await selfOf(F)).name, 'Spare');
  t.like(await selfOf(A), { site: { kind: 'member', host: { name: 'H' } } });
  t.deepEqual(await serversOf(B), [], 'nothing of a failed row is left');
  const again = await batchAt(H, {
    ...ACCOUNT,
    rows: [rowOf(A), rowOf(B)],
    naming: { kind: 'prefix-number', prefix: 'Hall' },
  });
  t.deepEqual(
    again.rows.map(({ ok, name, code }) => (ok ? name : code)),
    ['server/known', 'Hall-2'],
  );
  t.is((await selfOf(B)).name, 'Hall-2');
  const { id } = await selfOf(B);
  const taken = await t.throwsAsync(H.box.api.call('POST', `/servers/${id}/rename`, { name: 'Hall-1' }));
  t.is(codeOf(taken), 'server/name-taken');
  await H.box.api.call('POST', `/servers/${id}/rename`, { name: 'Yard' });
  t.is((await selfOf(B)).name, 'Yard');
  await H.box.api.call('POST', `/servers/${id}/rename`, { name: 'Hall-2' });
  const off = await t.throwsAsync(B.box.api.call('PATCH', '/server/settings', { managed: 'off' }));
  t.is(codeOf(off), 'server/managed');
});

test.serial('names survive a restart of the member and of the host', async (t) => {
  const { H, A } = await benchOf(t);
  for (const one of [A, H]) {
    const before = placeOf(one.dataDir)?.pid ?? 0;
    process.kill(before, 'SIGKILL');
    await waitFor('control to be back', () => (placeOf(one.dataDir)?.pid ?? before) !== before, PATIENCE_MS);
  }
  await H.box.api.call('POST', '/sessions', ACCOUNT);
  await waitFor('all to be connected again', async () => await areConnected(H, 3), PATIENCE_MS);
  t.deepEqual((await serversOf(H)).map(({ name }) => name).toSorted(), ['Hall-1', 'Hall-2', 'Spare']);
});

type Membership = { readonly here: boolean; readonly there: boolean; readonly name: string };
async function isIn(H: Named, one: Named): Promise<Membership> {
  const { id, name, site } = await selfOf(one);
  return { here: (await serversOf(H)).some((server) => server.id === id), there: site.kind === 'member', name };
}
const members = ({ A, B, F }: Bench): readonly Named[] => [A, B, F];

async function detachAll(b: Bench): Promise<void> {
  // One that is away would leave later, and end the sessions of that moment.
  const count = (await serversOf(b.H)).length;
  await waitFor('all to be connected', async () => await areConnected(b.H, count), PATIENCE_MS);
  for (const { id } of await serversOf(b.H)) await b.H.box.api.call('DELETE', `/servers/${id}`).catch(() => undefined);
  await b.H.box.api.call('POST', '/sessions', ACCOUNT);
  for (const one of members(b)) await waitFor('it to be free', async () => !(await isIn(b.H, one)).there, PATIENCE_MS);
}

const settingsOf = ({ dataDir }: Named, file: string): string => {
  try {
    return readFileSync(join(dataDir, 'settings', `${file}.json`), 'utf8');
  } catch {
    return '';
  }
};
/** What stands on the disks when the host is killed: before it knows a server that knows it already, and later and later. */
const MOMENTS = {
  'a server took its introduction': (b: Bench) =>
    members(b).some((one) => settingsOf(one, 'peers').includes('"provisional"')),
  'it has the first record': ({ H }: Bench) => settingsOf(H, 'peers').includes('"joining"'),
  'a server has its new name': (b: Bench) => members(b).some((one) => /"name": ?"Cut-/.test(settingsOf(one, 'server'))),
  'one is added': ({ H }: Bench) => /"peers": ?\[\s*\{(?![^}]*"joining")/.test(settingsOf(H, 'peers')),
} as const;

for (const [moment, isNow] of Object.entries(MOMENTS))
  test.serial(
    `the host is killed when ${moment}: in the end each server is a member on both sides, or on none`,
    async (t) => {
      const b = await benchOf(t);
      const { H } = b;
      await detachAll(b);
      for (const [index, one] of members(b).entries())
        await one.box.api.call('PATCH', '/server', { name: `Box-${index}` });
      const before = placeOf(H.dataDir)?.pid ?? 0;
      const rows = members(b).map((one) => rowOf(one));
      const over = new AbortController();
      const underway = batchAt(H, { ...ACCOUNT, rows, naming: { kind: 'prefix-number', prefix: 'Cut' } })
        .catch((error: unknown) => error)
        .finally(() => over.abort());
      while (!over.signal.aborted && !isNow(b)) await new Promise((done) => setImmediate(done));
      process.kill(before, 'SIGKILL');
      await underway;
      await waitFor('control to be back', () => (placeOf(H.dataDir)?.pid ?? before) !== before, PATIENCE_MS);
      await H.box.api.call('POST', '/sessions', ACCOUNT);
      const states = async (): Promise<readonly Membership[]> =>
        await Promise.all(members(b).map(async (one) => await isIn(H, one)));
      t.log('at once', JSON.stringify(await states()));
      await waitFor(
        'both sides to agree on each',
        async () =>
          (await states()).every(({ here, there }) => here === there) && !/"(joining|provisional)"/.test(allPeers(b)),
        120_000,
      );
      const after = await states();
      t.log('in the end', JSON.stringify(after));
      for (const { here, name } of after) t.regex(name, here ? /^Cut-\d$/ : /^Box-\d$/);
      const again = await batchAt(H, { ...ACCOUNT, rows });
      t.deepEqual(
        again.rows.map(({ ok, code }, index) => (after[index]?.here === true ? code : ok)),
        after.map(({ here }) => (here ? 'server/known' : true)),
        JSON.stringify(again),
      );
      t.is((await serversOf(H)).length, 3);
    },
  );

const allPeers = (b: Bench): string => [b.H, ...members(b)].map((one) => settingsOf(one, 'peers')).join('');
