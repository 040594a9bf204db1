/** Many servers added at once by a real host: servers simulated with a real HTTPS API and a real peer channel, in the process of the test. */
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import test from 'ava';
import type { BatchResult } from '../../src/api/contract/adding.ts';
import type { KnownServer } from '../../src/api/contract/failover.ts';
import { systemClock } from '../../src/core/clock.ts';
import { startBox } from '../../src/demo/demo-box.ts';
import type { Box } from '../../src/demo/demo-box.ts';
import { startSimulatedServer } from '../support/simulated-server.ts';
import type { SimulatedOptions, SimulatedServer } from '../support/simulated-server.ts';
import { tempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

const PASSWORD = 'a long enough one';
/** As a password costs a small box. */
const SIGN_IN_MS = 600;
const WITHIN_MS = 200_000;
const LIMIT_MS = 30_000;

async function startHost(t: ExecutionContext): Promise<Box> {
  t.timeout(230_000);
  const dataDir = join(await tempDir(t, 'batch'), 'H');
  const box = await startBox({
    dataDir,
    httpPort: 0,
    password: PASSWORD,
    clock: systemClock,
    name: 'H',
    logTo: 'ignore',
  });
  t.teardown(() => box.stop());
  await box.api.call('PUT', '/server/mode', { mode: 'host' });
  return box;
}
async function startMany(
  t: ExecutionContext,
  count: number,
  more: (index: number) => Partial<SimulatedOptions> = () => ({}),
): Promise<readonly SimulatedServer[]> {
  const servers: SimulatedServer[] = [];
  for (let index = 0; index < count; index += 1)
    servers.push(
      await startSimulatedServer(t, { name: `NAS ${index}`, password: PASSWORD, signInMs: SIGN_IN_MS, ...more(index) }),
    );
  return servers;
}
const account = { username: 'owner', password: PASSWORD };

test('fifty servers are added in less than thirty seconds, each under its name', async (t) => {
  const host = await startHost(t);
  const servers = await startMany(t, 50);
  const began = performance.now();
  const request = { ...account, rows: servers.map(({ row }) => row), naming: { kind: 'model-number' } };
  const { rows } = (await host.api.call('POST', '/servers/batch', request, WITHIN_MS)) as BatchResult;
  const took = performance.now() - began;
  t.log(`${Math.round(took)} ms for ${rows.length} servers`);
  t.deepEqual(
    rows.map(({ ok, name, message }) => (ok ? name : message)),
    servers.map((_, index) => `Simulated NAS-${index + 1}`),
  );
  t.deepEqual(
    servers.map(({ name }) => name()),
    rows.map(({ name }) => name),
  );
  const areConnected = async (): Promise<boolean> => {
    const { items } = (await host.api.call('GET', '/servers?limit=1000')) as { readonly items: readonly KnownServer[] };
    return items.filter(({ connected }) => connected).length === 50;
  };
  await waitFor('all to be connected', areConnected);
  t.true(took < LIMIT_MS, `${took} ms`);
});

test('of a hundred rows thirty fail, each for its reason; seventy are members, and no trace is left of the others', async (t) => {
  const host = await startHost(t);
  const servers = await startMany(t, 100, (index) => ({
    signInMs: 100,
    password: index % 10 === 3 ? 'another one' : PASSWORD,
    isChannelClosed: index % 10 === 5,
  }));
  for (const [index, server] of servers.entries()) if (index % 10 === 7) await server.stop();
  const request = {
    ...account,
    rows: servers.map(({ row }) => row),
    naming: { kind: 'prefix-number', prefix: 'Hall' },
  };
  const { rows } = (await host.api.call('POST', '/servers/batch', request, WITHIN_MS)) as BatchResult;
  const wanted: Readonly<Record<number, string>> = {
    3: 'server/credentials',
    5: 'server/peer-port',
    7: 'server/no-answer',
  };
  t.deepEqual(
    rows.map(({ ok, code }) => (ok ? undefined : code)),
    servers.map((_, index) => wanted[index % 10]),
  );
  const { items } = (await host.api.call('GET', '/servers?limit=1000')) as { readonly items: readonly KnownServer[] };
  t.deepEqual(items.map(({ id }) => id).toSorted(), rows.flatMap(({ serverId }) => serverId ?? []).toSorted());
  t.is(items.length, 70);
  t.is(new Set(items.map(({ name }) => name)).size, 70);
  for (const [index, server] of servers.entries()) {
    const member = wanted[index % 10] === undefined;
    t.is(server.name().startsWith('Hall-'), member, `${index}`);
    // One whose channel is closed forgets by itself: joining.test.ts, scenario/site-adding.
    if (index % 10 !== 5) t.is(server.records().length, member ? 1 : 0, `${index}`);
  }
});
