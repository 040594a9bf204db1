/**
 * Bad luck while a protected server is covered: a clock that is off by a day, a store that is full or gone. Real processes in network
 * namespaces; at the end the timeline of the protected server is judged as in the campaign.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { ExecutionContext } from 'ava';
import test from 'ava';
import { FAULTS } from '../support/failover-fault-list.ts';
import { fillDisk, killBox } from '../support/failover-faults.ts';
import { playIn } from '../support/failover-play.ts';
import { setScene } from '../support/failover-scene.ts';
import { takeovers, waitFor } from '../support/failover-views.ts';
import type { SiteBox } from '../support/failover-site.ts';
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

type Health = { readonly health: { readonly items: readonly { readonly code: string; readonly message: string }[] } };
const healthOf = async (box: SiteBox): Promise<Health['health']['items']> =>
  ((await box.api.call('GET', '/server')) as Health).health.items;

labTest(
  'a store that is full, then gone, while it covers: told by name, and covering goes on when it is back',
  async (t) => {
    const scene = await setScene(t, { levels: ['warm'], failoverVolume: 'small' }, createRandom(2));
    const { protectedBox, failover } = scene;
    const back = await killBox(protectedBox);
    await waitFor('the camera to be covered', async () => (await takeovers(failover))[0]?.cameras[0]?.covered, 60_000);
    const heal = fillDisk(failover.footage);
    const full = await waitFor(
      'the alarm',
      async () => (await healthOf(failover)).find(({ code }) => code === 'volume-full'),
      60_000,
    );
    t.true(full.message.includes(failover.footage), full.message);
    await heal();
    await waitFor(
      'the store to be used again',
      async () => !(await healthOf(failover)).some(({ code }) => code === 'volume-full'),
      60_000,
    );
    execFileSync('umount', ['-l', failover.footage]);
    const gone = await waitFor(
      'the alarm',
      async () => (await healthOf(failover)).find(({ code }) => code === 'volume-gone'),
      60_000,
    );
    t.true(gone.message.includes(failover.footage), gone.message);
    t.false(existsSync(`${failover.footage}/${scene.cameras[0]?.cameraId}`), 'not one byte goes to the system disk');
    await back();
    await waitFor(
      'the server to have its camera back',
      async () => (await takeovers(failover))[0]?.cameras[0]?.covered === false,
      60_000,
    );
  },
);
