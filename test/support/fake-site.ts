/** A host whose members are functions: what each answers to a path, or that it hangs. For tests of the site's views. */
import { Readable } from 'node:stream';
import { createAsking } from '../../src/api/site/asking.ts';
import type { Asking } from '../../src/api/site/asking.ts';
import { createSiteCameras } from '../../src/api/site/site-cameras.ts';
import type { SiteCameras } from '../../src/api/site/site-cameras.ts';
import { createSiteFootage } from '../../src/api/site/site-footage.ts';
import type { SiteFootage } from '../../src/api/site/site-footage.ts';
import type { SiteCover, SiteServers } from '../../src/api/site/site-servers.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { Clock } from '../../src/core/clock.ts';
import { UnderstudyError } from '../../src/core/errors.ts';
import { silentLog } from '../../src/core/log.ts';
import type { FakeClock } from './fake-clock.ts';

export type FakeAnswer = { readonly status?: number; readonly body: unknown; readonly etag?: string };
export type FakeMember = {
  isFailover?: boolean;
  isReachable: boolean;
  awaySince?: number;
  /** Made through the host. */
  changes?: number;
  /** By path without its query; absent: 404. `'hang'`: never. */
  readonly answers: Record<string, ((query: URLSearchParams) => FakeAnswer) | 'hang' | undefined>;
};
export type FakeSite = {
  readonly servers: SiteServers;
  readonly members: Record<string, FakeMember>;
  /** `R GET /cameras 304`, in order. */
  readonly asked: string[];
  readonly covers: SiteCover[];
  readonly asking: Asking;
  readonly cameras: SiteCameras;
  readonly footage: SiteFootage;
};

/** The first is the host itself. */
export function fakeSite(members: Record<string, FakeMember>, clock: Clock = systemClock): FakeSite {
  const [ownId = 'H'] = Object.keys(members);
  const asked: string[] = [];
  const covers: SiteCover[] = [];
  const of = (id: string): FakeMember => {
    const member = members[id];
    if (member?.isReachable !== true)
      throw new UnderstudyError('unavailable', 'server/not-connected', `${id} is away.`);
    return member;
  };
  const request: SiteServers['gateway']['request'] = async (id, { path, headers = {}, signal }) => {
    const { pathname, searchParams } = new URL(path, 'https://host');
    const answer = of(id).answers[pathname];
    if (answer === 'hang') {
      asked.push(`${id} ${pathname} hangs`);
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
    }
    const {
      status = 200,
      body,
      etag,
    } = typeof answer === 'function' ? answer(searchParams) : { status: 404, body: {} };
    const isSame = etag !== undefined && headers['if-none-match'] === etag;
    asked.push(`${id} ${pathname} ${isSame ? 304 : status}`);
    return {
      status: isSame ? 304 : status,
      headers: etag === undefined ? {} : { etag },
      body: Readable.from(isSame ? [] : [Buffer.from(JSON.stringify(body))]),
    };
  };
  const servers: SiteServers = {
    ownId: () => ownId,
    isHost: () => true,
    all: () =>
      Object.entries(members).map(([id, { isFailover = false, isReachable, awaySince }]) => ({
        id,
        name: `NAS ${id}`,
        isFailover,
        isReachable,
        awaySince,
      })),
    covers: () => covers.filter(({ by }) => members[by.id]?.isReachable === true),
    linkOf: () => ({ isReachable: false, awaySince: undefined }),
    changesAt: (id) => members[id]?.changes ?? 0,
    gateway: {
      request,
      socket: async () => await Promise.reject(new UnderstudyError('unsupported', 'test/socket', 'No sockets here.')),
    },
  };
  const own = async (path: string, _caller: unknown, signal: AbortSignal): Promise<unknown> => {
    const caller = { id: 'x', name: 'x', role: 'viewer', cameraIds: undefined } as const;
    const answer = await request(ownId, { method: 'GET', path, caller, signal });
    if (answer.status === 404) throw new UnderstudyError('not-found', 'camera/unknown', 'Not here.');
    return JSON.parse(Buffer.concat(await answer.body.toArray()).toString());
  };
  const parts = { servers, clock, log: silentLog };
  const asking = createAsking({ ...parts, own });
  const cameras = createSiteCameras({ ...parts, asking });
  const footage = createSiteFootage({ ...parts, asking, cameras });
  return { servers, members, asked, covers, asking, cameras, footage };
}

const STEP_MS = 50;
/** Lets time pass until `work` is done. Whoever answers at once does so before any of it passes. */
export async function played<T>(clock: FakeClock, work: Promise<T>): Promise<T> {
  const state = { isDone: false };
  const ended = (): void => void (state.isDone = true);
  work.then(ended, ended);
  for (;;) {
    await new Promise((resolve) => setImmediate(resolve));
    if (state.isDone) return await work;
    await clock.advance(STEP_MS);
  }
}
