/** Which release, and which servers it goes to. Pure. */
import type { KeptRelease, Updates } from '../../../api/updates.ts';
import type { SiteServerView } from '../../../api/site.ts';
import { isOlder } from '../../../../../src/site/version.ts';

type Server = Pick<SiteServerView, 'id' | 'name' | 'mode' | 'version'>;

/** The newest that is not older than what runs: nobody goes back. */
export const newestOf = (releases: readonly KeptRelease[]): KeptRelease | undefined =>
  releases
    .filter(({ beside }) => beside !== 'older')
    .reduce<KeptRelease | undefined>(
      (best, one) => (best === undefined || isOlder(best.version, one.version) ? one : best),
      undefined,
    );

/** Those that would get it, recording servers first: the failover servers stand in for them meanwhile. */
export const inOrder = <S extends Server>(servers: readonly S[], version: string): readonly S[] =>
  servers
    .filter((one) => one.version !== undefined && isOlder(one.version, version))
    .toSorted((one, other) => rankOf(one) - rankOf(other) || one.name.localeCompare(other.name));
const rankOf = ({ mode }: Server): number => (mode === 'failover' ? 1 : 0);

const OPEN: readonly string[] = ['waiting', 'sending', 'unpacking', 'restarting'];
/** Servers are being updated. */
export const isUnderway = ({ servers }: Pick<Updates, 'servers'>): boolean =>
  servers.some(({ phase }) => OPEN.includes(phase));

/** Settings, with these servers and no others chosen for an update. */
export const updatesPath = (serverIds: readonly string[]): string =>
  `/settings?update=${serverIds.map(encodeURIComponent).join(',')}#updates`;

/** The servers of such a path; nobody chose any: undefined. */
export const wantedIn = (search: string): readonly string[] | undefined => {
  const text = new URLSearchParams(search).get('update');
  return text === null || text === '' ? undefined : text.split(',');
};
