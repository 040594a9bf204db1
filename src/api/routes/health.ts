/** `/healthz`, `/metrics` and the OpenAPI document: for machines. */
import type { Registry } from 'prom-client';
import { z } from 'zod';
import type { Settings } from '../../settings/settings.ts';
import { HttpError } from '../problem.ts';
import { json, route } from '../route.ts';
import type { Route } from '../route.ts';

export type HealthDeps = {
  readonly settings: Pick<Settings, 'server'>;
  /** Whether the API should be sent requests; says nothing about cameras. */
  readonly isReady: () => boolean;
  /** Loaded when it is first asked for. */
  readonly metrics: () => Promise<Pick<Registry, 'metrics' | 'contentType'>>;
  /** Made from the route table. */
  readonly openApi: () => object;
};

const health = z.object({ status: z.enum(['ok', 'starting']) });

export function healthRoutes({ settings, isReady, metrics, openApi }: HealthDeps): readonly Route[] {
  return [
    route(
      {
        method: 'GET',
        path: '/healthz',
        root: true,
        summary: 'Whether the API is up: 200 or 503',
        access: 'public',
        response: { json: health },
      },
      () =>
        isReady()
          ? json({ status: 'ok' as const })
          : { kind: 'json' as const, status: 503, body: { status: 'starting' as const } },
    ),
    route(
      {
        method: 'GET',
        path: '/metrics',
        root: true,
        summary: 'Prometheus metrics; needs a token unless the owner opened them',
        access: 'public',
        response: { mediaType: 'text/plain' },
      },
      async ({ caller }) => {
        if (caller.kind === 'anonymous' && !settings.server.get().openMetrics) {
          const headers = { 'www-authenticate': 'Bearer realm="understudy"' };
          throw new HttpError(401, 'auth/required', 'Send a token, or open the metrics in the settings.', { headers });
        }
        const registry = await metrics();
        return { kind: 'bytes', body: await registry.metrics(), mediaType: registry.contentType };
      },
    ),
    route(
      {
        method: 'GET',
        path: '/openapi.json',
        summary: 'This document',
        access: 'public',
        response: { json: z.looseObject({ openapi: z.string() }) },
      },
      () => json(openApi() as { openapi: string }),
    ),
  ];
}
