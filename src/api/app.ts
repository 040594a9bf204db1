/**
 * The HTTP application: middleware around the route table. Refuses foreign hosts, reads and validates, knows the caller, checks
 * role and camera, answers errors as problem+json, serves the UI for everything else.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '../core/clock.ts';
import type { Log } from '../core/log.ts';
import type { Caller } from './caller.ts';
import type { AnyRoute } from './route.ts';

export type AppDeps = {
  readonly clock: Clock;
  readonly log: Log;
  readonly routes: readonly AnyRoute[];
  /** From the raw headers; anonymous when there is no valid session or token. */
  readonly authenticate: (credentials: {
    readonly cookie: string | undefined;
    readonly authorization: string | undefined;
  }) => Promise<Caller>;
  /** Names and addresses under which this box may be reached, beside the address the connection came in on. Lower case. */
  readonly hosts: () => readonly string[];
  /** `dist/web`; undefined serves no UI. */
  readonly webRoot: string | undefined;
  /** For tests: an answer that does not fit its declared shape becomes a 500. */
  readonly validateResponses?: boolean;
};

export type App = {
  readonly request: (request: IncomingMessage, response: ServerResponse) => void;
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Uint8Array) => void;
};
export type CreateApp = (deps: AppDeps) => App;
