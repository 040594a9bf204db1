/** The service itself: supervisor, media and control as they are started in production, N cameras added through the API. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createApiClient } from '../../src/cli/api-client.ts';
import type { ApiClient } from '../../src/cli/api-client.ts';
import { systemClock } from '../../src/core/clock.ts';
import { placeOf, textOf, until } from '../../src/demo/demo-box.ts';
import { fetchLedger } from '../../src/demo/footage-check.ts';
import type { LedgerView } from '../../src/demo/footage-check.ts';
import { readStatus } from '../../src/supervisor/instance.ts';
import { bookedBetween, byCause, unbookedOf } from './booked-losses.ts';
import { pinProcess, stopChild } from './contender.ts';
import type { Contender, Load } from './contender.ts';
import { lossesOf } from './lost-units.ts';
import { familyOf } from './process-usage.ts';
import type { Check } from './recording-report.ts';
import { recordingIn } from './recorded-units.ts';

const OWNER = { username: 'owner', password: 'a benchmark is no secret' };
const SUPERVISOR = resolve(import.meta.dirname, '../../dist/supervisor.js');
const START_WITHIN_MS = 120_000;

export type Service = Contender & {
  readonly pids: () => readonly number[];
  readonly allRecording: () => Promise<void>;
  readonly loopDelayP99Ms: () => Promise<number>;
  /** What was lost until now, by the files and by the service's own account. */
  readonly check: () => Promise<Check>;
};

export async function startService(load: Load): Promise<Service> {
  const began = new Date();
  const dataDir = join(load.folder, 'service');
  const footage = join(dataDir, 'footage');
  await mkdir(footage, { recursive: true });
  const child = startProcess(dataDir);
  const supervisor = child.pid ?? -1;
  await until('the service to listen', systemClock, () => placeOf(dataDir) !== undefined, START_WITHIN_MS);
  const pids = (): readonly number[] => familyOf(supervisor);
  for (const pid of pids()) await pinProcess(pid, 'recorders');
  const api = createApiClient(() => ({
    host: '127.0.0.1',
    port: placeOf(dataDir)?.port ?? 0,
    fingerprint: placeOf(dataDir)?.fingerprint,
    token: undefined,
  }));
  const cameras = await setUp(api, load, footage);
  const processOf = (name: 'media' | 'control'): readonly number[] => {
    const pid = readStatus(dataDir)?.[name]?.pid;
    return pid === undefined ? [] : [pid];
  };
  return {
    pids,
    parts: () => [
      { label: 'service', pids: pids() },
      { label: 'media', pids: processOf('media') },
      { label: 'control', pids: processOf('control') },
    ],
    allRecording: () =>
      until(
        `${cameras.length} cameras to record`,
        systemClock,
        async () => (await listCameras(api)).every(({ state }) => state === 'recording'),
        START_WITHIN_MS,
      ),
    loopDelayP99Ms: async () => {
      const { processes } = (await api.call('GET', '/server')) as ServerAnswer;
      return processes.media.loopDelayP99Ms ?? Number.NaN;
    },
    check: () => checkAll(api, cameras, { mounts: load.mounts, footage, began }),
    stop: () => stopChild(child),
  };
}

function startProcess(dataDir: string): ChildProcess {
  const where = [`--data=${dataDir}`, '--http-port=0', '--peer-port=0', '--bind=127.0.0.1', '--name=Benchmark'];
  // As bin/understudy starts it.
  const flags = ['--max-semi-space-size=1', '--max-old-space-size=64'];
  return spawn(process.execPath, [...flags, SUPERVISOR, ...where], {
    stdio: ['ignore', 'ignore', 'inherit'],
    detached: true,
    env: { ...process.env, UNDERSTUDY_LOG: 'warn' },
  });
}

async function setUp(api: ApiClient, { port, mounts, cameras }: Load, footage: string): Promise<readonly string[]> {
  await api.call('POST', '/setup', { ...OWNER, serverName: 'Benchmark' });
  await api.call('PATCH', '/server/settings', { allowLoopbackCameras: true });
  await api.call('POST', '/volumes', { path: footage, reserveBytes: 256 * 1024 * 1024 });
  const ids: string[] = [];
  for (let index = 0; index < cameras; index += 1) {
    const url = `rtsp://127.0.0.1:${port}/cam${index % mounts}`;
    const made = await api.call('POST', '/cameras', { name: `Camera ${index + 1}`, main: { url, transport: 'tcp' } });
    ids.push(textOf(made, 'id'));
  }
  return ids;
}

type Place = { readonly mounts: number; readonly footage: string; readonly began: Date };
async function checkAll(api: ApiClient, cameras: readonly string[], { mounts, footage, began }: Place): Promise<Check> {
  const recordings = cameras.map((id) => recordingIn(join(footage, id, 'main')));
  const { holes, inNone } = lossesOf(recordings, mounts);
  // Read after the files: whatever is missing in them is told by now.
  const range = { start: began.toISOString(), end: new Date().toISOString() };
  const ledgers = await Promise.all(cameras.map((cameraId) => fetchLedger({ api, cameraId, ...range })));
  const streams = (await listCameras(api)).flatMap((camera) => camera.streams);
  const booked = recordings.flatMap(({ units }, index) =>
    bookedBetween(units[0]?.atUs ?? Infinity, units.at(-1)?.atUs ?? 0, ledgers[index] ?? NO_LEDGER),
  );
  return {
    lostAccessUnits: holes.flat().reduce((sum, { units }) => sum + units, 0),
    unbookedAccessUnits: holes.reduce((sum, own, index) => sum + unbookedOf(own, ledgers[index] ?? NO_LEDGER), 0),
    inNoRecording: inNone,
    booked: byCause(booked),
    packetsLost: streams.reduce((sum, entry) => sum + (entry.packetsLost ?? 0), 0),
    accessUnits: recordings.reduce((sum, { units }) => sum + units.length, 0),
  };
}
const NO_LEDGER: Pick<LedgerView, 'spans'> = { spans: [] };

type ServerAnswer = { readonly processes: { readonly media: { readonly loopDelayP99Ms?: number } } };
type Listed = {
  readonly state: string;
  readonly streams: readonly { readonly packetsLost?: number }[];
};

async function listCameras(api: ApiClient): Promise<readonly Listed[]> {
  const answer = (await api.call('GET', '/cameras?limit=200')) as { readonly items: readonly Listed[] };
  return answer.items;
}
