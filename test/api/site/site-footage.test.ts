/** Timelines, playlists and ledgers of a site: whom a host asks, and what it makes of the answers. */
import test from 'ava';
import type { Camera } from '../../../src/api/contract/cameras.ts';
import { siteLedger, sitePlaylists, siteTimelineDay } from '../../../src/api/contract/site-footage.ts';
import { MISSING_CAUSES } from '../../../src/ledger/causes.ts';
import type { MissingCause } from '../../../src/ledger/causes.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import type { FakeClock } from '../../support/fake-clock.ts';
import { fakeSite, played } from '../../support/fake-site.ts';
import type { FakeAnswer, FakeSite } from '../../support/fake-site.ts';
import { cameraOf } from '../../support/memory-settings.ts';

const DAY = '2026-11-21';
const MIDNIGHT = Date.UTC(2026, 10, 21);
const iso = (seconds: number): string => new Date(MIDNIGHT + seconds * 1000).toISOString();
const HOUR = { start: MIDNIGHT, end: MIDNIGHT + 3_600_000 };
const KEY = { cameraId: 'cam-1', stream: 'main' } as const;
const CAMERA: Camera = { ...cameraOf('cam-1'), state: 'recording', streams: [], footageBytes: 0 };

type Run = [number, number, number];
const indexOf = (cause: MissingCause): number => MISSING_CAUSES.indexOf(cause);
/** Seconds in, milliseconds out, as the API has it. */
const ms = (runs: readonly Run[]): Run[] => runs.map(([start, end, more]) => [start * 1000, end * 1000, more]);
function day(recorded: readonly Run[], missing: readonly Run[] = [], causes: readonly string[] = MISSING_CAUSES) {
  return (query: URLSearchParams): FakeAnswer => ({
    body: {
      dayStart: iso(0),
      cameras: (query.get('cameras') ?? '').split(',').map((cameraId) => ({
        cameraId,
        recorded: ms(recorded),
        missing: ms(missing),
      })),
      causes,
    },
    etag: `"${JSON.stringify([recorded, missing])}"`,
  });
}
type Spans = readonly (readonly [number, number, string?])[];
const recordings = (spans: Spans, serverId: string) => (): FakeAnswer => ({
  body: {
    items: spans.map(([start, end, layoutEpoch = 'a']) => ({
      start: iso(start),
      end: iso(end),
      recordedBy: { serverId, name: serverId },
      origin: 'own',
      layoutEpoch,
      codec: 'avc1',
      playlistCodec: 'avc1,mp4a',
      bytes: 1,
    })),
  },
});
const NOTHING = { body: { items: [] } };

/** When the day is over. */
const clockAfter = (): FakeClock => createFakeClock(MIDNIGHT + 2 * 86_400_000);
/** The host has no camera, R has one, F is a failover server. */
async function site(clock: FakeClock = clockAfter()): Promise<FakeSite> {
  const members: FakeSite['members'] = {
    H: { isReachable: true, answers: { '/cameras': () => NOTHING, '/timeline': day([]) } },
    R: { isReachable: true, answers: { '/cameras': () => ({ body: { items: [CAMERA] } }) } },
    F: { isReachable: true, isFailover: true, answers: { '/cameras': () => NOTHING } },
    X: { isReachable: true, answers: { '/cameras': () => NOTHING } },
  };
  const made = fakeSite(members, clock);
  await made.cameras.list();
  made.asked.splice(0);
  return made;
}
const answersOf = ({ members }: FakeSite, id: string): FakeSite['members'][string]['answers'] =>
  members[id]?.answers ?? {};
function loses({ members }: FakeSite, id: string): void {
  const member = members[id];
  if (member !== undefined) Object.assign(member, { isReachable: false, awaySince: MIDNIGHT + 1000 });
}

test('a day: the owner and all failover servers are asked, and only they; the owner stands first', async (t) => {
  const made = await site();
  const down: Run = [400, 600, indexOf('service-down')];
  answersOf(made, 'R')['/timeline'] = day(
    [
      [0, 400, 0],
      [600, 3600, 0],
    ],
    [down],
  );
  answersOf(made, 'F')['/timeline'] = day([[350, 590, 0]], [[590, 600, indexOf('camera-stalled')]]);
  const drawn = siteTimelineDay.parse(await made.footage.timeline(DAY, 'main', ['cam-1']));
  t.deepEqual(drawn.cameras, [
    {
      cameraId: 'cam-1',
      serverId: 'R',
      recorded: ms([
        [0, 400, 0],
        [400, 590, 1],
        [600, 3600, 0],
      ]),
      missing: ms([[590, 600, indexOf('camera-stalled')]]),
      away: [],
    },
  ]);
  t.deepEqual(made.asked.toSorted(), ['F /timeline 200', 'H /timeline 200', 'R /timeline 200']);
  await made.footage.timeline(DAY, 'main', ['cam-1']);
  t.deepEqual(made.asked.slice(3).toSorted(), ['F /timeline 304', 'H /timeline 200', 'R /timeline 304']);
});

