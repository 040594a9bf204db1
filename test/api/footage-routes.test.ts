/** Footage over HTTP, with an archive of one segment that is made up: ranges, permission, parts of files. */
import test from 'ava';
import type { ExecutionContext } from 'ava';
import type { Segment } from '../../src/archive/catalogue-types.ts';
import { segmentIdOf } from '../../src/api/playlist.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { OWNER, startApi } from '../support/api-server.ts';
import { createRandom } from '../support/seeded-random.ts';

const START = Date.UTC(2026, 10, 21, 10);
const FILE = createRandom(4).bytes(20_000);
const SEGMENT: Segment = {
  cameraId: 'cam-1',
  stream: 'main',
  start: START,
  end: START + 10_000,
  volumeId: 'vol-1',
  path: 'cam-1/main/2026-11-21/100000.000Z-6f1c2b3a-1.mp4',
  serverId: '6f1c2b3a-0000-4000-8000-00000000000a',
  epoch: 1,
  bytes: FILE.length,
  initLength: 4096,
  layoutHash: 'ab'.repeat(32),
  video: { codec: 'h264', codecString: 'avc1.64000C', width: 320, height: 180 },
  audio: undefined,
  open: false,
  firstSequence: 1,
  lastSequence: 2,
  keys: [{ start: START, end: START + 10_000, offset: 4096, length: FILE.length - 4096, sequence: 1 }],
  spans: [{ start: START, end: START + 10_000 }],
};
const iso = (offset: number): string => new Date(START + offset).toISOString();
const rangeOf = (from: number, to: number): string => `start=${iso(from)}&end=${iso(to)}`;
const ROUTES = ['recordings', 'ledger', 'playlists', 'playlist.m3u8', 'export.mp4'] as const;

async function bench(t: ExecutionContext) {
  let closed = 0;
  const api = await startApi(t, {
    footage: {
      isCamera: (id) => id === 'cam-1',
      segmentsOf: (_key, { start, end }) => (start < SEGMENT.end && end > SEGMENT.start ? [SEGMENT] : []),
      segmentAt: (volumeId, path) => (volumeId === 'vol-1' && path === SEGMENT.path ? SEGMENT : undefined),
      openSegment: async () =>
        await Promise.resolve({
          read: async (at: number, length: number) => await Promise.resolve(FILE.slice(at, at + length)),
          close: async () => void (await Promise.resolve((closed += 1))),
        }),
    },
    exports: {
      isCamera: (id) => id === 'cam-1',
      streamExport: async () =>
        await Promise.reject(
          new UnderstudyError('conflict', 'export/several-files', 'Order an export (POST /exports).'),
        ),
    },
  });
  const created = await api.call('POST', '/api/v1/setup', { body: { ...OWNER, serverName: 'Attic' } });
  const cookie = created.headers['set-cookie']?.[0]?.split(';')[0];
  const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    api.call(method, `/api/v1/cameras/${path}`, { cookie, headers });
  return { api, get, file: `cam-1/segments/${segmentIdOf(SEGMENT)}.mp4`, closed: () => closed };
}

test('ranges that are turned round, empty, too long or no times are refused on every route', async (t) => {
  const { get } = await bench(t);
  for (const name of ROUTES) {
    for (const query of [
      rangeOf(5, 0),
      rangeOf(0, 0),
      rangeOf(0, 33 * 86_400_000),
      'start=x&end=y',
      `start=${iso(0)}`,
      '',
    ]) {
      const answer = await get(`cam-1/${name}?${query}`);
      t.true([400, 422].includes(answer.status), `${name}?${query}: ${answer.status}`);
      t.is(answer.headers['content-type'], 'application/problem+json');
    }
    t.is((await get(`cam-2/${name}?${rangeOf(0, 1000)}`)).json.code, 'camera/unknown', name);
  }
});

test('without a session nothing of footage is told', async (t) => {
  const { api, file } = await bench(t);
  for (const path of [...ROUTES.map((name) => `cam-1/${name}?${rangeOf(0, 1000)}`), file])
    t.is((await api.call('GET', `/api/v1/cameras/${path}`)).status, 401, path);
});

test('a range without footage: empty lists, and no playlist', async (t) => {
  const { get } = await bench(t);
  const query = rangeOf(60_000, 70_000);
  t.deepEqual((await get(`cam-1/recordings?${query}`)).json.items, []);
  t.deepEqual((await get(`cam-1/playlists?${query}`)).json.items, []);
  t.like((await get(`cam-1/playlist.m3u8?${query}`)).json, { status: 404, code: 'footage/nothing-recorded' });
});

test('an export across a change of format is a conflict that names the way out', async (t) => {
  const { get } = await bench(t);
  const answer = await get(`cam-1/export.mp4?${rangeOf(0, 1000)}`);
  t.like(answer.json, { status: 409, code: 'export/several-files' });
  t.regex(answer.text, /POST \/exports/);
});

test('parts of a segment: whole, first and last bytes, none beyond, HEAD without a body; every file is closed', async (t) => {
  const { get, file, closed } = await bench(t);
  const whole = await get(file);
  t.is(whole.status, 200);
  t.like(whole.headers, { 'content-length': '20000', 'accept-ranges': 'bytes', 'content-type': 'video/mp4' });
  for (const [range, answer] of [
    ['bytes=0-99', 'bytes 0-99/20000'],
    ['bytes=19990-', 'bytes 19990-19999/20000'],
    ['bytes=-10', 'bytes 19990-19999/20000'],
    ['bytes=19990-99999', 'bytes 19990-19999/20000'],
  ] as const) {
    const part = await get(file, { range });
    t.is(part.status, 206, range);
    t.is(part.headers['content-range'], answer);
  }
  for (const range of ['bytes=20000-', 'bytes=-0']) {
    const none = await get(file, { range });
    t.is(none.status, 416, range);
    t.is(none.headers['content-range'], 'bytes */20000');
  }
  const head = await get(file, {}, 'HEAD');
  t.is(head.status, 200);
  t.like(head.headers, { 'content-length': '20000', 'accept-ranges': 'bytes' });
  t.is(head.text, '');
  t.true(closed() >= 5);
});

test('a segment of another camera, and ids that are none, are not there', async (t) => {
  const { get, file } = await bench(t);
  for (const path of [
    file.replace('cam-1/segments', 'cam-2/segments'),
    'cam-1/segments/x',
    'cam-1/segments/..%2f..%2fetc',
  ])
    t.is((await get(path)).status, 404, path);
});
