/**
 * `understudy events`: what happens at a server, as it happens, until it is stopped; at a host also what its servers tell.
 * Belongs here: following. Does not: what has happened (log.ts).
 */
import type { Command } from 'commander';
import type { LiveEvent, liveEvent } from '../api/contract/events.ts';
import { isoOf, systemClock } from '../core/clock.ts';
import { assertNever, UnderstudyError } from '../core/errors.ts';
import type { z } from 'zod';
import type { ApiClient } from './api-client.ts';
import { cameraMeant, cameraNamesOf } from './camera-names.ts';
import { knownServersOf } from './find-server.ts';
import { apiOf, withServerOptions, wrongUse } from './server-options.ts';
import type { ServerOptions } from './server-options.ts';
import { print, printJson } from './text-output.ts';

type Kind = z.infer<typeof liveEvent>['kind'];
/** Those that a script may wait for; `recorded` comes each second and camera, and only if it is asked for. */
const KINDS = {
  log: true,
  camera: true,
  cameras: true,
  recorded: false,
  ledger: true,
  volume: true,
  export: true,
  server: true,
  incident: true,
  'signed-out': true,
} as const satisfies Record<Kind, boolean>;
const ALL = Object.keys(KINDS);
type Options = ServerOptions & {
  readonly kind?: readonly string[];
  readonly camera?: string;
  readonly count?: string;
  readonly seconds?: string;
};
/** Of one event. */
const MAX_CHARACTERS = 64 * 1024;

export function registerEvents(program: Command): void {
  withServerOptions(
    program
      .command('events')
      .description('what happens at a server, as it happens, until it is stopped; exit 1 if the server ends it')
      .option('--kind <kind...>', `only these: ${ALL.join(', ')}; without it all but recorded`)
      .option('--camera <camera>', 'only what is about this camera, by name or id')
      .option('--count <n>', 'stop after so many')
      .option('--seconds <n>', 'stop after so long'),
    'A line each; with --json one JSON document a line. What has happened before: understudy log.',
  ).action(events);
}

async function events(options: Options): Promise<void> {
  const kinds = kindsIn(options.kind);
  const count = options.count === undefined ? Infinity : wholeIn(options.count, '--count');
  const limit = options.seconds === undefined ? undefined : wholeIn(options.seconds, '--seconds');
  const api = await apiOf('events', options);
  const cameraId = options.camera === undefined ? undefined : await cameraMeant(api, options.camera);
  const wordsOf = options.json === true ? undefined : await namerOf(api);
  const isWanted = (event: LiveEvent): boolean =>
    kinds.has(event.kind) && (cameraId === undefined || cameraOf(event) === cameraId);
  const show = (event: LiveEvent): void =>
    wordsOf === undefined ? printJson(event) : print(`${isoOf(systemClock.now())}  ${wordsOf(event)}`);
  const stop = limit === undefined ? undefined : AbortSignal.timeout(limit * 1000);
  await follow(api, { count, isWanted, show, stop }).catch((error: unknown) => {
    if (stop?.aborted !== true) throw error;
  });
}

type Following = {
  readonly count: number;
  readonly isWanted: (event: LiveEvent) => boolean;
  readonly show: (event: LiveEvent) => void;
  readonly stop: AbortSignal | undefined;
};
/** @throws cli/events-ended */
async function follow(api: ApiClient, { count, isWanted, show, stop }: Following): Promise<void> {
  let shown = 0;
  for await (const event of eventsOf(await api.stream('/events', stop))) {
    if (isWanted(event)) {
      show(event);
      shown += 1;
    }
    if (shown >= count) return;
    if (event.kind === 'signed-out') break;
  }
  throw new UnderstudyError(
    'unavailable',
    'cli/events-ended',
    'The server ended the events: it stops, or the token is no longer valid.',
  );
}

/** Server-sent events (WHATWG HTML §9.2), of which each has one line of data. @throws cli/events-ended */
async function* eventsOf(stream: AsyncIterable<Buffer>): AsyncGenerator<LiveEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const bytes of stream) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_CHARACTERS)
      throw new UnderstudyError('protocol', 'cli/events-ended', 'An event is longer than it may be.');
    for (const line of lines) if (line.startsWith('data: ')) yield JSON.parse(line.slice('data: '.length)) as LiveEvent;
  }
}

/** @throws cli/usage */
function kindsIn(asked: readonly string[] | undefined): ReadonlySet<string> {
  const unknown = asked?.find((kind) => !ALL.includes(kind));
  if (unknown !== undefined) throw wrongUse(`--kind takes ${ALL.join(', ')}, not ${unknown}`);
  return new Set(asked ?? Object.entries(KINDS).flatMap(([kind, isUsual]) => (isUsual ? [kind] : [])));
}

/** @throws cli/usage */
function wholeIn(text: string, option: string): number {
  if (/^[1-9]\d{0,6}$/.test(text)) return Number(text);
  throw wrongUse(`${option} takes a whole number from 1 on, not ${text}`);
}

const cameraOf = (event: LiveEvent): string | undefined =>
  event.kind === 'log' ? event.entry.cameraId : 'cameraId' in event ? event.cameraId : undefined;

async function namerOf(api: ApiClient): Promise<(event: LiveEvent) => string> {
  const cameras = await cameraNamesOf(api);
  const servers = new Map((await knownServersOf(api).catch(() => [])).map(({ id, name }) => [id, name]));
  return (event) => {
    const at = event.serverId === undefined ? '' : `${servers.get(event.serverId) ?? event.serverId}: `;
    return `${at}${event.kind}  ${wordsOf(event, (id) => cameras.get(id) ?? id)}`.trimEnd();
  };
}

function wordsOf(event: LiveEvent, nameOf: (cameraId: string) => string): string {
  switch (event.kind) {
    case 'log': {
      const { severity, code, message, cameraId } = event.entry;
      return `${severity}  ${code}  ${cameraId === undefined ? '' : `${nameOf(cameraId)}: `}${message}`;
    }
    case 'camera':
      return `${nameOf(event.cameraId)} changed`;
    case 'recorded':
      return `${nameOf(event.cameraId)}/${event.stream}  ${event.start} to ${event.end}`;
    case 'ledger':
      return `a gap of ${nameOf(event.cameraId)} was booked`;
    case 'volume':
      return `${event.volumeId} changed`;
    case 'export':
      return `${event.exportId} changed`;
    case 'incident':
      return `${event.protected.name} by ${event.by.name}: ${event.news}, ${event.missingSeconds} s missing, ${event.files} files home  ${event.incidentId}`;
    case 'signed-out':
      return event.reason;
    case 'cameras':
      return 'the list of cameras changed';
    case 'server':
      return 'the server changed';
    default:
      return assertNever(event);
  }
}
