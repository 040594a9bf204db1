/** Releases for the mock API: one is kept; parts of another are taken; installing and fetching wait for the test. */
import type { Updates, UploadRequest } from '../../src/api/contract/updates.ts';
import type { RoomRoute } from './mock-routes.ts';

export type MockUpdates = {
  seen: Updates;
  /** What was asked of it. */
  readonly asked: unknown[];
  /** The last part is refused with this. */
  refusal: { readonly status: number; readonly code: string; readonly detail: string } | undefined;
  /** What the place that releases are fetched from has, or why it cannot be read. */
  published: Online['releases'] | string;
};
type Online = NonNullable<Updates['online']>;
export const mockUpdates = (seen: Partial<Updates> = {}): MockUpdates => ({
  seen: { version: '0.1.0', packaged: '0.1.0', releases: [], keys: ['af5c80a6a230b7be'], servers: [], ...seen },
  asked: [],
  refusal: undefined,
  published: [],
});
export const keptMock = (version: string, beside: 'newer' | 'same' = 'newer'): Updates['releases'][number] => ({
  version,
  bytes: 7_618_641,
  builtAt: '2026-11-24T00:00:00.000Z',
  beside,
});

function onlineMocks(state: MockUpdates): readonly RoomRoute[] {
  const show = (more: Partial<Online>): Updates => {
    const { problem: _problem, ...online } = state.seen.online ?? { source: '', releases: [] };
    return (state.seen = { ...state.seen, online: { ...online, ...more } });
  };
  return [
    {
      method: 'POST',
      path: /^\/updates\/online$/,
      answer: () => {
        if (typeof state.published !== 'string')
          return { body: show({ lookedAt: '2026-11-24T10:00:00.000Z', releases: state.published }) };
        show({ problem: state.published });
        const problem = { type: 'about:blank', title: 'No', code: 'updates/source', detail: state.published };
        return { status: 503, body: { ...problem, status: 503 } };
      },
    },
    {
      method: 'POST',
      path: /^\/updates\/online\/fetch$/,
      answer: ({ body }) => {
        const version = String(body['version']);
        state.asked.push(version);
        return { status: 202, body: show({ fetching: { version, received: 3_000_000, bytes: 7_618_641 } }) };
      },
    },
    {
      method: 'DELETE',
      path: /^\/updates\/online\/fetch$/,
      answer: () => {
        const { fetching: _fetching, ...online } = state.seen.online ?? { source: '', releases: [] };
        state.seen = { ...state.seen, online };
        return { status: 204 };
      },
    },
  ];
}

export function updateMocks(state: MockUpdates): readonly RoomRoute[] {
  const view = () => ({ body: state.seen });
  return [
    ...onlineMocks(state),
    { method: 'GET', path: /^\/updates$/, answer: view },
    {
      method: 'PUT',
      path: /^\/updates\/upload$/,
      answer: ({ body }) => {
        const { at, part, bytes } = body as UploadRequest;
        const received = at + Buffer.from(part, 'base64').length;
        state.asked.push({ at, received });
        if (received < bytes) return { body: { received } };
        if (state.refusal !== undefined)
          return { status: state.refusal.status, body: { type: 'about:blank', title: 'No', ...state.refusal } };
        const release = keptMock('0.2.0');
        state.seen = { ...state.seen, releases: [release] };
        return { body: { received, release } };
      },
    },
    {
      method: 'POST',
      path: /^\/updates\/install$/,
      answer: ({ body }) => {
        const version = String(body['version']);
        state.asked.push(version);
        state.seen = { ...state.seen, installing: { version, phase: 'unpacking' } };
        return { status: 202, body: state.seen };
      },
    },
    {
      method: 'DELETE',
      path: /^\/updates\/releases\/([^/]+)$/,
      answer: (_call, [version]) => {
        state.seen = { ...state.seen, releases: state.seen.releases.filter((one) => one.version !== version) };
        return { status: 204 };
      },
    },
    {
      method: 'POST',
      path: /^\/updates\/servers$/,
      answer: ({ body }) => {
        state.asked.push(body);
        const { version, serverIds } = body as { version: string; serverIds: readonly string[] };
        const servers = serverIds.map((serverId, index) => ({
          serverId,
          name: `Server ${index + 1}`,
          version,
          phase: index === 0 ? ('sending' as const) : ('waiting' as const),
          sentBytes: 40,
          bytes: 100,
        }));
        state.seen = { ...state.seen, servers };
        return { status: 202, body: state.seen };
      },
    },
    {
      method: 'DELETE',
      path: /^\/updates\/servers$/,
      answer: () => {
        const servers = state.seen.servers.map((row) =>
          row.phase === 'waiting' ? { ...row, phase: 'broken-off' as const } : row,
        );
        state.seen = { ...state.seen, servers };
        return { status: 204 };
      },
    },
  ];
}
