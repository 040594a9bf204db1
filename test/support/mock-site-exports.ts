/** Exports at other servers of the mock's site, asked for through its host. */
import type { ExportJob } from '../../src/api/contract/footage.ts';
import type { SiteServerRef } from '../../src/api/contract/site-footage.ts';
import { mockExport } from './mock-data.ts';
import type { Call, MockState, Reply, RoomRoute } from './mock-routes.ts';

const items = (list: readonly unknown[]): Reply => ({ body: { items: list } });

/** `/exports` at another server than the one asked. */
export function exportsAt(state: MockState, server: SiteServerRef, call: Call, path: string): Reply | undefined {
  if (!path.startsWith('/exports')) return undefined;
  const jobs = state.playback.exports.get(server.id) ?? [];
  if (call.method === 'GET') return items(jobs);
  const linked = linkOf(jobs, call, path);
  if (linked !== undefined) return linked;
  if (call.method === 'DELETE') {
    state.playback.exports.set(
      server.id,
      jobs.filter(({ id }) => !path.endsWith(id)),
    );
    return { status: 204 };
  }
  const range = { start: String(call.body['start']), end: String(call.body['end']), now: Date.now() };
  const made = (call.body['cameraIds'] as string[]).map((id, index) =>
    mockExport(`exp-${server.id}-${jobs.length + index + 1}`, id, range),
  );
  state.playback.exports.set(server.id, [...made, ...jobs]);
  return { status: 201, body: { items: made } };
}

/** Of exports on this box. */
export const exportLinkMocks = (state: MockState): readonly RoomRoute[] => [
  {
    method: 'POST',
    path: /^\/exports\/[^/]+\/link$/,
    answer: (call) => linkOf(state.exports, call, call.path) ?? { status: 404 },
  },
];

/** `POST /exports/{id}/link`. */
function linkOf(jobs: readonly ExportJob[], call: Call, path: string): Reply | undefined {
  const [, id] = /^\/exports\/([^/]+)\/link$/.exec(path) ?? [];
  const job = jobs.find((one) => one.id === id);
  if (call.method !== 'POST' || job === undefined) return undefined;
  const urlOf = (part: string): string => `/api/v1/shared-exports/${job.id}/${part}?key=mwv0juo4.HGWrrACRkgXWYcEuvw2X`;
  const expiresAt = new Date(Date.now() + Number(call.body['hours']) * 3_600_000).toISOString();
  const files = job.files.map(({ name, bytes }) => ({
    name,
    bytes,
    url: urlOf('video'),
    manifestUrl: urlOf('manifest'),
  }));
  return { body: { expiresAt, files } };
}
