/** Stored snapshots of the mock API, at whatever server it is asked through. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { StoredSnapshot } from '../../src/api/contract/snapshots.ts';
import { iso } from './mock-data.ts';
import type { MockState, RoomRoute } from './mock-routes.ts';

const ONE = /^\/cameras\/([^/]+)\/snapshots\/([^/]+)$/;
const SCENE = join(import.meta.dirname, '../../assets/simulator/entrance-main.264');
/** Pictures of the scene that its simulated camera shows, made when first asked for. */
const pictures = new Map<number, Buffer>();
function pictureOf(id: string): Buffer {
  const frame = Number(id.slice(0, 13)) % 200;
  const known = pictures.get(frame);
  if (known !== undefined) return known;
  const wanted = ['-vf', `select=eq(n\\,${frame})`, '-frames:v', '1', '-f', 'mjpeg', '-'];
  const made = execFileSync('ffmpeg', ['-nostdin', '-v', 'error', '-i', SCENE, ...wanted]);
  pictures.set(frame, made);
  return made;
}

/** Of the first camera: one of today, one that a failover server keeps. */
export const mockSnapshots = (began: number): StoredSnapshot[] => [
  { ...made('cam-1', began - 600_000), note: 'Courier at the door' },
  {
    ...made('cam-1', began - 90_000_000),
    takenBy: { serverId: 'srv-3', name: 'Spare-NAS' },
    keptBy: { serverId: 'srv-3', name: 'Spare-NAS' },
  },
];

function made(cameraId: string, at: number): StoredSnapshot {
  const sha256 = at.toString(16).padStart(64, '0');
  const takenBy = { serverId: 'srv-1', name: 'Hall-NAS' };
  const mediaType = 'image/jpeg';
  return {
    id: `${at}-${sha256}`,
    cameraId,
    stream: 'main',
    at: iso(at),
    mediaType,
    bytes: 48_000,
    sha256,
    user: 'anna',
    takenBy,
  };
}

export const snapshotMocks = (state: MockState): readonly RoomRoute[] => [
  {
    method: 'GET',
    path: /^\/cameras\/([^/]+)\/snapshots$/,
    answer: (_call, [id]) => ({
      body: { items: state.snapshots.filter(({ cameraId }) => cameraId === id), away: [] },
    }),
  },
  {
    method: 'GET',
    path: ONE,
    answer: (_call, [, id = '']) => ({ file: { type: 'image/jpeg', bytes: pictureOf(id) } }),
  },
  {
    method: 'POST',
    path: /^\/site\/cameras\/([^/]+)\/snapshots$/,
    answer: ({ body }, [id = '']) => {
      const note = typeof body['note'] === 'string' ? { note: body['note'] } : {};
      const one = { ...made(id, Date.now()), ...note };
      state.snapshots.unshift(one);
      return { status: 201, body: one };
    },
  },
  {
    method: 'DELETE',
    path: ONE,
    answer: (_call, [, id]) => {
      state.snapshots = state.snapshots.filter((one) => one.id !== id);
      return { status: 204 };
    },
  },
];
