/**
 * The real media process, recording simulated cameras: started on a data folder and a volume of its own, ordered over its socket,
 * every event kept. For tests that judge recordings.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { readSegment } from '../../src/simulator/recorded-units.ts';
import { checkRecording } from '../../src/simulator/check.ts';
import type { BookedGap, CheckReport, Expectation, RecordedUnit } from '../../src/simulator/check.ts';
import type { MediaEvent, MediaMessage, Orders, StreamOrder } from '../../src/wire/media-protocol.ts';
import { startProcess } from './processes.ts';
import type { TestProcess } from './processes.ts';
import { tempDir } from './temp-dir.ts';
import { waitFor } from './wait-for.ts';

const VOLUME = 'vol-1';
const MEDIA = join(import.meta.dirname, '../../src/media.ts');

/** Simulated cameras are on loopback. */
const ORDINARY_LAN = { allowLoopback: true, ownAddresses: [], ownPorts: [] };

export type MediaOptions = {
  /** Of a process before: its orders, gaps and footage are there. */
  readonly folder?: string;
  readonly env?: Readonly<Record<string, string>>;
};
export type MediaUnderTest = {
  readonly process: TestProcess;
  readonly folder: string;
  /** The volume's root. */
  readonly volume: string;
  readonly order: (streams: readonly StreamOrder[], more?: Partial<Pick<Orders, 'addresses' | 'push'>>) => void;
  readonly events: () => readonly MediaEvent[];
  /** Gaps of a stream as booked; one still open ends now. */
  readonly gapsOf: (cameraId: string, stream?: 'main' | 'sub') => readonly BookedGap[];
  readonly recordedSeconds: (cameraId: string, stream?: 'main' | 'sub') => number;
  readonly segmentsOf: (cameraId: string, stream?: 'main' | 'sub') => Promise<readonly string[]>;
  readonly unitsOf: (cameraId: string, stream?: 'main' | 'sub') => Promise<readonly RecordedUnit[]>;
  readonly check: (expectation: Expectation) => Promise<CheckReport>;
  /** Ends it properly: everything in memory is written, and told. */
  readonly stop: () => Promise<void>;
};

export function orderOf(cameraId: string, url: string, more: Partial<StreamOrder> = {}): StreamOrder {
  return {
    cameraId,
    stream: 'main',
    url,
    username: undefined,
    password: undefined,
    transport: 'tcp',
    fingerprint: undefined,
    audio: true,
    record: true,
    hold: false,
    epoch: undefined,
    segmentSeconds: undefined,
    priority: 'medium',
    volumeIds: [VOLUME],
    ...more,
  };
}

export async function startMedia(t: ExecutionContext, options: MediaOptions = {}): Promise<MediaUnderTest> {
  const folder = options.folder ?? (await newFolder(t));
  const [data, volume] = [join(folder, 'data'), join(folder, 'volume')];
  const process = startProcess(t, 'node', [MEDIA, '--data', data], { env: options.env ?? {} });
  const socketPath = join(data, 'run', 'media.sock');
  const socket = await waitFor('the media socket', () => connected(socketPath), 60_000);
  t.teardown(() => socket.destroy());
  // Its last reports may be read a moment after it is seen to have ended.
  const told = new Promise((resolve) => void socket.once('close', resolve));
  const events = collect(socket);
  socket.write(`${JSON.stringify({ kind: 'subscribe', after: 0 })}\n`);
  let version = options.folder === undefined ? 0 : 1000;
  const serverId = randomUUID();
  const segmentsOf: MediaUnderTest['segmentsOf'] = async (cameraId, stream = 'main') => {
    const root = join(volume, cameraId, stream);
    const names = await readdir(root, { recursive: true }).catch(() => []);
    return names
      .filter((name) => name.endsWith('.mp4'))
      .sort()
      .map((name) => join(root, name));
  };
  const unitsOf: MediaUnderTest['unitsOf'] = async (cameraId, stream) => {
    const units: RecordedUnit[] = [];
    for (const path of await segmentsOf(cameraId, stream)) units.push(...readSegment(await readFile(path), path).units);
    return units;
  };
  return {
    process,
    folder,
    volume,
    order: (streams, more = {}) => {
      version += 1;
      const volumes = [{ id: VOLUME, path: volume, reserveBytes: 0 }];
      const timing = { segmentSeconds: 60, fragmentMs: 500 };
      const lan = { addresses: ORDINARY_LAN, push: { address: '127.0.0.1', port: 0 }, ...more };
      const head = { kind: 'orders', protocol: 1, version, serverId, epoch: 1 } as const;
      const orders: Orders = { ...head, ...timing, ...lan, volumes, streams };
      socket.write(`${JSON.stringify(orders)}\n`);
    },
    events: () => events,
    gapsOf: (cameraId, stream = 'main') => gapsIn(events, cameraId, stream),
    recordedSeconds: (cameraId, stream = 'main') =>
      events
        .flatMap((event) => (event.kind === 'fragments-written' ? event.fragments : []))
        .filter((fragment) => fragment.cameraId === cameraId && fragment.stream === stream)
        .reduce((sum, { start, end }) => sum + (end - start) / 1000, 0),
    segmentsOf,
    unitsOf,
    check: async (expectation) => checkRecording(await unitsOf(expectation.cameraId, expectation.stream), expectation),
    stop: async () => {
      process.kill('SIGTERM');
      await process.ended;
      await told;
    },
  };
}

async function newFolder(t: ExecutionContext): Promise<string> {
  const folder = await tempDir(t, 'media');
  await mkdir(join(folder, 'data', 'run'), { recursive: true });
  await mkdir(join(folder, 'volume'));
  const marker = { id: VOLUME, created: new Date().toISOString() };
  await writeFile(join(folder, 'volume', '.understudy-volume.json'), `${JSON.stringify(marker)}\n`);
  return folder;
}

async function connected(path: string) {
  const socket = connect(path);
  return new Promise<typeof socket | undefined>((resolve) => {
    socket.once('connect', () => resolve(socket));
    socket.once('error', () => resolve(undefined));
  });
}

function collect(socket: ReturnType<typeof connect>): MediaEvent[] {
  const events: MediaEvent[] = [];
  let rest = '';
  socket.on('error', () => undefined);
  socket.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const message = JSON.parse(line) as MediaMessage;
      if ('event' in message) events.push(message.event);
    }
  });
  return events;
}

function gapsIn(events: readonly MediaEvent[], cameraId: string, stream: 'main' | 'sub'): readonly BookedGap[] {
  const gaps: BookedGap[] = [];
  let open: { readonly start: number; readonly cause: string; readonly detail: string } | undefined;
  for (const event of events) {
    if (!('cameraId' in event) || event.cameraId !== cameraId || event.stream !== stream) continue;
    if (event.kind === 'gap')
      gaps.push({ start: event.start, end: event.end, cause: event.cause, detail: event.detail });
    if (event.kind === 'gap-opened') open = { start: event.start, cause: event.cause, detail: event.detail };
    if (event.kind === 'gap-closed' && open !== undefined) {
      gaps.push({ ...open, end: event.end });
      open = undefined;
    }
  }
  return open === undefined ? gaps : [...gaps, { ...open, end: Date.now() }];
}
