/** What the owner allows, and the certificate, for the mock API. */
import { FINGERPRINT } from './mock-data.ts';
import type { RoomRoute } from './mock-routes.ts';
import type { MockUpdates } from './mock-updates.ts';

export function settingsMocks(updates: MockUpdates): readonly RoomRoute[] {
  let options: Record<string, unknown> = {
    allowedHosts: ['cams.example.lan'],
    allowLoopbackCameras: false,
    openMetrics: false,
    managed: 'allowed',
  };
  return [
    { method: 'GET', path: /^\/server\/settings$/, answer: () => ({ body: options }) },
    {
      method: 'PATCH',
      path: /^\/server\/settings$/,
      answer: ({ body }) => {
        options = { ...options, ...body };
        const { releaseSource: source } = body;
        if (typeof source === 'string') updates.seen = { ...updates.seen, online: { source, releases: [] } };
        return { body: options };
      },
    },
    { method: 'GET', path: /^\/server\/certificate$/, answer: () => ({ body: { certificate: FINGERPRINT } }) },
  ];
}