test('while the owner is away: what is covered, and of the rest nobody knows, by name', async (t) => {
  const made = await site();
  answersOf(made, 'R')['/timeline'] = day([[0, 400, 0]]);
  answersOf(made, 'F')['/timeline'] = day([[350, 590, 0]]);
  await made.footage.timeline(DAY, 'main', ['cam-1']);
  loses(made, 'R');
  const drawn = await made.footage.timeline(DAY, 'main', ['cam-1']);
  t.deepEqual(drawn.servers, [{ id: 'R', name: 'NAS R' }]);
  t.deepEqual(drawn.cameras[0]?.recorded, ms([[350, 590, 1]]));
  t.deepEqual(
    drawn.cameras[0]?.away,
    ms([
      [0, 350, 0],
      [590, 86_400, 0],
    ]),
  );
});

test('an owner that hangs delays nothing for longer than it may, and its last word stands', async (t) => {
  const clock = clockAfter();
  const made = await site(clock);
  answersOf(made, 'R')['/timeline'] = day([
    [0, 400, 0],
    [400, 86_400, 0],
  ]);
  answersOf(made, 'F')['/timeline'] = day([]);
  await made.footage.timeline(DAY, 'main', ['cam-1']);
  answersOf(made, 'R')['/timeline'] = 'hang';
  const began = clock.monotonic();
  const drawn = await played(clock, made.footage.timeline(DAY, 'main', ['cam-1']));
  const took = clock.monotonic() - began;
  t.true(took > 1000 && took < 8000, `${took} ms`);
  t.deepEqual(drawn.cameras[0]?.recorded, ms([[0, 86_400, 0]]));
});

test('a failover server that is away holds what it held, and that is not missing', async (t) => {
  const made = await site();
  const down: Run = [400, 600, indexOf('service-down')];
  answersOf(made, 'R')['/timeline'] = day([[0, 400, 0]], [down]);
  answersOf(made, 'F')['/timeline'] = day([[410, 590, 0]]);
  await made.footage.timeline(DAY, 'main', ['cam-1']);
  loses(made, 'F');
  const drawn = await made.footage.timeline(DAY, 'main', ['cam-1']);
  t.deepEqual(drawn.cameras[0]?.away, ms([[410, 590, 0]]));
  t.deepEqual(drawn.servers, [{ id: 'F', name: 'NAS F' }]);
  t.deepEqual(
    drawn.cameras[0]?.missing,
    ms([
      [400, 410, down[2]],
      [590, 600, down[2]],
    ]),
  );
});

test('a cause of a newer release is unexplained here, not a broken page', async (t) => {
  const made = await site();
  answersOf(made, 'R')['/timeline'] = day([], [[0, 10, 0]], ['eaten-by-the-dog']);
  const drawn = await made.footage.timeline(DAY, 'main', ['cam-1']);
  t.deepEqual(drawn.cameras[0]?.missing, ms([[0, 10, indexOf('unexplained')]]));
});

test('a camera that nobody knows is left out; one that only left footage is shown', async (t) => {
  const made = await site();
  answersOf(made, 'F')['/timeline'] = (query) => {
    const cameras = (query.get('cameras') ?? '')
      .split(',')
      .filter((id) => id === 'cam-old')
      .map((cameraId) => ({ cameraId, recorded: [[0, 10, 0]], missing: [] }));
    return { body: { dayStart: iso(0), cameras, causes: [] } };
  };
  answersOf(made, 'H')['/timeline'] = () => ({ body: { dayStart: iso(0), cameras: [], causes: [] } });
  const drawn = await made.footage.timeline(DAY, 'main', ['cam-old', 'cam-none']);
  t.deepEqual(
    drawn.cameras.map(({ cameraId, recorded }) => [cameraId, recorded]),
    [['cam-old', [[0, 10, 1]]]],
  );
});

