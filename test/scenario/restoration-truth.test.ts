/**
 * What is said of a failure against what the simulated camera sent: footage that somebody ordered to be deleted, the missing seconds of an
 * incident, an export of kept footage. One site of real processes; each test goes on from the one before.
 */
import test from 'ava';
import type { ExecutionContext } from 'ava';
import { isoOf, systemClock as clock } from '../../src/core/clock.ts';
import { epochMs } from '../../src/core/units.ts';
import type { ExportJob } from '../../src/api/contract/footage.ts';
import type { Incident, IncidentReport } from '../../src/api/contract/incidents.ts';
import type { RecordedUnit } from '../../src/simulator/check.ts';
import { countersBelow, countersOf, filesBelow, judged, simulated } from '../support/footage-below.ts';
import { movieUnits } from '../support/movie-units.ts';
import { failAndComeBack, isWhole, PATIENCE_MS, PROTECTED, startPair } from '../support/protected-pair.ts';
import type { LedgerSpan, Pair } from '../support/protected-pair.ts';
import { waitFor } from '../support/wait-for.ts';

/** Two servers stamp the same access unit by their own clocks and sender reports, at either end; as failover-oracle.ts. */
const TOLERANCE_MS = 400;

const teardowns: (() => unknown)[] = [];
let shared: Pair | undefined;
test.after.always('the site is taken down', async () => {
  for (const undo of teardowns.toReversed()) await undo();
});

/** The camera is warm: nothing of it lies on the failover server, and its first frames after a failure are lost. */
async function start(t: ExecutionContext): Promise<Pair> {
  const failover = { restorationLimit: 20_000, holdDownSeconds: 0 };
  const place = { teardown: (undo: () => unknown) => void teardowns.push(undo), log: t.log };
  const pair = await startPair(place, { failover, getsReady: false });
  shared = pair;
  await levelOf(pair, 'warm');
  const isWarm = async (): Promise<boolean> => {
    const standby = await pair.standby();
    return standby?.hot.wanted === 0 && standby.warm.wanted > 0 && standby.warm.ready === standby.warm.wanted;
  };
  await waitFor('the camera to be warm', isWarm, PATIENCE_MS);
  await waitFor('its ring to be gone', async () => (await filesBelow(pair)).length === 0, PATIENCE_MS);
  await pair.recordsFor(2000);
  return pair;
}

async function levelOf(pair: Pair, standbyLevel: 'warm' | 'hot'): Promise<void> {
  await pair.protectedBox().api.call('PATCH', '/cameras', { ids: [pair.cameraId], change: { standbyLevel } });
}

/** What was stopped: since when, and the numbers of the access units that were on the failover server's disk before. */
type Stopped = { readonly id: string; readonly since: number; readonly before: ReadonlySet<number> };
let stopped: Stopped | undefined;

test.serial('what a stopped restoration deletes is gone from the disk, and both say who did it', async (t) => {
  t.timeout(240_000);
  const pair = await start(t);
  const { api } = pair.covering();
  const since = clock.now();
  await failAndComeBack(pair, 4000);
  const isUnderWay = ({ state, files }: { state: string; files: { total: number } }): boolean =>
    state === 'running' && files.total > 0;
  const { id } = await pair.restoration('a file to be on its way', isUnderWay);
  const before = await countersBelow(pair);
  t.true(before.size > 50, `${before.size} access units were on the disk`);
  await api.call('POST', `/failover/restorations/${id}/stop`, { confirm: PROTECTED });
  stopped = { id, since, before };

  t.deepEqual(await filesBelow(pair), []);
  const log = (await pair.logOf(pair.covering())).find(({ code }) => code === 'restoration-stopped');
  t.like(log, { user: 'owner' }, JSON.stringify(log));
  const lost = await waitFor('the ledger to tell it', async () => (await deletedOf(pair))[0], PATIENCE_MS);
  t.regex(lost.detail ?? '', /Deleted on Spare.*restoration was stopped/);
});

test.serial('the missing seconds of an incident are those that nobody has, each with its reason', async (t) => {
  t.timeout(120_000);
  const [pair, { before, since }] = [known(shared), known(stopped)];
  const report = await closedReport(pair, since);
  await pair.recordsFor(1000);
  const { origin, frameMs } = simulated(pair);
  const played = await pair.played();
  t.deepEqual([played.doubled, played.reordered, played.altered], [[], [], []]);
  const lost = played.missing.flatMap(countersOf).filter((counter) => origin + counter * frameMs >= since - 2000);
  const truth = { deleted: 0, other: 0 };
  for (const counter of lost) truth[before.has(counter) ? 'deleted' : 'other'] += frameMs;
  const told = { deleted: 0, other: 0 };
  for (const { cause, ms } of report.totals.missingByCause) told[cause === 'deleted' ? 'deleted' : 'other'] += ms;
  t.log(JSON.stringify({ truth, told, reasons: report.totals.missingByCause, holes: played.missing }));
  t.is(report.streams.length, 1);
  const isNear = (one: number, other: number, by: number): boolean => Math.abs(one - other) <= by;
  t.true(isNear(told.deleted, truth.deleted, TOLERANCE_MS), 'what was deleted');
  t.true(isNear(told.other, truth.other, TOLERANCE_MS), 'what nobody recorded');
  t.true(isNear(report.totals.missingMs, told.deleted + told.other, 1), 'all of it');
  const booked = (await missingOf(pair, since - 2000)).map(
    ({ start: from, end }) => Date.parse(end) - Date.parse(from),
  );
  const sum = booked.reduce((total, ms) => total + ms, 0);
  t.true(isNear(report.totals.missingMs, sum, frameMs), `${report.totals.missingMs} ms, in the ledger ${sum}`);
});

