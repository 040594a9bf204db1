import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { NewActivity } from '../../src/api/activity.ts';
import { openCatalogue } from '../../src/archive/catalogue.ts';
import { createFootage } from '../../src/control/footage.ts';
import { STEP_MS, bookExpectations, startHeartbeat } from '../../src/control/heartbeat.ts';
import { createIngest } from '../../src/control/ingest.ts';
import { createLiveState } from '../../src/control/live-state.ts';
import { ordersOf } from '../../src/control/orders.ts';
import { silentLog } from '../../src/core/log.ts';
import { createEventRing, MAX_KEPT_EVENTS } from '../../src/recorder/event-ring.ts';
import { parseOrders } from '../../src/wire/parse-control-message.ts';
import type {
  FragmentReport,
  MediaEvent,
  MediaHello,
  NumberedEvent,
  SegmentReport,
} from '../../src/wire/media-protocol.ts';
import { createFakeClock } from '../support/fake-clock.ts';
import { forSeeds } from '../support/seeded-random.ts';
import { tempDir } from '../support/temp-dir.ts';

const KEY = { cameraId: 'cam-1', stream: 'main' } as const;
const helloOf = (instance: string, startedAt: number): MediaHello => ({
  kind: 'hello',
  protocol: 1,
  instance,
  pid: 1,
  startedAt,
  ordersVersion: 0,
  reset: false,
});

async function bench(t: ExecutionContext) {
  const clock = createFakeClock();
  const catalogue = openCatalogue(await tempDir(t, 'ingest'), clock.now());
  t.teardown(() => catalogue.close());
  const reasons: string[] = [];
  const entries: NewActivity[] = [];
  const ingest = createIngest({
    catalogue,
    state: createLiveState(),
    publish: () => undefined,
    record: (entry) => void entries.push(entry),
    isOwn: (cameraId) => cameraId === KEY.cameraId,
    clock,
    log: silentLog,
    onReconcile: (reason) => void reasons.push(reason),
    onFailure: () => t.fail(),
  });
  return { clock, catalogue, ingest, reasons, entries };
}

const gap = (start: number, end: number): MediaEvent => ({
  kind: 'gap',
  ...KEY,
  start,
  end,
  cause: 'network-loss',
  accessUnits: 1,
  detail: '',
});

test('away for longer than media keeps fragments: the files are asked, and gaps are told', async (t) => {
  const { catalogue, ingest, clock, reasons } = await bench(t);
  const start = clock.now();
  const ring = createEventRing('a');
  ring.push(gap(start, start + 5));
  ingest.hello(helloOf('a', start));
  ingest.push(ring.since(undefined, 0).events);
  ingest.flush();
  ring.push(gap(start + 10, start + 15));
  const closed: MediaEvent = { kind: 'segment-closed', at: start, volumeId: 'vol', segment: 'a.mp4' };
  for (let index = 0; index <= MAX_KEPT_EVENTS; index += 1) ring.push(closed);
  const { reset, events } = ring.since('a', catalogue.cursor.get()?.seq ?? 0);
  ingest.hello({ ...helloOf('a', start), reset });
  ingest.push(events);
  ingest.flush();
  t.deepEqual(reasons, ['events of media are lost']);
  t.is(catalogue.gaps.find(KEY, { start, end: start + 1000 }).length, 2);
});

const PLACE = { volumeId: 'vol', segment: 'cam-1/main/2026-11-21/a.mp4' };
function reportsOf(start: number): { segment: SegmentReport; fragment: (sequence: number) => FragmentReport } {
  const video = { codec: 'h264', codecString: 'avc1.64001F', width: 1920, height: 1080 } as const;
  const origin = { serverId: '5f2e5f0c-8a1c-4c39-9d55-a3c1d1b7e001', epoch: 1, initLength: 4096, layoutHash: 'ab' };
  return {
    segment: { ...KEY, ...PLACE, ...origin, start, video, audio: undefined },
    fragment: (sequence) => ({
      ...KEY,
      ...PLACE,
      offset: 4096 + sequence * 100,
      length: 100,
      sequence,
      start: start + sequence * 500,
      end: start + sequence * 500 + 500,
      key: sequence === 0,
      continuous: sequence > 0,
      accessUnits: 12,
      audioFrames: 0,
    }),
  };
}

