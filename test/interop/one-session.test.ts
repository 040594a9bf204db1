/** A camera that lets one server in only, between real servers: it goes home when its own server is back, and so does its footage. */
import test from 'ava';
import { systemClock as clock } from '../../src/core/clock.ts';
import type { Box } from '../../src/demo/demo-box.ts';
import { PATIENCE_MS, startPair } from '../support/protected-pair.ts';
import type { LedgerSpan, Pair, Standby } from '../support/protected-pair.ts';
import { waitFor } from '../support/wait-for.ts';

/** Refused for 10 s before it is left to its server, which tries each second; the rest is a slow machine. */
const HOME_WITHIN_MS = 30_000;
const msOf = ({ start, end }: LedgerSpan): number => Date.parse(end) - Date.parse(start);

async function leftAlone(pair: Pair): Promise<Standby['notReady'][number] | undefined> {
  const one = (await pair.standby())?.notReady[0];
  return one?.actual === 'cold' && one.reason?.includes('one server only') === true ? one : undefined;
}

test.serial(
  'a camera that lets one server in is covered, left to its own when that is back, and its footage goes home',
  async (t) => {
    t.timeout(300_000);
    // Main and sub stream of one server take both sessions.
    const pair = await startPair(t, { camera: { maxSessions: 2, countsHeld: true }, getsReady: false });
    const isProtected = async (): Promise<boolean> => ((await pair.standby())?.hot.wanted ?? 0) > 0;
    await waitFor('the camera to be protected', isProtected, PATIENCE_MS);
    await pair.recordsAgain();
    pair.kill();
    await pair.covered(6000);
    await pair.comeBack();
    const back = clock.now();
    await pair.recordsAgain();
    const homeMs = clock.now() - back;
    // For a minute; the way home of the footage may take longer.
    const one = await waitFor('it to be left alone', async () => await leftAlone(pair), PATIENCE_MS);
    t.like(one, { level: 'hot', actual: 'cold' });
    t.regex(one.reason ?? '', /lets in one server only|one server only/);
    await pair.over();

    const logged = async (box: Box, code: string): Promise<string> =>
      (await waitFor(code, async () => (await pair.logOf(box)).find((one) => one.code === code), PATIENCE_MS)).message;
    t.regex(
      await logged(pair.covering(), 'failover/gave-way'),
      /gets no session of camera .+, which lets in one server only/,
    );
    t.regex(
      await logged(pair.protectedBox(), 'footage-home'),
      /^Footage of .+ of 1 camera came home from Spare; [\d.]+ seconds are missing/,
    );
    t.true(homeMs < HOME_WITHIN_MS, `${homeMs} ms`);

    const { missing, doubled, reordered, altered } = await pair.played();
    t.deepEqual({ doubled, reordered, altered }, { doubled: [], reordered: [], altered: [] });
    const spans = await pair.ledger();
    const first = spans.findIndex(({ state }) => state === 'recorded');
    const last = spans.findLastIndex(({ state }) => state === 'recorded');
    const between = spans.slice(first, last);
    const gaps = between.filter(({ state }) => state === 'missing');
    t.true(between.some(({ state }) => state === 'returned'));
    t.deepEqual(
      gaps.filter(({ cause }) => cause === undefined || cause === 'unexplained'),
      [],
    );
    t.true(gaps.some(({ cause }) => cause === 'camera-refused' || cause === 'no-key-frame'));
    const missingMs =
      missing.reduce((sum, { from, to }) => sum + to - from + 1, 0) * (pair.simulator.cameras[0]?.frameMs ?? 0);
    const bookedMs = gaps.reduce((sum, gap) => sum + msOf(gap), 0);
    t.log(JSON.stringify({ homeMs, missingMs, bookedMs }));
    t.true(missingMs <= bookedMs + 100 * gaps.length, `${missingMs} ms missing, ${bookedMs} ms booked`);
  },
);
