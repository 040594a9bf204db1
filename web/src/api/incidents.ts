/** Incidents of the site: each failover server has those that it covered; they are asked at once and put into one list. */
import type { RestorationView, KnownServer } from '../../../src/api/contract/failover.ts';
import type { Incident, IncidentReport } from '../../../src/api/contract/incidents.ts';
import type { SiteServerView } from '../../../src/api/contract/site.ts';
import { server } from '../app/stores.ts';
import { ApiError, get } from './client.ts';
import { serverPath } from './server-path.ts';

export type { Incident, IncidentReport } from '../../../src/api/contract/incidents.ts';
export type Statement = IncidentReport['sentence'][number];
export type Step = IncidentReport['steps'][number];
export type StreamReport = IncidentReport['streams'][number];
export type Part = StreamReport['coverage'][number];

/** `at`: the server that is asked for its report. */
export type Listed = Incident & { readonly at: string };
/** Has incidents that this list lacks. */
export type Absent = { readonly name: string; readonly message: string | undefined };
export type IncidentList = {
  readonly items: readonly Listed[];
  readonly absent: readonly Absent[];
  /** Servers that protect this box, by name. */
  readonly protectors: readonly string[];
};
type Items<T> = { readonly items: readonly T[] };

const listOf = async (serverId: string, abort: AbortSignal): Promise<readonly Listed[]> => {
  const { items } = await get<Items<Incident>>(serverPath(serverId, '/incidents?limit=1000'), abort);
  return items.map((incident) => ({ ...incident, at: serverId }));
};

export async function allIncidents(abort: AbortSignal): Promise<IncidentList> {
  const self = server.peek();
  const [own, { items: others }, spares] = await Promise.all([
    listOf(self?.id ?? '', abort),
    get<Items<KnownServer>>('/servers?limit=1000', abort),
    self?.mode === 'host' ? sparesOf(self.id, abort) : [],
  ]);
  const answers = await Promise.all(spares.filter(isThere).map((one) => askedOf(one, abort)));
  const watchers = others.filter(({ watcher }) => watcher);
  const away = [...spares.filter((one) => !isThere(one)), ...watchers.filter(({ connected }) => !connected)];
  const known = new Map([...own, ...answers.flatMap(({ items }) => items)].map((one) => [one.id, one]));
  return {
    items: [...known.values()].sort((a, b) => b.startedAt.localeCompare(a.startedAt)),
    absent: [
      ...[...new Set(away.map(({ name }) => name))].map((name) => ({ name, message: undefined })),
      ...answers.flatMap(({ absent }) => absent ?? []),
    ],
    protectors: watchers.map(({ name }) => name),
  };
}

/** The failover servers of the site that this host may ask. */
async function sparesOf(selfId: string, abort: AbortSignal): Promise<readonly SiteServerView[]> {
  const { items } = await get<Items<SiteServerView>>('/site/status?limit=1000', abort);
  return items.filter(({ id, mode, enabled }) => mode === 'failover' && enabled && id !== selfId);
}
const isThere = ({ state }: SiteServerView): boolean => state !== 'offline' && state !== 'detach-pending';

type Answer = { readonly items: readonly Listed[]; readonly absent?: Absent };
async function askedOf({ id, name }: SiteServerView, abort: AbortSignal): Promise<Answer> {
  try {
    return { items: await listOf(id, abort) };
  } catch (error) {
    if (abort.aborted || !(error instanceof ApiError) || error.problem.code === 'unreachable') throw error;
    return { items: [], absent: { name, message: error.message } };
  }
}

export const incidentReport = (at: string, id: string, abort: AbortSignal): Promise<IncidentReport> =>
  get(serverPath(at, `/incidents/${encodeURIComponent(id)}/report`), abort);

/** Footage on its way to the server of an incident. */
export async function comingHome(
  at: string,
  { serverId }: Pick<IncidentReport, 'serverId'>,
  abort: AbortSignal,
): Promise<RestorationView | undefined> {
  const { items } = await get<Items<RestorationView>>(serverPath(at, '/failover/restorations?limit=1000'), abort);
  return items.find((one) => one.serverId === serverId && (one.state === 'running' || one.state === 'waiting'));
}