test('of a segment that was open when events were lost the file is asked, whatever of its reports came', async (t) => {
  for (const kept of ['its last fragment and its end', 'its end', 'nothing']) {
    const { catalogue, ingest, clock, reasons } = await bench(t);
    const { segment, fragment } = reportsOf(clock.now());
    const written = (sequence: number): MediaEvent => ({
      kind: 'fragments-written',
      at: segment.start,
      fragments: [fragment(sequence)],
    });
    const numbered = (event: MediaEvent, seq: number): NumberedEvent => ({ seq, event });
    ingest.hello(helloOf('a', segment.start));
    ingest.push([numbered({ kind: 'segment-opened', at: segment.start, segment }, 1), numbered(written(0), 2)]);
    ingest.flush();
    ingest.hello({ ...helloOf('a', segment.start), reset: true });
    if (kept.includes('fragment')) ingest.push([numbered(written(2), 4)]);
    if (kept !== 'nothing') ingest.push([numbered({ kind: 'segment-closed', at: segment.start, ...PLACE }, 5)]);
    ingest.flush();
    const row = catalogue.segments.get(PLACE.volumeId, PLACE.segment);
    t.like(row, { open: true, partial: true }, kept);
    t.is(row?.spans[0]?.end, fragment(0).end, 'what is known is still shown');
    t.is(ingest.isOrphan(PLACE.volumeId, PLACE.segment), kept !== 'nothing', kept);
    t.is(reasons.length, kept === 'nothing' ? 1 : 2, kept);

    ingest.hello(helloOf('a', segment.start));
    t.is(reasons.at(-1), 'segments are known in part only', 'also after control started again');
    catalogue.segments.putScanned(segment, [0, 1, 2].map(fragment));
    t.is(catalogue.segments.get(PLACE.volumeId, PLACE.segment)?.partial, undefined);
  }
});

test('a segment that a scan took for whole while it was written is read again when it ends', async (t) => {
  const { catalogue, ingest, clock, reasons } = await bench(t);
  const start = clock.now();
  const { segment, fragment } = reportsOf(start);
  const place = PLACE;
  catalogue.segments.putScanned(segment, [fragment(0)]);
  const ring = createEventRing('a');
  ring.push({ kind: 'segment-opened', at: start, segment });
  for (const sequence of [0, 1, 2])
    ring.push({ kind: 'fragments-written', at: start, fragments: [fragment(sequence)] });
  ingest.hello(helloOf('a', start));
  ingest.push(ring.since(undefined, 0).events);
  ingest.flush();
  t.deepEqual(reasons, []);
  t.false(ingest.isOrphan(place.volumeId, place.segment));
  t.true(catalogue.segments.get(place.volumeId, place.segment)?.open);
  ring.push({ kind: 'segment-closed', at: start, ...place });
  ingest.push(ring.since('a', catalogue.cursor.get()?.seq ?? 0).events);
  ingest.flush();
  t.deepEqual(reasons, ['1 segments have ended that are known in part only']);
  t.true(ingest.isOrphan(place.volumeId, place.segment), 'nobody writes it any more');
});

test('what begins and ends as planned for another server is no warning; what is lost of it is one, and all of an own camera', async (t) => {
  const { ingest, clock, entries } = await bench(t);
  const start = clock.now();
  const ring = createEventRing('a');
  const told = (cameraId: string, cause: 'no-key-frame' | 'service-down' | 'network-loss'): void =>
    ring.push({ ...gap(start, start + 5), cameraId, cause } as MediaEvent);
  told('begun', 'no-key-frame');
  told('stopped', 'service-down');
  told('lost', 'network-loss');
  told(KEY.cameraId, 'service-down');
  ingest.hello(helloOf('a', start));
  ingest.push(ring.since(undefined, 0).events);
  ingest.flush();
  const severityOf = (id: string): string | undefined => entries.find(({ cameraId }) => cameraId === id)?.severity;
  t.deepEqual(['begun', 'stopped', 'lost', KEY.cameraId].map(severityOf), ['info', 'info', 'warning', 'warning']);
});

