/** The store over requests: the conformance suite through JSON, then a line that loses requests and answers. */
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { createArbiterLog } from '../../src/coordination/arbiter-log.ts';
import { openArbiter } from '../../src/coordination/arbiter.ts';
import { claimEpoch } from '../../src/coordination/epoch-claim.ts';
import { isStoreError } from '../../src/coordination/site-store.ts';
import type { SiteStore } from '../../src/coordination/site-store.ts';
import { createStoreClient } from '../../src/coordination/store-client.ts';
import { createStoreHandlers } from '../../src/coordination/store-handlers.ts';
import { issuedByHost } from '../../src/failover/epochs.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import type { FakeClock } from '../support/fake-clock.ts';
import { createRandom } from '../support/seeded-random.ts';
import { tempDir } from '../support/temp-dir.ts';
import { bytes, failsWith, siteStoreConformance } from './site-store-conformance.ts';

type Line = (send: () => Promise<unknown>) => Promise<unknown>;
const faithful: Line = async (send) => send();

async function createPair(
  t: Pick<ExecutionContext, 'teardown'>,
  clock: FakeClock,
): Promise<{ readonly store: SiteStore; readonly over: (line: Line) => SiteStore }> {
  const path = join(await tempDir(t, 'store'), 'site-store.log');
  const store = await openArbiter({ clock, storage: createArbiterLog(path) });
  const handlers = createStoreHandlers(store, clock);
  const over = (line: Line): SiteStore =>
    createStoreClient({
      clock,
      request: async (method, params) =>
        line(async () => {
          const answer = await handlers.get(method)?.(JSON.parse(JSON.stringify(params)));
          return JSON.parse(JSON.stringify(answer)) as unknown;
        }),
    });
  return { store, over };
}

siteStoreConformance(test, 'client', async (t) => {
  const clock = createFakeClock();
  const { over } = await createPair(t, clock);
  return { clock, store: over(faithful) };
});

test('a write whose answer is lost is uncertain, a read is unavailable, and status says unreachable', async (t) => {
  const { store, over } = await createPair(t, createFakeClock());
  const deaf = over(async (send) => {
    await send();
    throw new Error('the connection ended');
  });
  t.true(await failsWith('indeterminate', deaf.commit([], [{ put: 'a', value: bytes('1') }])));
  t.is((await store.read('a')).entries.length, 1, 'it was written all the same');
  t.true(await failsWith('indeterminate', deaf.acquire('job', 3000, '')));
  t.true(await failsWith('unavailable', deaf.read('')));
  t.deepEqual(await deaf.status(), { grade: 'unreachable', rev: undefined });
});

test('an answer that is not as agreed is no answer', async (t) => {
  const { over } = await createPair(t, createFakeClock());
  const odd = over(async () => Promise.resolve({ rev: 'seven' }));
  t.true(await failsWith('indeterminate', odd.commit([], [])));
  t.true(await failsWith('unavailable', odd.read('')));
});

test('a request that is not as agreed is denied', async (t) => {
  const clock = createFakeClock();
  const { store } = await createPair(t, clock);
  const handlers = createStoreHandlers(store, clock);
  const random = createRandom(7);
  const odd: readonly unknown[] = [
    undefined,
    7,
    [],
    { prefix: 7 },
    { conds: [{}], ops: [] },
    { name: 'x', token: '-1' },
  ];
  for (const [method, handle] of handlers) {
    if (method === 'store.status') continue;
    for (const params of [...odd, Buffer.from(random.bytes(20)).toString('latin1')])
      t.true(await failsWith('denied', handle(params)), `${method} ${JSON.stringify(params)}`);
  }
});

test('epochs over a line that loses a third of requests and answers: each at most once, and rising', async (t) => {
  const { over } = await createPair(t, createFakeClock());
  const random = createRandom(11);
  const lossy: Line = async (send) => {
    if (random.chance(0.15)) throw new Error('the request was lost');
    const answer = await send();
    if (random.chance(0.2)) throw new Error('the answer was lost');
    return answer;
  };
  const issued: number[] = [];
  let gaveUp = 0;
  const member = async (name: string): Promise<void> => {
    const store = over(lossy);
    for (let claim = 0; claim < 40; claim += 1) {
      try {
        const request = { serverId: 'r', failoverId: name, above: issued.at(-1) ?? 1, claim: `${name}-${claim}` };
        issued.push(await claimEpoch(store, request));
      } catch (error) {
        if (!isStoreError(error, 'unavailable') && !isStoreError(error, 'indeterminate')) throw error;
        gaveUp += 1;
      }
    }
  };
  await Promise.all(['f1', 'f2', 'f3'].map(member));
  t.is(new Set(issued).size, issued.length);
  t.true(issued.every(issuedByHost));
  t.true(issued.length > 30, `${issued.length} issued, ${gaveUp} given up`);
});

test('an epoch is above what the asking server knows, and asked again it is the same', async (t) => {
  const { store } = await createPair(t, createFakeClock());
  const first = await claimEpoch(store, { serverId: 'r', failoverId: 'f', above: 700, claim: 'one' });
  t.true(first > 700);
  t.is(await claimEpoch(store, { serverId: 'r', failoverId: 'f', above: 700, claim: 'one' }), first);
  t.true((await claimEpoch(store, { serverId: 'r', failoverId: 'f', above: 1, claim: 'two' })) > first);
  await store.commit([], [{ put: 'epoch/r', value: bytes('not an epoch') }]);
  const error = await t.throwsAsync(claimEpoch(store, { serverId: 'r', failoverId: 'f', above: 1, claim: 'three' }));
  t.is((error as { code?: string }).code, 'coordination/epoch-damaged');
});
