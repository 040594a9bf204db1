/** The route table as an OpenAPI 3.1 document. Pure. */
import { z } from 'zod';
import { pathOf } from './admission.ts';
import { problem } from './contract/common.ts';
import { isCarried } from './gateway-paths.ts';
import type { AnyRoute, AnyRouteSpec } from './route.ts';

type Json = Readonly<Record<string, unknown>>;

export function openApiDocument(routes: readonly AnyRoute[], version: string): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) {
    const path = pathOf(route.spec).replaceAll(/:(\w+)/g, '{$1}');
    (paths[path] ??= {})[route.spec.method.toLowerCase()] = operation(route);
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Understudy', version, description: DESCRIPTION },
    servers: [{ url: '/' }],
    paths: Object.fromEntries(Object.entries(paths).sort(([one], [other]) => (one < other ? -1 : 1))),
    components: {
      schemas: { Problem: schemaOf(problem, 'output') },
      securitySchemes: {
        session: { type: 'apiKey', in: 'cookie', name: '__Host-session' },
        token: { type: 'http', scheme: 'bearer' },
      },
    },
  };
}

const DESCRIPTION =
  'The HTTP API of one Understudy box. At the host of a site `/api/v1/servers/{id}/api/<path>` is `/api/v1/<path>` at that server, for any ' +
  'method, WebSockets too, with the account of the host: but for operations with `x-carried: false`, which answer 403 ' +
  '`gateway/not-carried`. 404 `site/unknown-server`, 503 `server/not-connected`, 429 `gateway/busy`.';

function operation({ kind, spec }: AnyRoute): Json {
  const role = spec.access === 'public' ? [] : [{ session: [] }, { token: [] }];
  const problems = Object.entries(spec.problems ?? {}).map(([status, code]) => [status, problemResponse(code)]);
  return {
    summary: spec.summary,
    operationId: operationId(spec),
    'x-role': spec.access,
    ...(kind === 'socket' ? { 'x-websocket': true } : {}),
    ...(spec.camera === undefined ? {} : { 'x-camera': spec.camera }),
    ...(isCarried(spec) ? {} : { 'x-carried': false }),
    security: role,
    parameters: [...parameters(spec.params, 'path'), ...parameters(spec.query, 'query')],
    ...(spec.body === undefined ? {} : { requestBody: requestBody(spec.body) }),
    responses: {
      [spec.response.status ?? 200]: success(spec),
      ...Object.fromEntries(problems),
      default: problemResponse('Any other problem'),
    },
  };
}

const operationId = ({ method, path }: AnyRouteSpec): string =>
  `${method.toLowerCase()}${path.replaceAll(/[^a-zA-Z0-9]+(\w?)/g, (_all, next: string) => next.toUpperCase())}`;

function parameters(schema: z.ZodObject | undefined, place: 'path' | 'query'): readonly Json[] {
  if (schema === undefined) return [];
  const { properties, required } = z
    .object({
      properties: z.record(z.string(), z.unknown()).default({}),
      required: z.array(z.string()).default([]),
    })
    .parse(schemaOf(schema, 'input'));
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: property,
  }));
}

const requestBody = (schema: z.ZodType): Json => ({
  required: true,
  content: { 'application/json': { schema: schemaOf(schema, 'input') } },
});

function success({ response }: AnyRouteSpec): Json {
  const { status = 200, json, mediaType } = response;
  const description = status === 101 ? 'WebSocket' : 'Done';
  if (mediaType !== undefined) return { description, content: { [mediaType]: {} } };
  if (json === undefined || status === 204) return { description };
  return { description, content: { 'application/json': { schema: schemaOf(json, 'output') } } };
}

const problemResponse = (description: string): Json => ({
  description,
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
});

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}
