/**
 * The faults of the failover campaign: how each begins and ends, how long it lasts, what must come of it.
 *
 * Belongs here: that list. Does not: how a fault is made (failover-faults.ts), playing and judging (failover-play.ts).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  badWeather,
  cutOneWay,
  cutPower,
  cutSilently,
  fillDisk,
  flap,
  freezeBox,
  killBox,
  killProcess,
  pullCable,
  starve,
  stopBox,
} from './failover-faults.ts';
import type { Heal } from './failover-faults.ts';
import { CONNECT_MS, KEY_FRAME_MS, NEVER_HEARD_MS } from './failover-losses.ts';
import type { Scene, SceneOptions } from './failover-scene.ts';
import type { SiteBox } from './failover-site.ts';
import { coveredBy, waitFor } from './failover-views.ts';
import type { Random } from './seeded-random.ts';

/** What a fault must lead to. */
export type Expectation =
  /** Covered, and given back. */
  | 'cover'
  /** Nothing: no suspicion, no cover. */
  | 'nothing'
  /** No takeover is declared, and nothing is lost. Covering on suspicion is cheap and may happen. */
  | 'no-takeover'
  /** May be covered or not: nothing may be lost that somebody could have had. */
  | 'either';
export type Fault = {
  readonly name: string;
  /** Perhaps by how long it really lasted, milliseconds. */
  readonly expect: Expectation | ((lastedMs: number) => Expectation);
  readonly scene?: SceneOptions;
  /** How long it lasts, milliseconds; 0: `begin` sees to it. */
  readonly lasts: (random: Random) => number;
  readonly begin: (scene: Scene) => Promise<Heal> | Heal;
  /** The closed connection tells: at most 200 ms. */
  readonly isSeenAtOnce?: boolean;
  /** Not of warm and cold cameras either. */
  readonly losesNothing?: boolean;
  /** A failover server is killed too. */
  readonly killsSpare?: boolean;
};

/** So long a server may pause without being missed; from here on (and a tick, and what the last sign of life was old) it must be. */
const PAUSE_MS = 800;
const MISSED_MS = 1600;
const FREEZE_MOST_MS = 120_000;
export const expectationOf = ({ expect }: Fault, lastedMs: number): Expectation =>
  typeof expect === 'function' ? expect(lastedMs) : expect;

const between =
  (least: number, most: number) =>
  (random: Random): number =>
    random.int(least, most);

/** Others that the protected server could be cut from. */
const othersOf = ({ failovers, simulation, host }: Scene) => [
  ...failovers.map(({ net }) => net),
  simulation.net,
  ...(host === undefined ? [] : [host.net]),
];

/** SIGKILL, noted with when it was up again: what is lost while nobody was ready is nobody's fault (failover-losses.ts). */
async function down(scene: Scene, box: SiteBox, readyMs: number = CONNECT_MS + KEY_FRAME_MS): Promise<Heal> {
  const from = Date.now();
  const start = await killBox(box);
  return async () => {
    await start();
    scene.downs.push({ box: box.name, from, to: Date.now() + readyMs });
  };
}

/** The recorder is killed, then a failover server that covers the hot camera; another one is well all the time. */
async function killCovering(scene: Scene): Promise<Heal> {
  const back = await down(scene, scene.protectedBox);
  const hot = scene.cameras.find(({ level }) => level === 'hot');
  const covering = await waitFor('the hot camera to be covered', () =>
    scene.failovers.find((box) => coveredBy(box).includes(hot?.cameraId ?? '')),
  );
  // With a host the next one keeps it hot from then on, and has footage of it from its first key frame.
  await sleep(CONNECT_MS + KEY_FRAME_MS + scene.random.int(0, 3000));
  const again = await down(scene, covering);
  await sleep(scene.random.int(4000, 7000));
  return async () => {
    await again();
    await back();
  };
}

