/** Footage that stays on the failover server by policy is played and exported by the protected one: real servers. */
import test from 'ava';
import { isoOf, systemClock as clock } from '../../src/core/clock.ts';
import { epochMs } from '../../src/core/units.ts';
import { isRefused } from '../support/is-refused.ts';
import { COVERING, filesOf, isWhole, PATIENCE_MS, startPair } from '../support/protected-pair.ts';
import type { Pair } from '../support/protected-pair.ts';
import { failWithSnapshot, owedFiles, pictureOf, snapshotsOf } from '../support/taken-snapshot.ts';
import { waitFor } from '../support/wait-for.ts';

/** Of the simulated camera. */
const FRAME_MS = 40;
/** Two servers stamp the same access unit by their own clocks and sender reports, at either end; as footage-check.ts. */
const TOLERANCE_MS = 600;

type Export = { readonly id: string; readonly state: string; readonly message?: string; readonly bytes?: number };
type Recordings = { readonly items: readonly { readonly recordedBy: { readonly name: string } }[] };

async function exported(pair: Pair, range: { readonly start: string; readonly end: string }): Promise<Export> {
  const { api } = pair.protectedBox();
  const made = await api.call('POST', '/exports', { cameraIds: [pair.cameraId], ...range });
  const { items: [job] = [] } = made as { readonly items?: readonly Export[] };
  const id = job?.id ?? (made as Export).id;
  return await waitFor(
    'the export to end',
    async () => {
      const now = (await api.call('GET', `/exports/${id}`)) as Export;
      return now.state === 'done' || now.state === 'failed' ? now : undefined;
    },
    PATIENCE_MS,
  );
}

test.serial(
  'kept footage is played and exported from where it lies, and the ledger says when it is away',
  async (t) => {
    t.timeout(240_000);
    const pair = await startPair(t, { failover: { footagePolicy: 'keep' } });
    const taken = await failWithSnapshot(pair, 4000);
    const done = await pair.restoration('the footage to be kept', ({ state }) => state === 'done');
    t.is(done.files.done, done.files.total);
    // Whoever asks it does not wait for long when the failover server is slow, and says that it is away.
    const home = await waitFor(
      'the failover server to tell its snapshots',
      async () => {
        const page = await snapshotsOf(pair.protectedBox(), pair);
        return page.away.length === 0 && page;
      },
      PATIENCE_MS,
    );
    t.like(home.items, [{ id: taken.id, keptBy: { name: COVERING } }]);
    const picture = await waitFor(
      'its picture',
      async () => await pictureOf(pair.protectedBox(), pair, taken).catch(() => undefined),
      PATIENCE_MS,
    );
    t.deepEqual(picture, taken.picture);
    t.is((await owedFiles(pair)).length, 1);
    // It is listed at home segment by segment: all of it is there when the failure is over, not when the first one is.
    await pair.over();
    const returned = await waitFor(
      'the ledger to list it',
      async () => (await pair.ledger()).find(({ state }) => state === 'returned'),
      PATIENCE_MS,
    );
    const whole = await pair.played();
    isWhole(t, whole);
    const range = { start: isoOf(epochMs(pair.began)), end: isoOf(clock.now()) };
    const query = new URLSearchParams(range).toString();
    const { items } = (await pair
      .protectedBox()
      .api.call('GET', `/cameras/${pair.cameraId}/recordings?${query}`)) as Recordings;
    t.true(items.some(({ recordedBy }) => recordedBy.name === 'Spare'));
    const inside = { start: returned.start, end: returned.end };
    const cut = await exported(pair, inside);
    t.is(cut.state, 'done', cut.message);

    await pair.stopCovering();
    const away = await waitFor(
      'the ledger to say that it is away',
      async () => (await pair.ledger()).find(({ cause }) => cause === 'keeper-away'),
      PATIENCE_MS,
    );
    t.regex(away.detail ?? '', /Spare.*cannot be reached/);
    t.deepEqual(await snapshotsOf(pair.protectedBox(), pair), { items: [], away: [COVERING] });
    const rest = await pair.played();
    t.true(rest.accessUnits > 0, 'the rest is not played');
    // Not by how many are played: there are more of them than when the whole was, for the camera is recorded all the time.
    const before = (rest.first ?? Infinity) - (whole.first ?? 0);
    const lost = rest.missing.reduce((sum, { from, to }) => sum + to - from, before) * FRAME_MS;
    const kept = Date.parse(returned.end) - Date.parse(returned.start);
    t.true(lost > 0 && lost >= kept - TOLERANCE_MS, `${kept} ms are away, ${lost} ms are not played`);
    const middle = new URLSearchParams(inside).toString();
    const play = async (): Promise<unknown> =>
      await pair.protectedBox().api.read(`/cameras/${pair.cameraId}/playlist.m3u8?${middle}`);
    await isRefused(t, play, { status: 503, message: /Spare/ });
    const failed = await exported(pair, inside);
    t.is(failed.state, 'failed');
    t.regex(failed.message ?? '', /Spare.*cannot be reached/);

    await pair.startCovering();
    await waitFor(
      'it to be there again',
      async () => (await pair.ledger()).every(({ cause }) => cause !== 'keeper-away'),
      PATIENCE_MS,
    );
    const again = await pair.played();
    isWhole(t, again);
    t.is(again.first, whole.first);
    const { items: volumes } = (await pair.covering().api.call('GET', '/volumes')) as {
      readonly items: readonly { readonly path: string }[];
    };
    const files = await Promise.all(volumes.map(async ({ path }) => await filesOf(path, pair.cameraId)));
    t.true(files.flat().length > 0, 'kept footage is gone');
  },
);