test('playlists go over servers in time order, with urls of this box', async (t) => {
  const made = await site();
  answersOf(made, 'R')['/cameras/cam-1/recordings'] = recordings(
    [
      [0, 400],
      [600, 1200],
      [1200, 1800, 'b'],
    ],
    'R',
  );
  answersOf(made, 'F')['/cameras/cam-1/recordings'] = recordings([[350, 601, 'f']], 'F');
  const { items, away } = sitePlaylists.parse(await made.footage.playlists(KEY, HOUR));
  const search = (start: number, end: number): string =>
    new URLSearchParams({ start: iso(start), end: iso(end), stream: 'main' }).toString();
  const there = (id: string, query: string): string => `/api/v1/servers/${id}/api/cameras/cam-1/playlist.m3u8?${query}`;
  t.deepEqual(
    items.map(({ serverId, start, end, url }) => [serverId, start, end, url]),
    [
      ['R', iso(0), iso(400), there('R', search(0, 400))],
      ['F', iso(400), iso(600), there('F', search(400, 600))],
      ['R', iso(600), iso(1200), there('R', search(600, 1200))],
      ['R', iso(1200), iso(1800), there('R', search(1200, 1800))],
    ],
  );
  t.is(items[0]?.codec, 'avc1,mp4a');
  t.deepEqual(away, []);
});

test('what an owner holds that is away is not offered, and said to be away', async (t) => {
  const made = await site();
  answersOf(made, 'R')['/cameras/cam-1/recordings'] = recordings([[0, 3600]], 'R');
  answersOf(made, 'F')['/cameras/cam-1/recordings'] = recordings([[350, 600, 'f']], 'F');
  await made.footage.playlists(KEY, HOUR);
  loses(made, 'R');
  const { items, away } = await made.footage.playlists(KEY, HOUR);
  t.deepEqual(
    items.map(({ serverId, start, end }) => [serverId, start, end]),
    [['F', iso(350), iso(600)]],
  );
  const server = { id: 'R', name: 'NAS R' };
  t.deepEqual(away, [
    { start: iso(0), end: iso(350), server },
    { start: iso(600), end: iso(3600), server },
  ]);
});

test('the host plays its own footage without a way round', async (t) => {
  const made = await site();
  answersOf(made, 'H')['/cameras'] = () => ({ body: { items: [{ ...CAMERA, id: 'cam-h' }] } });
  answersOf(made, 'H')['/cameras/cam-h/recordings'] = recordings([[0, 10]], 'H');
  const { items } = await made.footage.playlists({ ...KEY, cameraId: 'cam-h' }, HOUR);
  t.true(items[0]?.url.startsWith('/api/v1/cameras/cam-h/playlist.m3u8?'));
  t.true(await made.footage.isCamera('cam-h'));
  t.false(await made.footage.isCamera('cam-none'));
});

test('a ledger accounts for every second, with who is away since when', async (t) => {
  const made = await site();
  const spans = [
    { start: iso(0), end: iso(400), state: 'recorded', recordedBy: 'R' },
    { start: iso(400), end: iso(600), state: 'missing', cause: 'service-down' },
    { start: iso(600), end: iso(3600), state: 'returned', recordedBy: 'F' },
  ];
  const totals = { recorded: 0, returned: 0, missing: 0, notExpected: 0 };
  answersOf(made, 'R')['/cameras/cam-1/ledger'] = () => ({ body: { spans, totals } });
  const held = [{ start: iso(390), end: iso(590), state: 'recorded', recordedBy: 'F' }];
  answersOf(made, 'F')['/cameras/cam-1/ledger'] = () => ({ body: { spans: held, totals } });
  const whole = siteLedger.parse(await made.footage.ledger(KEY, HOUR));
  t.deepEqual(whole.totals, { recorded: 590, covered: 190, returned: 3000, missing: 10, notExpected: 0, away: 0 });
  t.like(whole.spans[1], { start: iso(400), end: iso(590), recordedBy: 'F', covered: true });
  loses(made, 'R');
  const less = siteLedger.parse(await made.footage.ledger(KEY, HOUR));
  t.deepEqual(less.totals, { recorded: 200, covered: 200, returned: 0, missing: 0, notExpected: 0, away: 3400 });
  t.regex(less.spans[0]?.detail ?? '', /^NAS R is not connected since 2026-11-21T00:00:01/);
});
