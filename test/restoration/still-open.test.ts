import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { RestorationDeps } from '../../src/restoration/restoration-types.ts';
import { systemClock } from '../../src/core/clock.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { durationMs } from '../../src/core/units.ts';
import { outage } from '../support/outage.ts';
import { ALL, FINE, KEY, orderOf, twoServers } from '../support/two-servers.ts';
import type { TwoServers } from '../support/two-servers.ts';
import { waitFor } from '../support/wait-for.ts';

type StillOpen = { readonly two: TwoServers; readonly slept: readonly number[]; readonly close: () => void };
/** An outage whose footage is still open in the catalogue of F until `close`; what is slept between rounds. */
async function stillOpen(t: ExecutionContext): Promise<StillOpen> {
  const restoration: { -readonly [Key in keyof RestorationDeps]?: RestorationDeps[Key] } = {};
  const two = await twoServers(t, { restoration });
  const slept: number[] = [];
  let open = true;
  const { catalogue } = two.f;
  restoration.catalogue = {
    ...catalogue,
    segments: {
      ...catalogue.segments,
      findRows: (...asked) => catalogue.segments.findRows(...asked).map((row) => ({ ...row, open: row.open || open })),
    },
  };
  restoration.clock = {
    ...systemClock,
    sleep: async (pause, signal) => {
      slept.push(pause);
      await systemClock.sleep(durationMs(1), signal);
    },
  };
  await outage(two);
  return { two, slept, close: () => (open = false) };
}

test('a segment that is about to be closed is looked for five times a second, and asks nothing of the link', async (t) => {
  const { two, slept, close } = await stillOpen(t);
  const id = two.restoration().begin(orderOf());
  await waitFor('some looks', () => slept.length > 5);
  t.deepEqual([...new Set(slept)], [200]);
  t.deepEqual(two.calls, []);
  close();
  await waitFor('the end', () => two.restoration().get(id)?.state === 'done');
  t.is(two.f.catalogue.segments.find(KEY, ALL).length, 0);
});

test('stopping deletes what was still being written as well, and says so', async (t) => {
  const { two, slept, close } = await stillOpen(t);
  const id = two.restoration().begin(orderOf());
  await waitFor('some looks', () => slept.length > 2);
  const cancelled = two.restoration().cancel(id, { files: 0, bytes: 0, seconds: 0 });
  const before = slept.length;
  await waitFor('more looks', () => slept.length > before + 2);
  close();
  await cancelled;
  t.is(two.restoration().get(id)?.state, 'stopped');
  t.deepEqual(two.f.catalogue.segments.find(KEY, ALL), []);
  const told = two.events.find((event) => event.kind === 'restoration-stopped');
  t.true(told?.kind === 'restoration-stopped' && told.deleted.files > 0 && told.lost.length > 0);
});

test('a server that still looks at its volumes is asked each second; one that is away ever more seldom', async (t) => {
  for (const [code, expected] of [
    ['footage/not-ready', [1000, 1000, 1000, 1000]],
    ['peer/not-connected', [1000, 2000, 4000, 8000]],
  ] as const) {
    const { two, slept, close } = await stillOpen(t);
    close();
    two.fate = () => {
      throw new UnderstudyError('unavailable', code, 'Not now.');
    };
    const id = two.restoration().begin(orderOf());
    await waitFor('four tries', () => slept.length >= 4);
    t.deepEqual(slept.slice(0, 4), [...expected], code);
    two.fate = () => FINE;
    await waitFor('the end', () => two.restoration().get(id)?.finishedAt !== undefined);
  }
});