test('events that come again after a lost connection are applied once', async (t) => {
  const { catalogue, ingest, clock } = await bench(t);
  const start = clock.now();
  const events = Array.from({ length: 40 }, (_, index): NumberedEvent => ({
    seq: index + 1,
    event: gap(start + index * 10, start + index * 10 + 5),
  }));
  ingest.hello(helloOf('a', start));
  forSeeds(30, (random) => {
    const from = random.int(0, 30);
    ingest.push(events.slice(Math.min(from, catalogue.cursor.get()?.seq ?? 0), from + random.int(1, 10)));
    if (random.chance(0.5)) ingest.flush();
  });
  ingest.push(events);
  ingest.flush();
  t.is(catalogue.gaps.find(KEY, { start, end: start + 1000 }).length, 40);
  t.deepEqual(catalogue.cursor.get(), { instance: 'a', seq: 40 });
});

test('another media process closes the gaps of the one before and asks for a comparison', async (t) => {
  const { catalogue, ingest, clock, reasons } = await bench(t);
  const start = clock.now();
  ingest.hello(helloOf('a', start));
  ingest.push([{ seq: 1, event: { kind: 'gap-opened', ...KEY, start, cause: 'camera-stalled', detail: '' } }]);
  ingest.flush();
  catalogue.services.beat('media', 'a', start, start + 5000);
  ingest.hello(helloOf('b', start + 9000));
  t.deepEqual(catalogue.gaps.openOnes(), []);
  t.is(catalogue.gaps.find(KEY, { start, end: start + 9000 })[0]?.end, start + 5000);
  t.deepEqual(reasons, ['media was started again']);
  t.deepEqual(catalogue.cursor.get(), { instance: 'b', seq: 0 });
});

test('signs of life make a stop of the whole service and a step of the clock visible in the ledger', async (t) => {
  const { catalogue, clock } = await bench(t);
  const start = clock.now();
  bookExpectations(catalogue, [{ ...KEY, expected: true }], start);
  const hello = () => helloOf('a', start);
  const beat = (instance: string) =>
    startHeartbeat({ catalogue, clock, log: silentLog, instance, hello, onStep: () => undefined });
  const first = beat('one');
  catalogue.gaps.open({ ...KEY, start, cause: 'camera-unreachable', detail: '' });
  await clock.advance(10_000);
  clock.stepWall(STEP_MS + 60_000);
  await clock.advance(10_000);
  await first.stop();
  catalogue.gaps.close(KEY, clock.now());
  const stopped = clock.now();
  await clock.advance(3_600_000);
  const footage = createFootage({ catalogue, clock, mediaIsUp: () => false });
  const spans = footage
    .accountOf(KEY, { start, end: clock.now() })
    .map((span) => ('cause' in span ? span.cause : span.state));
  t.deepEqual(spans, ['camera-unreachable', 'clock-stepped', 'camera-unreachable', 'service-down']);
  t.is(footage.accountOf(KEY, { start, end: clock.now() }).at(-1)?.start, stopped);
});

test('orders are what media accepts, without passwords that are not to be used', (t) => {
  const camera = {
    id: 'cam-1',
    name: 'Door',
    main: { url: 'rtsp://10.0.0.1/main', transport: 'auto' },
    sub: { url: 'rtsp://10.0.0.1/sub', transport: 'tcp' },
    username: 'u',
    hasPassword: false,
    enabled: true,
    record: true,
    recordSub: false,
    audio: true,
    priority: 'medium',
    standbyLevel: 'warm',
    retention: {},
  } as const;
  const orders = ordersOf({
    server: {
      id: '5f2e5f0c-8a1c-4c39-9d55-a3c1d1b7e001',
      name: 'x',
      mode: 'recording',
      allowedHosts: [],
      allowLoopbackCameras: false,
      openMetrics: false,
      epoch: 1,
    },
    cameras: [camera, { ...camera, id: 'cam-2', enabled: false }],
    volumes: ['a', 'b'].map((id) => ({ id, path: `/${id}`, reserveBytes: 1 })),
    secretOf: () => 'left over',
    version: 7,
    epoch: 1,
    addresses: { allowLoopback: false, ownAddresses: ['192.168.1.5'], ownPorts: [51_443] },
    push: { address: '::', port: 1935 },
  });
  t.deepEqual(parseOrders(JSON.stringify(orders)), orders);
  t.deepEqual(
    orders.streams.map(({ cameraId, stream, record, password }) => [cameraId, stream, record, password]),
    [
      ['cam-1', 'main', true, undefined],
      ['cam-1', 'sub', false, undefined],
    ],
  );
  t.deepEqual([...(orders.streams[0]?.volumeIds ?? [])].sort(), ['a', 'b']);
});