test.serial('a restart of the failover server does not bring back what was deleted', async (t) => {
  t.timeout(120_000);
  const [pair, { id }] = [known(shared), known(stopped)];
  const booked = await deletedOf(pair);
  await pair.stopCovering();
  await pair.startCovering();
  const isStopped = async (): Promise<boolean> =>
    (await pair.restorations()).some((one) => one.id === id && one.state === 'stopped');
  t.true(await isStopped());
  const isThere = async (): Promise<boolean> => (await pair.standby())?.warm.ready === 1;
  await waitFor('the camera to be warm again', isThere, PATIENCE_MS);
  t.deepEqual(await filesBelow(pair), []);
  t.deepEqual(await deletedOf(pair), booked);
  t.true(await isStopped());
});

test.serial('an export across owner, failover server and owner holds every access unit once', async (t) => {
  t.timeout(240_000);
  const pair = known(shared);
  const since = clock.now();
  await pair.covering().api.call('PATCH', '/failover/settings', { footagePolicy: 'keep' });
  await levelOf(pair, 'hot');
  await pair.ready();
  await failAndComeBack(pair, 3000);
  await pair.restoration('the footage to be kept', ({ state }) => state === 'done');
  await pair.over();
  await pair.recordsFor(2000);
  const spans = await pair.ledger();
  const kept = known(spans.find(({ state, start }) => state === 'returned' && Date.parse(start) > since));
  const last = known(spans.findLast(({ state }) => state === 'recorded'));
  const [from, to] = [Date.parse(kept.start) - 2000, Math.min(Date.parse(kept.end) + 2000, Date.parse(last.end))];
  t.true(from > since - 2000 && to > Date.parse(kept.end));
  const job = await exported(pair, from, to);
  t.is(job.state, 'done', job.message);
  t.is(job.missingSeconds, 0);
  const units: RecordedUnit[] = [];
  for (const { url, name, bytes } of job.files) {
    const file = await pair.protectedBox().api.read(url.replace('/api/v1', ''));
    t.is(file.length, bytes);
    units.push(...movieUnits(file, name));
  }
  const report = judged(pair, units);
  isWhole(t, report);
  const { origin, frameMs } = simulated(pair);
  const at = (counter = 0): number => origin + counter * frameMs;
  t.log(`${units.length} access units in ${job.files.length} files, ${at(report.first) - from} ms after its beginning`);
  t.true(at(report.first) <= from + frameMs + TOLERANCE_MS, 'it begins late');
  t.true(at(report.last) >= to - frameMs - TOLERANCE_MS, 'it ends early');
});

function known<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a test before this one failed, or the ledger lists nothing that is kept');
  return value;
}

const deletedOf = async (pair: Pair): Promise<readonly LedgerSpan[]> =>
  (await pair.ledger()).filter(({ state, cause }) => state === 'missing' && cause === 'deleted');

const missingOf = async (pair: Pair, since: number): Promise<readonly LedgerSpan[]> =>
  (await pair.ledger()).filter(({ state, start }) => state === 'missing' && Date.parse(start) >= since);

async function closedReport(pair: Pair, since: number): Promise<IncidentReport> {
  const { api } = pair.covering();
  const look = async (): Promise<string | undefined> => {
    const { items } = (await api.call('GET', '/incidents')) as { readonly items: readonly Incident[] };
    return items.find(({ state, startedAt }) => state === 'closed' && Date.parse(startedAt) >= since)?.id;
  };
  const id = await waitFor('the incident to end', look, PATIENCE_MS);
  return (await api.call('GET', `/incidents/${id}/report`)) as IncidentReport;
}

/** Wall milliseconds. */
async function exported(pair: Pair, from: number, to: number): Promise<ExportJob> {
  const { api } = pair.protectedBox();
  const range = { start: isoOf(epochMs(from)), end: isoOf(epochMs(to)) };
  const made = await api.call('POST', '/exports', { cameraIds: [pair.cameraId], ...range });
  const [job] = (made as { readonly items: readonly ExportJob[] }).items;
  const isOver = async (): Promise<ExportJob | undefined> => {
    const now = (await api.call('GET', `/exports/${job?.id ?? ''}`)) as ExportJob;
    return now.state === 'done' || now.state === 'failed' ? now : undefined;
  };
  return await waitFor('the export to end', isOver, PATIENCE_MS);
}
