import test from 'ava';
import type { ReconcileReport } from '../../src/archive/rebuild.ts';
import { startReconciler } from '../../src/control/reconciler.ts';
import { createLog } from '../../src/core/log.ts';
import { createFakeClock } from '../support/fake-clock.ts';

const REPORT: ReconcileReport = { complete: true, scanned: 0, missing: 0, foreign: [], broken: [] };

type Look = { readonly id: string; readonly signal: AbortSignal; readonly end: (report?: ReconcileReport) => void };
function bench(volumes: readonly string[]) {
  const clock = createFakeClock();
  const lines: string[] = [];
  const looks: Look[] = [];
  const done: string[] = [];
  const reconciler = startReconciler({
    volumeIds: () => volumes,
    reconcile: async (id, signal) =>
      await new Promise((resolve, reject) => {
        looks.push({
          id,
          signal,
          end: (report) => (id === 'broken' ? reject(new Error('it hangs')) : resolve(report)),
        });
      }),
    onDone: (id) => done.push(id),
    clock,
    log: createLog('info', (line) => lines.push(line), clock.now),
  });
  return { clock, lines, looks, done, reconciler, settle: () => clock.advance(0) };
}

test('volumes are compared one after the other, and once more a little later', async (t) => {
  const { clock, looks, done, reconciler, settle } = bench(['a', 'b']);
  reconciler.ask('started');
  await settle();
  t.deepEqual(
    looks.map(({ id }) => id),
    ['a'],
    'never two at once',
  );
  looks[0]?.end(REPORT);
  await settle();
  t.deepEqual(
    looks.map(({ id }) => id),
    ['a', 'b'],
  );
  looks[1]?.end(REPORT);
  await settle();
  t.deepEqual(done, ['a', 'b']);
  await clock.advance(14_999);
  t.is(looks.length, 2);
  await clock.advance(1);
  looks[2]?.end(REPORT);
  await settle();
  looks[3]?.end(REPORT);
  await settle();
  t.deepEqual(done, ['a', 'b', 'a', 'b']);
  await clock.advance(60_000);
  t.is(looks.length, 4, 'the second look is the last');
  await reconciler.stop();
});

test('a volume asked for while it is compared is compared again; one that fails or is gone stops none of the others', async (t) => {
  const { looks, done, lines, reconciler, settle } = bench(['broken', 'gone', 'b']);
  reconciler.ask('started');
  await settle();
  reconciler.ask('it came back', 'broken');
  looks[0]?.end();
  await settle();
  looks[1]?.end(undefined);
  await settle();
  looks[2]?.end(REPORT);
  await settle();
  t.deepEqual(
    looks.map(({ id }) => id),
    ['broken', 'gone', 'b', 'broken'],
  );
  t.deepEqual(done, ['b']);
  t.true(lines.some((line) => /could not be compared.*it hangs/.test(line)));
  looks[3]?.end();
  await reconciler.stop();
});

test('stopping aborts what runs and begins nothing more', async (t) => {
  const { clock, looks, reconciler, settle } = bench(['a', 'b']);
  reconciler.ask('started');
  await settle();
  const stopped = reconciler.stop();
  t.true(looks[0]?.signal.aborted);
  looks[0]?.end(REPORT);
  await stopped;
  reconciler.ask('too late');
  await clock.advance(60_000);
  t.is(looks.length, 1);
});
