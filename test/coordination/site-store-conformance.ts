/** What every `SiteStore` must do, run against each implementation. Time is a fake clock. */
import type { ExecutionContext, TestFn } from 'ava';
import { isStoreError } from '../../src/coordination/site-store.ts';
import type { Change, SiteStore, StoreErrorCode } from '../../src/coordination/site-store.ts';
import type { FakeClock } from '../support/fake-clock.ts';

export type StoreUnderTest = { readonly store: SiteStore; readonly clock: FakeClock };
export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (value: Uint8Array | undefined): string => new TextDecoder().decode(value);

export async function failsWith(code: StoreErrorCode, work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return false;
  } catch (error) {
    if (isStoreError(error, code)) return true;
    throw error;
  }
}

export function siteStoreConformance(
  test: TestFn,
  name: string,
  create: (t: Pick<ExecutionContext, 'teardown'>) => Promise<StoreUnderTest>,
): void {
  test(`${name}: a commit is atomic, raises the revision, and fails whole when one condition fails`, async (t) => {
    const { store } = await create(t);
    const before = await store.read('');
    const first = await store.commit([{ key: 'a', rev: undefined }], [{ put: 'a', value: bytes('1') }]);
    t.true(first > before.rev);
    t.true(
      await failsWith('conflict', store.commit([{ key: 'a', rev: undefined }], [{ put: 'a', value: bytes('x') }])),
    );
    const ops = [
      { put: 'a', value: bytes('2') },
      { put: 'b', value: bytes('2') },
    ];
    const second = await store.commit([{ key: 'a', rev: first }], ops);
    t.deepEqual(
      (await store.read('')).entries.map(({ key, rev }) => [key, rev === second]),
      [
        ['a', true],
        ['b', true],
      ],
    );
    t.true(await failsWith('conflict', store.commit([{ key: 'a', rev: first }], [{ put: 'b', value: bytes('9') }])));
    t.is(text((await store.read('b')).entries[0]?.value), '2');
    await store.commit([], [{ del: 'b' }]);
    t.deepEqual((await store.read('b')).entries, []);
    const third = await store.commit([{ key: 'b', rev: undefined }], [{ put: 'b', value: bytes('3') }]);
    t.true(third > second);
  });

  test(`${name}: of many writers under the same condition one wins`, async (t) => {
    const { store } = await create(t);
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, async (_, index) =>
        store.commit([{ key: 'one', rev: undefined }], [{ put: 'one', value: bytes(`${index}`) }]),
      ),
    );
    t.is(results.filter(({ status }) => status === 'fulfilled').length, 1);
  });

  test(`${name}: what is too large or no key is refused`, async (t) => {
    const { store } = await create(t);
    t.true(await failsWith('too-large', store.commit([], [{ put: 'big', value: new Uint8Array(70_000) }])));
    t.true(await failsWith('denied', store.commit([], [{ put: '', value: bytes('') }])));
    t.true(await failsWith('denied', store.commit([], [{ put: 'with space', value: bytes('') }])));
    const many = Array.from({ length: 65 }, (_, index) => ({ put: `k${index}`, value: bytes('') }));
    t.true(await failsWith('too-large', store.commit([], many)));
    t.deepEqual((await store.read('')).entries, []);
  });

  test(`${name}: a watch tells each change once, in order, from the revision it was asked for`, async (t) => {
    const { store, clock } = await create(t);
    const first = await store.commit([], [{ put: 'w/a', value: bytes('1') }]);
    await store.commit([], [{ put: 'w/b', value: bytes('2') }]);
    const ended = new AbortController();
    const seen: string[] = [];
    const watching = (async () => {
      for await (const change of store.watch('w/', first, ended.signal)) seen.push(lineOf(change));
    })();
    await clock.advance(50);
    await store.commit([], [{ put: 'other', value: bytes('x') }]);
    await store.commit([], [{ put: 'w/a', value: bytes('3') }, { del: 'w/b' }]);
    await clock.advance(2000);
    ended.abort();
    await clock.advance(20_000);
    await watching;
    t.deepEqual(seen, ['w/b=2', 'w/a=3', 'w/b gone']);
  });

  test(`${name}: a lease is held by one, fences writes, ends, and its token only grows`, async (t) => {
    const { store, clock } = await create(t);
    const lease = await store.acquire('job', 3000, 'f1');
    if (lease === undefined) throw new Error('no lease was granted');
    t.is(await store.acquire('job', 3000, 'f2'), undefined);
    t.true(lease.validUntil <= clock.monotonic() + 3000 * 0.98);
    await store.commit([{ fence: lease }], [{ put: 'done', value: bytes('ok') }]);
    await clock.advance(2000);
    const renewed = await store.renew(lease);
    t.true(renewed.validUntil > lease.validUntil);
    await clock.advance(2000);
    t.is(await store.acquire('job', 3000, 'f2'), undefined);
    await clock.advance(1100);
    t.true(await failsWith('conflict', store.commit([{ fence: lease }], [{ put: 'done', value: bytes('late') }])));
    t.true(await failsWith('lease-lost', store.renew(lease)));
    const next = await store.acquire('job', 3000, 'f2');
    t.true(next !== undefined && next.token > lease.token);
    t.true(await failsWith('conflict', store.commit([{ fence: lease }], [{ put: 'done', value: bytes('old') }])));
    await store.release(lease);
    t.is(await store.acquire('job', 3000, 'f3'), undefined, 'an old holder releases nothing');
    if (next !== undefined) await store.release(next);
    const last = await store.acquire('job', 3000, 'f3');
    t.true(last !== undefined && next !== undefined && last.token > next.token);
    t.is(text((await store.read('done')).entries[0]?.value), 'ok');
  });

  test(`${name}: a lease shorter or longer than its limits is refused`, async (t) => {
    const { store } = await create(t);
    for (const ttlMs of [0, 999, 60_001]) t.true(await failsWith('denied', store.acquire('job', ttlMs, '')));
  });

  test(`${name}: status tells the grade and the revision`, async (t) => {
    const { store } = await create(t);
    const rev = await store.commit([], [{ put: 'a', value: bytes('1') }]);
    t.deepEqual(await store.status(), { grade: 'arbiter', rev });
  });
}

export const lineOf = (change: Change): string =>
  change.kind === 'put'
    ? `${change.entry.key}=${text(change.entry.value)}`
    : change.kind === 'del'
      ? `${change.key} gone`
      : 'reset';
