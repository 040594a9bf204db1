/** Readiness probes, checks, drills and the clocks of protected servers, put together. */
import { join } from 'node:path';
import type { z } from 'zod';
import type { FailoverDeps } from '../api/routes/failover.ts';
import { clockOffWords, clockRightWords } from '../control/clock-words.ts';
import { nameOfServer } from '../control/failover-api.ts';
import { refusalOfAddress } from '../core/camera-address.ts';
import { isoOf } from '../core/clock.ts';
import { epochMs } from '../core/units.ts';
import { drillsFileSchema, NO_DRILLS, startDrills } from '../cover/drill.ts';
import type { Drill, Drills, DrillsFile } from '../cover/drill.ts';
import { startProbes } from '../cover/probe.ts';
import type { Probe, ProbeAnswer, ProbeRequest, Probes } from '../cover/probe.ts';
import type { Unfit } from '../cover/server-readiness.ts';
import { createServerClocks } from '../cover/server-clocks.ts';
import type { ClockOff, ServerClocks } from '../cover/server-clocks.ts';
import { openSettingsFile } from '../settings/settings-file.ts';
import { protectedIds } from './failover-box.ts';
import type { FailoverParts } from './failover-box.ts';
import type { Side } from './failover-side.ts';
import type { Peers } from './peer-set-up.ts';
import { clockOffsetOf, composeServerChecks } from './server-check-set-up.ts';

type Views = Pick<FailoverDeps, 'probes' | 'serverChecks' | 'runProbes' | 'drills' | 'startDrill'>;
export type Rehearsals = Views & {
  readonly unreachable: () => ReadonlySet<string>;
  /** A few times a second. */
  readonly look: () => void;
  /** Servers whose clock is off. */
  readonly clocksOff: () => readonly ClockOff[];
  /** Checks of which it was told that they failed. */
  readonly unfit: () => readonly Unfit[];
  readonly stop: () => Promise<void>;
};

export async function composeRehearsals(
  parts: FailoverParts,
  peers: Peers,
  side: Pick<Side, 'cover' | 'backups'>,
): Promise<Rehearsals> {
  const probes = composeProbes(parts, side);
  const drills = await composeDrills(parts, side, probes);
  const clocks = composeClocks(parts, peers);
  const checks = composeServerChecks({ parts, peers, side, clocks });
  return {
    probes: () => probes.list().map(probeView),
    serverChecks: checks.list,
    runProbes: async (serverId) => {
      checks.take();
      await probes.run(serverId);
    },
    drills: () => drills.list().map(drillView),
    startDrill: (serverId, user) => drillView(drills.start(serverId, user)),
    unreachable: probes.unreachable,
    look: () => {
      clocks.look();
      checks.look();
    },
    clocksOff: clocks.off,
    unfit: checks.unfit,
    stop: async () => {
      await Promise.all([probes.stop(), drills.stop()]);
    },
  };
}

function composeClocks(parts: FailoverParts, peers: Peers): ServerClocks {
  const { settings, clock, activity } = parts;
  return createServerClocks({
    clock,
    servers: () => protectedIds(parts),
    offsetOf: (serverId) => clockOffsetOf(peers, serverId),
    changed: (serverId, offsetMs, isOff) => {
      const name = nameOfServer(settings, serverId);
      if (isOff) activity.record({ severity: 'warning', code: 'clock-off', message: clockOffWords(name, offsetMs) });
      else activity.record({ severity: 'info', code: 'clock-right', message: clockRightWords(name) });
    },
  });
}

function composeProbes(parts: FailoverParts, { cover, backups }: Pick<Side, 'cover' | 'backups'>): Probes {
  const { settings, clock, log, activity } = parts;
  return startProbes({
    clock,
    log,
    servers: () => protectedIds(parts),
    settingsOf: (serverId) => backups.latest(serverId)?.settings,
    ownCameraIds: () => new Set(settings.server.get().mode === 'failover' ? [] : cameraIdsOf(parts)),
    everyMinutes: () => settings.failover.get().probeMinutes,
    isAlive: (cameraId) => cover.isAlive({ cameraId, stream: 'main' }),
    test: createTest(parts),
    changed: ({ serverId, cameraId, ok, message }) =>
      activity.record({
        severity: ok ? 'info' : 'warning',
        code: ok ? 'probe-recovered' : 'probe-failed',
        message: `${nameOfServer(settings, serverId)}, camera ${cameraId}, asked from this server: ${message}`,
        cameraId,
      }),
  });
}

const cameraIdsOf = ({ settings }: FailoverParts): readonly string[] =>
  settings.cameras.get().cameras.map(({ id }) => id);

const createTest =
  ({ testCamera, addresses }: FailoverParts): ((request: ProbeRequest, signal: AbortSignal) => Promise<ProbeAnswer>) =>
  async (request, signal) => {
    const allowAddress = (address: string, port: number): string | undefined =>
      refusalOfAddress(address, port, addresses())?.message;
    const { ok, checks } = await testCamera({ ...request, allowAddress }, signal);
    const last = checks.find((check) => !check.ok) ?? checks.at(-1);
    return { ok, message: last?.message ?? '', isFull: !ok && last?.check === 'room' };
  };

async function composeDrills(
  parts: FailoverParts,
  { cover }: Pick<Side, 'cover'>,
  probes: Pick<Probes, 'recorded'>,
): Promise<Drills> {
  const { dataDir, settings, clock, log, activity } = parts;
  const path = join(dataDir, 'settings', 'drills.json');
  const schema: z.ZodType<DrillsFile> = drillsFileSchema;
  const { file } = await openSettingsFile({
    path,
    schema,
    migrations: [],
    initial: NO_DRILLS,
    budget: new Map(),
    clock,
  });
  return startDrills({
    clock,
    log,
    cover,
    file,
    servers: () => protectedIds(parts),
    everyDays: () => settings.failover.get().drillDays,
    ended: ({ serverId, cameras }) => {
      for (const { cameraId, firstFrameMs } of cameras)
        if (firstFrameMs !== undefined) probes.recorded(serverId, cameraId);
      const failed = cameras.filter(({ problem }) => problem !== undefined).length;
      const message = `Drill for ${nameOfServer(settings, serverId)}: ${cameras.length - failed} of ${cameras.length} cameras were recorded here.`;
      activity.record({ severity: failed === 0 ? 'info' : 'warning', code: 'drill-ended', message });
    },
  });
}

const probeView = ({ at, milliseconds, isFull: _isFull, ...probe }: Probe): ReturnType<Views['probes']>[number] => ({
  ...probe,
  at: isoOf(at),
  ...(milliseconds === undefined ? {} : { milliseconds }),
});

const drillView = ({ id, serverId, startedAt, endedAt, cameras }: Drill): ReturnType<Views['startDrill']> => ({
  id,
  serverId,
  startedAt: isoOf(epochMs(startedAt)),
  ...(endedAt === undefined ? {} : { endedAt: isoOf(epochMs(endedAt)) }),
  cameras: cameras.map(({ cameraId, level, firstFrameMs, problem }) => ({
    cameraId,
    standbyLevel: level,
    ...(firstFrameMs === undefined ? {} : { firstFrameAfter: firstFrameMs / 1000 }),
    ...(problem === undefined ? {} : { problem }),
  })),
});