export const FAULTS: readonly Fault[] = [
  {
    name: 'kill-all',
    expect: 'cover',
    isSeenAtOnce: true,
    lasts: between(3000, 12_000),
    begin: ({ protectedBox }) => killBox(protectedBox),
  },
  {
    name: 'kill-media',
    expect: 'cover',
    isSeenAtOnce: true,
    lasts: between(3000, 4000),
    begin: ({ protectedBox }) => killProcess(protectedBox, 'media'),
  },
  {
    name: 'kill-control',
    expect: 'cover',
    isSeenAtOnce: true,
    lasts: between(3000, 4000),
    begin: ({ protectedBox }) => killProcess(protectedBox, 'control'),
  },
  {
    name: 'planned-stop',
    expect: 'cover',
    losesNothing: true,
    lasts: between(3000, 8000),
    begin: ({ protectedBox }) => stopBox(protectedBox),
  },
  {
    name: 'freeze',
    expect: (lastedMs) => (lastedMs < PAUSE_MS ? 'nothing' : lastedMs < MISSED_MS ? 'either' : 'cover'),
    lasts: (random) => Math.round(PAUSE_MS * (FREEZE_MOST_MS / PAUSE_MS) ** random.next()),
    begin: ({ protectedBox }) => freezeBox(protectedBox),
  },
  { name: 'pause', expect: 'nothing', lasts: between(50, 750), begin: ({ protectedBox }) => freezeBox(protectedBox) },
  {
    name: 'power-cut',
    expect: 'cover',
    lasts: between(4000, 12_000),
    begin: ({ site, protectedBox }) => cutPower(site.lab, protectedBox),
  },
  {
    name: 'link-down',
    expect: 'cover',
    lasts: between(2000, 12_000),
    begin: ({ site, protectedBox }) => pullCable(site.lab, protectedBox.net),
  },
  {
    name: 'silent-cut',
    expect: 'cover',
    lasts: between(2000, 12_000),
    begin: (scene) => cutSilently(scene.site.lab, scene.protectedBox.net, othersOf(scene)),
  },
  {
    name: 'cut-to-failover',
    expect: 'cover',
    lasts: between(2500, 10_000),
    begin: ({ site, protectedBox, failover }) => cutOneWay(site.lab, protectedBox.net, failover.net),
  },
  {
    name: 'cut-from-failover',
    expect: 'either',
    lasts: between(2500, 10_000),
    begin: ({ site, protectedBox, failover }) => cutOneWay(site.lab, failover.net, protectedBox.net),
  },
  {
    name: 'bad-weather',
    expect: 'nothing',
    lasts: between(20_000, 30_000),
    begin: async ({ t, failover, random }) =>
      await badWeather(t, failover.net, ['loss=5', 'delay=100', 'jitter=100', `seed=${random.int(1, 1e6)}`]),
  },
  {
    name: 'starved',
    expect: 'nothing',
    lasts: between(20_000, 30_000),
    begin: ({ t, failover }) => starve(t, failover, 0.1),
  },
  {
    name: 'storm',
    expect: 'no-takeover',
    lasts: between(20_000, 30_000),
    begin: async ({ t, failover, random }) => {
      const fed = starve(t, failover, 0.1);
      const calm = await badWeather(t, failover.net, [
        'loss=5',
        'delay=100',
        'jitter=100',
        `seed=${random.int(1, 1e6)}`,
      ]);
      return async () => {
        await calm();
        await fed();
      };
    },
  },
  {
    name: 'hung-disk',
    expect: 'cover',
    scene: { volume: 'fault-disk' },
    lasts: between(8000, 15_000),
    begin: async ({ disk }) => {
      await disk?.control('hang=1');
      return async () => await disk?.control('hang=0');
    },
  },
  {
    name: 'full-disk',
    expect: 'either',
    scene: { volume: 'small' },
    lasts: between(8000, 12_000),
    begin: ({ protectedBox }) => fillDisk(protectedBox.footage),
  },
  {
    name: 'flapping',
    expect: 'either',
    lasts: () => 0,
    begin: async ({ site, protectedBox, random }) =>
      await flap(site.lab, protectedBox.net, {
        times: random.int(4, 8),
        downMs: random.int(300, 900),
        upMs: random.int(300, 1500),
      }),
  },
  {
    name: 'failover-killed',
    killsSpare: true,
    expect: 'cover',
    isSeenAtOnce: true,
    lasts: between(3000, 6000),
    begin: async (scene) => {
      const { protectedBox, failover, random } = scene;
      const back = await down(scene, protectedBox);
      await sleep(random.int(500, 4000));
      const again = await down(scene, failover);
      await sleep(random.int(0, 2000));
      await again();
      return back;
    },
  },
  {
    name: 'both',
    killsSpare: true,
    expect: 'either',
    lasts: between(500, 5000),
    begin: async (scene) => {
      const { protectedBox, failover, random } = scene;
      // It had nothing to go on with: it must first miss the other.
      const readyMs = NEVER_HEARD_MS + CONNECT_MS + KEY_FRAME_MS;
      const heals = await Promise.all([down(scene, protectedBox), down(scene, failover, readyMs)]);
      const ordered = random.chance(0.5) ? heals : heals.toReversed();
      return async () => {
        for (const heal of ordered) await heal();
      };
    },
  },
  {
    name: 'host-killed',
    expect: 'cover',
    isSeenAtOnce: true,
    scene: { host: true, failovers: 2 },
    lasts: between(4000, 8000),
    begin: async ({ protectedBox, host, random, mark }) => {
      const heals = [await (host === undefined ? undefined : killBox(host))];
      await sleep(random.int(0, 3000));
      mark();
      heals.push(await killBox(protectedBox));
      return async () => {
        for (const heal of heals) await heal?.();
      };
    },
  },
  {
    name: 'two-failovers',
    expect: 'cover',
    isSeenAtOnce: true,
    scene: { failovers: 2 },
    lasts: between(4000, 10_000),
    begin: ({ protectedBox }) => killBox(protectedBox),
  },
  {
    // Without a host they do not know of each other: each has the hot camera, and covers all.
    name: 'one-of-two-killed',
    killsSpare: true,
    expect: 'cover',
    isSeenAtOnce: true,
    scene: { failovers: 2 },
    lasts: between(3000, 6000),
    begin: killCovering,
  },
  {
    name: 'covering-killed',
    killsSpare: true,
    expect: 'cover',
    isSeenAtOnce: true,
    scene: { host: true, failovers: 2 },
    lasts: between(3000, 6000),
    begin: killCovering,
  },
];
