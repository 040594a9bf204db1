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
import type { Scene, SceneOptions } from './failover-scene.ts';
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
  readonly expect: Expectation;
  readonly scene?: SceneOptions;
  /** How long it lasts, milliseconds; 0: `begin` sees to it. */
  readonly lasts: (random: Random) => number;
  readonly begin: (scene: Scene) => Promise<Heal> | Heal;
  /** The closed connection tells: at most 200 ms. */
  readonly isSeenAtOnce?: boolean;
  /** Not of warm and cold cameras either. */
  readonly losesNothing?: boolean;
  /** Its failover server was away too. */
  readonly mayLoseHot?: boolean;
};

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
    expect: 'cover',
    lasts: (random) => Math.round(1600 * 20 ** random.next()),
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
    mayLoseHot: true,
    expect: 'cover',
    isSeenAtOnce: true,
    lasts: between(3000, 6000),
    begin: async ({ protectedBox, failover, random }) => {
      const back = await killBox(protectedBox);
      await sleep(random.int(500, 4000));
      const again = await killBox(failover);
      await sleep(random.int(0, 2000));
      await again();
      return back;
    },
  },
  {
    name: 'both',
    mayLoseHot: true,
    expect: 'either',
    lasts: between(500, 5000),
    begin: async ({ protectedBox, failover, random }) => {
      const heals = await Promise.all([killBox(protectedBox), killBox(failover)]);
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
];
