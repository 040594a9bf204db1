/**
 * A slice of the failover campaign (test/campaign/failover.ts): real processes in network namespaces, real faults, and at the end the
 * protected server's timeline holds every access unit once, in order, with what is missing booked.
 */
import type { ExecutionContext } from 'ava';
import test from 'ava';
import { FAULTS } from '../support/failover-fault-list.ts';
import { playFault, playIn } from '../support/failover-play.ts';
import type { PlayResult } from '../support/failover-play.ts';
import { setScene } from '../support/failover-scene.ts';
import type { Scene } from '../support/failover-scene.ts';
import { labProblem } from '../support/net-lab.ts';
import { createRandom } from '../support/seeded-random.ts';

const SEED = 20_261_122;
const problem = labProblem();
/** The tests of one site follow each other on it. */
const teardowns: (() => unknown)[] = [];
const random = createRandom(SEED);
let shared: Scene | undefined;

function labTest(title: string, run: (t: ExecutionContext) => Promise<void>): void {
  if (problem === undefined)
    test.serial(title, async (t) => {
      t.timeout(240_000);
      await run(t);
    });
  else test.skip(`${title} (${problem})`, run);
}

test.after.always('the site is taken down', async () => {
  for (const undo of teardowns.toReversed()) await undo();
});

async function play(t: ExecutionContext, name: string, lasts: number): Promise<PlayResult> {
  shared ??= await setScene({ teardown: (undo) => void teardowns.push(undo) }, { levels: ['hot', 'warm'] }, random);
  const fault = FAULTS.find((one) => one.name === name);
  if (fault === undefined) throw new Error(`no fault is called ${name}`);
  const result = await playIn(shared, fault, { seed: SEED, lasts });
  t.log(JSON.stringify(result));
  return result;
}

/** So long a server may pause without being missed (the fault `pause`). */
const PAUSE_AT_MOST_MS = 750;
/** Far above what is measured on a free machine (docs/results/failover.md): only to tell "soon" from "by a timeout". */
const SOON_MS = 3000;

labTest('a protected server that pauses for half a second is left alone', async (t) => {
  let result = await play(t, 'pause', 500);
  // A busy machine lets it stand still for longer: that was no such pause.
  while (result.lastedMs > PAUSE_AT_MOST_MS) result = await play(t, 'pause', 500);
  const { problems, covers } = result;
  t.deepEqual(problems, []);
  t.is(covers, 0);
});

labTest('a frozen server is covered, and has every access unit once when it goes on', async (t) => {
  const { problems, suspectedAfterMs, covers } = await play(t, 'freeze', 6000);
  t.deepEqual(problems, []);
  t.is(covers, 1);
  t.true(
    (suspectedAfterMs ?? Infinity) > 800 && (suspectedAfterMs ?? Infinity) < 1150 + SOON_MS,
    `${suspectedAfterMs} ms`,
  );
});

labTest('SIGKILL is seen by the closed connection; the footage comes back', async (t) => {
  const { problems, suspectedAfterMs, declared, cameras } = await play(t, 'kill-all', 4000);
  t.deepEqual(problems, []);
  t.true((suspectedAfterMs ?? Infinity) < SOON_MS, `${suspectedAfterMs} ms`);
  t.is(declared, 0, 'it was back long before its timeout');
  t.is(cameras.find(({ level }) => level === 'hot')?.lostFrames, 0);
});

labTest('before a planned stop every camera is handed over: nothing is lost', async (t) => {
  t.deepEqual((await play(t, 'planned-stop', 3000)).problems, []);
});

labTest('a failover server that is killed while it covers goes on covering when it is back', async (t) => {
  const { problems } = await play(t, 'failover-killed', 3000);
  t.deepEqual(problems, []);
});

labTest('two failover servers share the cameras of a server that is gone', async (t) => {
  const fault = FAULTS.find(({ name }) => name === 'two-failovers');
  if (fault === undefined) throw new Error('no such fault');
  const result = await playFault(t, fault, SEED);
  t.log(JSON.stringify(result));
  t.deepEqual(result.problems, []);
  t.true(result.covers > 0);
});
