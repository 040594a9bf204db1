/** Gaps that media keeps on disk and tells again at every start, against a catalogue that has some of them. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { openCatalogue } from '../../src/archive/catalogue.ts';
import { createIngest } from '../../src/control/ingest.ts';
import { createLiveState } from '../../src/control/live-state.ts';
import { silentLog } from '../../src/core/log.ts';
import { createEventRing } from '../../src/recorder/event-ring.ts';
import { MAX_JOURNAL_BYTES, openGapJournal } from '../../src/recorder/gap-journal.ts';
import type { MediaEvent } from '../../src/wire/media-protocol.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { tempDir } from '../support/temp-dir.ts';

const KEY = { cameraId: 'cam-1', stream: 'main' } as const;
const gap = (start: number, end: number): MediaEvent => ({
  kind: 'gap',
  ...KEY,
  start,
  end,
  cause: 'network-loss',
  accessUnits: 3,
  detail: '',
});
const opened = (start: number): MediaEvent => ({
  kind: 'gap-opened',
  ...KEY,
  start,
  cause: 'camera-stalled',
  detail: 'x',
});
const closed = (end: number): MediaEvent => ({ kind: 'gap-closed', ...KEY, end });

/** Starts media (its journal and its ring) over and over; control is there or not. */
async function bench(t: ExecutionContext) {
  const folder = await tempDir(t, 'gaps');
  const path = join(folder, 'media-gaps.jsonl');
  const clock = createFakeClock();
  const start = clock.now();
  const catalogue = openCatalogue(await tempDir(t, 'catalogue'), start);
  t.teardown(() => catalogue.close());
  const logged: string[] = [];
  const ingest = createIngest({
    catalogue,
    state: createLiveState(),
    publish: () => undefined,
    isOwn: () => true,
    record: ({ code }) => void logged.push(code),
    clock,
    log: silentLog,
    onReconcile: () => undefined,
    onFailure: () => t.fail(),
  });
  let life = 0;
  const live = async (events: readonly MediaEvent[], withControl: boolean): Promise<void> => {
    life += 1;
    const startedAt = clock.now();
    const journal = openGapJournal(path, startedAt, () => t.fail());
    const ring = createEventRing(`media-${life}`);
    for (const earlier of journal.earlier) ring.push(earlier);
    for (const event of events) {
      journal.append(event);
      ring.push(event);
    }
    await clock.advance(120_000);
    if (!withControl) return;
    const hello = { kind: 'hello', protocol: 1, instance: ring.instance, pid: 1, startedAt } as const;
    ingest.hello({ ...hello, ordersVersion: 0, reset: false });
    ingest.push(ring.since(undefined, 0).events);
    ingest.flush();
    catalogue.services.beat('media', ring.instance, startedAt, clock.now());
  };
  const stored = (): readonly (readonly [number, number | undefined, string])[] =>
    catalogue.gaps
      .find(KEY, { start, end: start + 1e9 })
      .map((one) => [one.start - start, one.end === undefined ? undefined : one.end - start, one.cause]);
  return { path, start, live, stored, logged };
}

test('control gets each gap once, however often media starts and tells it again', async (t) => {
  const { start, live, stored, logged } = await bench(t);
  await live([gap(start, start + 1000), opened(start + 5000), closed(start + 9000)], true);
  const once = stored();
  t.deepEqual(once, [
    [0, 1000, 'network-loss'],
    [5000, 9000, 'camera-stalled'],
  ]);
  const told = logged.length;
  for (let again = 0; again < 5; again += 1) await live([], true);
  t.deepEqual(stored(), once);
  t.is(logged.length, told, 'nor is it logged again');
});

test('gaps of a media process that control never met are told by the next one', async (t) => {
  const { start, live, stored } = await bench(t);
  await live([gap(start, start + 1000), opened(start + 5000)], false);
  await live([opened(start + 120_000), closed(start + 121_000)], false);
  await live([], true);
  t.deepEqual(stored(), [
    [0, 1000, 'network-loss'],
    [5000, 120_000, 'camera-stalled'],
    [120_000, 121_000, 'camera-stalled'],
  ]);
});

test('a gap that was open when everything was killed ends once', async (t) => {
  const { start, live, stored } = await bench(t);
  await live([opened(start + 5000)], true);
  await live([], true);
  await live([], true);
  t.is(stored().length, 1);
  t.deepEqual(stored()[0]?.slice(0, 1), [5000]);
});

test('a last line that a kill cut short costs only itself', async (t) => {
  const { path, start, live, stored } = await bench(t);
  await live([gap(start, start + 1000), gap(start + 2000, start + 3000)], false);
  const text = readFileSync(path, 'utf8');
  for (let cut = 1; cut < 40; cut += 3) {
    writeFileSync(path, text.slice(0, -cut - 1));
    t.is(openGapJournal(path, start, () => t.fail()).earlier.length, 1, `cut by ${cut}`);
  }
  appendFileSync(path, '\n');
  await live([gap(start + 4000, start + 5000)], false);
  await live([], true);
  t.deepEqual(
    stored().map(([from]) => from),
    [0, 4000],
  );
});

test('what is appended behind a line that was cut short is not lost with it', async (t) => {
  const { path, start, live, stored } = await bench(t);
  await live([gap(start, start + 1000), gap(start + 2000, start + 3000)], false);
  writeFileSync(path, readFileSync(path, 'utf8').slice(0, -10));
  await live([gap(start + 4000, start + 5000)], false);
  await live([], true);
  t.deepEqual(
    stored().map(([from]) => from),
    [0, 4000],
  );
});

test('the journal is bounded: two files, the oldest gaps go first', async (t) => {
  const { path, start } = await bench(t);
  const journal = openGapJournal(path, start, () => t.fail());
  for (let index = 0; index < 25_000; index += 1) journal.append(gap(start + index * 10, start + index * 10 + 5));
  t.true(readFileSync(path).length <= MAX_JOURNAL_BYTES);
  t.true(readFileSync(`${path}.1`).length <= MAX_JOURNAL_BYTES);
  const { earlier } = openGapJournal(path, start, () => t.fail());
  t.true(earlier.length > 5000);
  t.like(earlier.at(-1), { start: start + 249_990 });
});
