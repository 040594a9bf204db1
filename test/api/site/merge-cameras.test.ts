import test from 'ava';
import type { Camera } from '../../../src/api/contract/cameras.ts';
import { siteCamera } from '../../../src/api/contract/site-footage.ts';
import type { SiteCamera } from '../../../src/api/contract/site-footage.ts';
import { mergeCameras, STALE_AFTER_MS } from '../../../src/api/site/merge-cameras.ts';
import type { CameraFacts } from '../../../src/api/site/merge-cameras.ts';
import type { SiteServer } from '../../../src/api/site/site-servers.ts';
import { cameraOf } from '../../support/memory-settings.ts';

const NOW = Date.UTC(2026, 10, 22, 12);
const server = (id: string, more: Partial<SiteServer> = {}): SiteServer => ({
  id,
  name: `NAS ${id}`,
  isFailover: false,
  isReachable: true,
  awaySince: undefined,
  ...more,
});
const away = (id: string): SiteServer => server(id, { isReachable: false, awaySince: NOW - 60_000 });
const told = (id: string, more: Partial<Camera> = {}): Camera => ({
  ...cameraOf(id),
  state: 'recording',
  streams: [],
  footageBytes: 7,
  ...more,
});
const forR = { coveredFor: { serverId: 'R', name: 'NAS R' } };
type Lists = Readonly<Record<string, readonly Camera[]>>;
function merged(servers: readonly SiteServer[], lists: Lists, more: Partial<CameraFacts> = {}): readonly SiteCamera[] {
  const toldBy = (id: string) => (lists[id] === undefined ? undefined : { cameras: lists[id], at: NOW - 100 });
  const facts = { servers, toldBy, covers: [], linkOf: () => ({ isReachable: false, awaySince: undefined }), now: NOW };
  const cameras = mergeCameras({ ...facts, ...more });
  for (const camera of cameras) siteCamera.parse(camera);
  return cameras;
}
const coverOf = (cameraId: string): CameraFacts['covers'] => [
  { by: { id: 'F', name: 'NAS F' }, cameraId, isRecording: true },
];

test('each camera once, at its owner, in the order of the servers', (t) => {
  const cameras = merged([server('H'), server('R'), server('F', { isFailover: true })], {
    H: [told('cam-h')],
    R: [told('cam-1'), told('cam-2')],
    F: [told('cam-2', { ...forR, state: 'failed' })],
  });
  t.deepEqual(
    cameras.map(({ id, server: owner, state }) => [id, owner.name, state]),
    [
      ['cam-h', 'NAS H', 'recording'],
      ['cam-1', 'NAS R', 'recording'],
      ['cam-2', 'NAS R', 'recording'],
    ],
  );
  t.true(cameras.every((one) => !('coveredFor' in one) && one.coveredBy === undefined && one.asOf === undefined));
});

test('covered, a camera has the state of who records it, and its own settings', (t) => {
  const frame = '2026-11-22T11:59:59.000Z';
  const [camera] = merged(
    [server('H'), away('R'), server('F', { isFailover: true })],
    {
      R: [told('cam-1', { name: 'Door', state: 'failed', lastFrameAt: '2026-11-22T11:00:00.000Z', footageBytes: 99 })],
      F: [told('cam-1', { ...forR, name: 'Old name', lastFrameAt: frame })],
    },
    { covers: coverOf('cam-1') },
  );
  t.like(camera, {
    name: 'Door',
    state: 'recording',
    lastFrameAt: frame,
    footageBytes: 99,
    serverConnected: false,
    serverAwaySince: '2026-11-22T11:59:00.000Z',
    coveredBy: { id: 'F', name: 'NAS F' },
  });
  t.is(camera?.asOf, undefined, 'it is known now');
});

test('of a server that is away, and that nobody covers, the last word is shown with its time', (t) => {
  const [camera] = merged([server('H'), away('R')], { H: [], R: [told('cam-1')] });
  t.like(camera, { serverConnected: false, asOf: new Date(NOW - 100).toISOString() });
  t.is(camera?.coveredBy, undefined);
});

test('a host that was just started knows the cameras of a dead server from who covers them', (t) => {
  const cameras = merged(
    [server('H'), away('R'), server('F', { isFailover: true })],
    { H: [], F: [told('cam-1', forR)] },
    { covers: coverOf('cam-1') },
  );
  t.is(cameras.length, 1);
  t.like(cameras[0], { server: { id: 'R', name: 'NAS R' }, coveredBy: { id: 'F', name: 'NAS F' }, state: 'recording' });
});

test('a failover server that is no host shows what it covers as that of its owner', (t) => {
  const [camera] = merged(
    [server('F', { isFailover: true })],
    { F: [told('cam-1', forR)] },
    { covers: coverOf('cam-1'), linkOf: () => ({ isReachable: false, awaySince: NOW - 5000 }) },
  );
  t.like(camera, {
    server: { id: 'R', name: 'NAS R' },
    serverConnected: false,
    serverAwaySince: new Date(NOW - 5000).toISOString(),
    coveredBy: { id: 'F', name: 'NAS F' },
  });
});

test('one that is connected and silent is as of when it last spoke', (t) => {
  const toldBy = (id: string) =>
    id === 'R' ? { cameras: [told('cam-1')], at: NOW - STALE_AFTER_MS } : { cameras: [], at: NOW };
  const [camera] = merged([server('H'), server('R')], {}, { toldBy });
  t.like(camera, { serverConnected: true, asOf: new Date(NOW - STALE_AFTER_MS).toISOString() });
});

test('200 servers of 64 cameras are put together in a moment', (t) => {
  const servers = Array.from({ length: 200 }, (_, index) => server(`S${index}`));
  const lists = new Map(
    servers.map(({ id }) => [id, Array.from({ length: 64 }, (_, index) => told(`cam-${id.toLowerCase()}-${index}`))]),
  );
  const facts: CameraFacts = {
    servers,
    toldBy: (id) => ({ cameras: lists.get(id) ?? [], at: NOW }),
    covers: [],
    linkOf: () => ({ isReachable: true, awaySince: undefined }),
    now: NOW,
  };
  const times = Array.from({ length: 8 }, () => {
    const began = performance.now();
    t.is(mergeCameras(facts).length, 12_800);
    return performance.now() - began;
  });
  // The best of some: the machine may be busy with something else.
  const took = Math.min(...times);
  t.log(`${took.toFixed(1)} ms`);
  t.true(took < 200);
});

test('no server makes a camera of another one its own', (t) => {
  const lists = { H: [], S: [told('cam-1'), told('cam-s')], R: [told('cam-1', { name: 'Door' })] };
  const servers = [server('H'), server('S'), server('R')];
  const [camera] = merged(servers, lists, { ownerBefore: (id) => (id === 'cam-1' ? 'R' : undefined) });
  t.like(camera, { id: 'cam-1', name: 'Door', server: { id: 'R' } });
  const others = merged(servers, { ...lists, R: [] }, { ownerBefore: () => 'R' });
  t.like(others[0], { id: 'cam-1', server: { id: 'S' } }, 'it has it no more');
});

test('who is no failover server covers nobody, whatever it says', (t) => {
  const [first, ...more] = merged([server('H'), away('R'), server('S')], { H: [], S: [told('cam-1', forR)] });
  t.is(first, undefined);
  t.is(more.length, 0);
});
