/** Exports at other servers of the mock's site, asked for through its host. */
import type { SiteServerRef } from '../../src/api/contract/site-footage.ts';
import { mockExport } from './mock-data.ts';
import type { Call, MockState, Reply } from './mock-routes.ts';

const items = (list: readonly unknown[]): Reply => ({ body: { items: list } });

/** `/exports` at another server than the one asked. */
export function exportsAt(state: MockState, server: SiteServerRef, call: Call, path: string): Reply | undefined {
  if (!path.startsWith('/exports')) return undefined;
  const jobs = state.playback.exports.get(server.id) ?? [];
  if (call.method === 'GET') return items(jobs);
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
