/**
 * Bad luck while a protected server is covered: a clock that is off by a day. Real processes in network namespaces; at the end
 * the timeline of the protected server is judged as in the campaign.
 */
import { existsSync } from 'node:fs';
import type { ExecutionContext } from 'ava';
import test from 'ava';
import { FAULTS } from '../support/failover-fault-list.ts';
import { playIn } from '../support/failover-play.ts';
import { setScene } from '../support/failover-scene.ts';
import { labProblem } from '../support/net-lab.ts';
import { createRandom } from '../support/seeded-random.ts';

const FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';
const problem = labProblem();
function labTest(title: string, run: (t: ExecutionContext) => Promise<void>, needs = problem): void {
  if (needs === undefined)
    test.serial(title, async (t) => {
      t.timeout(240_000);
      await run(t);
    });
  else test.skip(`${title} (${needs})`, run);
}

labTest(
  'the footage of a failover server whose clock is a day ahead comes back to where it belongs',
  async (t) => {
    const environment = { LD_PRELOAD: FAKETIME, FAKETIME: '+1d', FAKETIME_DONT_FAKE_MONOTONIC: '1' };
    const scene = await setScene(t, { levels: ['hot', 'warm'], failoverEnvironment: environment }, createRandom(1));
    const fault = FAULTS.find(({ name }) => name === 'kill-all');
    if (fault === undefined) throw new Error('no such fault');
    const result = await playIn(scene, fault, { seed: 1, lasts: 4000 });
    t.log(JSON.stringify(result));
    t.deepEqual(result.problems, []);
    t.is(result.covers, 1);
    t.is(result.cameras.find(({ level }) => level === 'hot')?.lostFrames, 0);
  },
  problem ?? (existsSync(FAKETIME) ? undefined : 'libfaketime is not installed'),
);
